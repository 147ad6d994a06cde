import { DynamicModule, Global, Module } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ZodValidationPipe } from 'nestjs-zod';
import { AccessModule } from './access/access.module';
import { AlertsModule, AlertWorkModule } from './alerts/alerts.module';
import { ChannelsModule, ChannelWorkModule } from './channels/channels.module';
import { ClickHouseModule } from './clickhouse/clickhouse.module';
import { Clock, SystemClock } from './common/clock';
import { ComplianceModule } from './compliance/compliance.module';
import { Config, CONFIG } from './config/config';
import { ConsoleModule } from './console/console.module';
import { DeadLettersModule } from './dead-letters/dead-letters.module';
import { HealthModule } from './health/health.module';
import { MetricSamplingModule, MetricsModule } from './health/metrics.module';
import { IngestModule } from './ingest/ingest.module';
import { KeyAdminModule, KeyWorkModule } from './keys/key-admin.modules';
import { KeyStoreModule } from './keys/key-store.module';
import { KeysModule } from './keys/keys.module';
import { SelfAuditModule } from './ingest/self-audit.module';
import { PrivacyWorkModule } from './privacy/privacy-work.module';
import { PrivacyModule } from './privacy/privacy.module';
import { LedgerModule } from './ledger/ledger.module';
import { SealingModule } from './ledger/sealing.module';
import { VerifyModule, VerifyWorkModule } from './ledger/verify.module';
import { RedisModule } from './redis/redis.module';
import { RegistersModule } from './registers/registers.module';
import { LiveRulesModule } from './rules/live-rules.module';
import { ReportsModule, ReportWorkModule } from './reports/reports.module';
import { RulesModule } from './rules/rules.module';
import { SearchModule } from './search/search.module';
import { StatisticsModule } from './statistics/statistics.module';
import { StatisticsWorkModule } from './statistics/statistics-work.module';
import { WriterModule } from './writer/writer.module';

@Global()
@Module({})
class FoundationModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: FoundationModule,
      imports: [ClickHouseModule, RedisModule, KeysModule, KeyStoreModule, ScheduleModule.forRoot()],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [CONFIG, Clock],
    };
  }
}

/** Everything that answers HTTP. */
@Module({})
export class ApiModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        FoundationModule.forRoot(config),
        MetricsModule,
        AccessModule,
        ConsoleModule,
        IngestModule,
        SearchModule,
        PrivacyModule,
        KeyAdminModule,
        RulesModule,
        LedgerModule,
        VerifyModule,
        ChannelsModule,
        AlertsModule,
        DeadLettersModule,
        StatisticsModule,
        RegistersModule,
        ComplianceModule,
        ReportsModule,
        HealthModule,
      ],
      providers: [{ provide: APP_PIPE, useClass: ZodValidationPipe }],
    };
  }
}

/** Everything that works in the background. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        FoundationModule.forRoot(config),
        MetricsModule,
        SelfAuditModule,
        KeyWorkModule,
        WriterModule,
        SealingModule,
        VerifyWorkModule,
        PrivacyWorkModule,
        AlertWorkModule,
        ChannelWorkModule,
        LiveRulesModule,
        StatisticsWorkModule,
        MetricSamplingModule,
        ReportWorkModule,
      ],
    };
  }
}
