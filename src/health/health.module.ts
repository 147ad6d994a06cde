import { Module } from '@nestjs/common';
import { SealingStateStore } from '../ledger/sealing-state';
import { HealthController } from './health.controller';

@Module({ controllers: [HealthController], providers: [SealingStateStore] })
export class HealthModule {}
