import { Module } from '@nestjs/common';
import { BreachDesk } from './breach-desk';
import { ConsentLedger } from './consent-ledger';
import { RequestRegister } from './request-register';

const readers = [BreachDesk, ConsentLedger, RequestRegister];

/** The reading side of the registers, for the API and for workers that judge and report. Needs ClickHouse only. */
@Module({ providers: readers, exports: readers })
export class RegisterCoreModule {}
