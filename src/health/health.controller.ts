import { ClickHouseClient } from '@clickhouse/client';
import { Controller, Get, Header, HttpStatus, Inject, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Redis } from 'ioredis';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Public, Requires } from '../access/principal';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { VERSION } from '../common/version';
import { Config, CONFIG } from '../config/config';
import { protectionWarnings } from '../keys/protection';
import { SealingState, SealingStateStore } from '../ledger/sealing-state';
import { REDIS } from '../redis/redis.module';
import { Metrics } from './metrics';
import { PipelineStateReader } from './pipeline-state';

const dependency = z.object({
  status: z.enum(['up', 'down']),
  latencyMs: z.number().nullable().describe('time of one round trip, or null when down'),
  detail: z.string().optional(),
});
const health = z.object({
  status: z
    .enum(['ok', 'degraded', 'down'])
    .describe(
      'degraded: events are accepted, but wait, cannot be searched or are not sealed; down: events are refused',
    ),
  version: z.string().meta({ example: '0.1.0' }),
  uptimeSeconds: z.number(),
  dependencies: z.object({ redis: dependency, clickhouse: dependency, worker: dependency }),
  pipeline: z
    .object({ waiting: z.number(), oldestWaitingMs: z.number(), unaccounted: z.number() })
    .nullable()
    .describe('null while Redis is down'),
  warnings: z
    .array(z.string())
    .describe('protections that are switched off, and witnesses that take no checkpoints; empty when all is well'),
  ledger: z
    .object({
      lagMs: z
        .number()
        .describe('age of the oldest stored events that no checkpoint covers yet; 0 when there are none'),
      halted: z.number().describe('ledgers that are not sealed because of a contradiction: call an operator'),
    })
    .nullable()
    .describe('null before anything was sealed, and while Redis is down'),
});
export class Health extends createZodDto(health) {}
export class Alive extends createZodDto(z.object({ status: z.literal('ok') })) {}

const PROBE_MS = 2000;
/** Events are sealed within five seconds; what is older than this waits for something. */
const LATE_MS = 30_000;

/** What the parts being up or down means for a sender. Pure. */
export function judge(
  up: { redis: boolean; clickhouse: boolean; worker: boolean },
  ledger: Health['ledger'],
): Health['status'] {
  if (!up.redis) return 'down';
  const sealed = ledger === null || (ledger.halted === 0 && ledger.lagMs < LATE_MS);
  return up.clickhouse && up.worker && sealed ? 'ok' : 'degraded';
}

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly metrics: Metrics,
    private readonly pipeline: PipelineStateReader,
    @Inject(CONFIG) private readonly config: Config,
    private readonly sealing: SealingStateStore,
  ) {}

  @Get('audit/api/health')
  @Public()
  @ApiOperation({ summary: 'The state of the system and of what it depends on' })
  @ApiOkResponse({ type: Health, description: 'ok or degraded: events are accepted' })
  @ApiServiceUnavailableResponse({ type: Health, description: 'down: events are refused' })
  async health(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const [redis, clickhouse, worker, pipeline, sealing] = await Promise.all([
      probe(async () => void (await this.redis.ping())),
      probe(async () => {
        const { success } = await this.clickhouse.ping({ select: true });
        if (!success) throw new Error('does not answer');
      }),
      probe(async () => {
        const names = await this.metrics.processes();
        if (!names.some((name) => name.startsWith('worker/'))) throw new Error('no worker has reported for 30 seconds');
      }),
      this.pipeline.read().catch(() => null),
      this.sealing.read().catch(() => undefined),
    ]);
    const ledger = sealing ? { lagMs: sealing.lagMs, halted: Object.keys(sealing.halted).length } : null;
    const up = {
      redis: redis.status === 'up',
      clickhouse: clickhouse.status === 'up',
      worker: worker.status === 'up',
    };
    const status = judge(up, ledger);
    if (status === 'down') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return {
      status,
      version: VERSION,
      uptimeSeconds: Math.round(process.uptime()),
      dependencies: { redis, clickhouse, worker },
      pipeline: pipeline && {
        waiting: pipeline.waiting,
        oldestWaitingMs: pipeline.oldestWaitingMs,
        unaccounted: pipeline.unaccounted,
      },
      warnings: [...protectionWarnings(this.config), ...(sealing?.failing ?? []).map(witnessWarning)],
      ledger,
    };
  }

  @Get('audit/api/health/live')
  @Public()
  @ApiOperation({ summary: 'Whether this process runs; for liveness probes' })
  @ApiOkResponse({ type: Alive })
  live(): Alive {
    return { status: 'ok' };
  }

  @Get('audit/api/health/ready')
  @Public()
  @ApiOperation({ summary: 'Whether events are accepted here; for readiness probes' })
  @ApiOkResponse({ type: Health })
  @ApiServiceUnavailableResponse({ type: Health })
  ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return this.health(reply);
  }

  @Get('metrics')
  @Requires('metrics:read')
  @ApiBearerAuth()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Metrics of all processes for Prometheus' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string', example: 'audit_pipeline_waiting 0' } })
  scrape(): Promise<string> {
    return this.metrics.scrape();
  }
}

/** Without the reason, which may name hosts and files: health is open to anyone. */
const witnessWarning = ({ name, since }: SealingState['failing'][number]): string =>
  `the witness ${name} has taken no checkpoints since ${new Date(since).toISOString()}; the log of the worker says why`;

async function probe(check: () => Promise<void>): Promise<z.infer<typeof dependency>> {
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
  });
  try {
    await Promise.race([check(), late]);
    return { status: 'up', latencyMs: Math.round((performance.now() - began) * 10) / 10 };
  } catch (error) {
    return { status: 'down', latencyMs: null, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
