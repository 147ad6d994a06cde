import { Module } from '@nestjs/common';
import { PlainIds } from '../search/plain-ids';
import { SearchStore } from '../search/search-store';
import { SubjectLookup } from '../search/subject-lookup';
import { ActivityRegister } from './activity-register';
import { BreachDesk } from './breach-desk';
import { ConsentLedger } from './consent-ledger';
import { PeopleRegister } from './people-register';
import { RequestRegister } from './request-register';

const readers = [ActivityRegister, BreachDesk, ConsentLedger, PeopleRegister, RequestRegister];

/** The reading side of the registers, for the API and for workers that judge and report. */
@Module({ providers: [SearchStore, PlainIds, SubjectLookup, ...readers], exports: readers })
export class RegisterCoreModule {}
