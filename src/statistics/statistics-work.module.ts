import { Module } from '@nestjs/common';
import { RollUp } from './roll-up';
import { RollUpState } from './roll-up-state';
import { RollUpService } from './roll-up.service';
import { RollupStore } from './rollup-store';

/** Counts events into the rollups that statistics are read from. */
@Module({ providers: [RollupStore, RollUpState, RollUp, RollUpService] })
export class StatisticsWorkModule {}
