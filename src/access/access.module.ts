import { Global, Module, OnModuleInit } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Interval } from '@nestjs/schedule';
import { Logger } from '@nestjs/common';
import { AccessGuard } from './access.guard';
import { ApiKeyCache } from './api-key-cache';
import { ApiKeysController } from './api-keys.controller';
import { ApiKeysService } from './api-keys.service';
import { Sessions } from './sessions';
import { Standing } from './standing';

/** API keys and the guard over every route. */
@Global()
@Module({
  controllers: [ApiKeysController],
  providers: [ApiKeyCache, ApiKeysService, Sessions, Standing, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [ApiKeyCache, ApiKeysService, Sessions, Standing],
})
export class AccessModule implements OnModuleInit {
  private readonly log = new Logger('Access');

  constructor(private readonly apiKeys: ApiKeysService) {}

  /** A Redis that was replaced gets its keys back. */
  @Interval(30_000)
  async onModuleInit(): Promise<void> {
    await this.apiKeys
      .project()
      .catch((error: Error) => this.log.warn(`API keys could not be projected: ${error.message}`));
  }
}
