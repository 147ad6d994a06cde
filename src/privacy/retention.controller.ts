import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { Caller, Principal, Requires } from '../access/principal';
import { RETENTION_CLASSES } from '../events/event-types';
import type { ManifestHead } from './retention-manifest-store';
import { RetentionJob } from './retention-job';
import { RetentionService } from './retention.service';

const reason = z.string().min(1).max(2000).describe('why; kept in plain, so name no person');
class RetentionClassParam extends createZodDto(z.object({ retention: z.enum(RETENTION_CLASSES) })) {}
class NewRetention extends createZodDto(
  z.strictObject({
    days: z.number().int().min(1).max(36_500).nullable().describe('full days after receipt; null: as configured'),
    reason,
  }),
) {}
class RetentionApplication extends createZodDto(
  z.strictObject({ reason, dryRun: z.boolean().default(false).describe('only say what it would do') }),
) {}
class RetentionPreviewQuery extends createZodDto(
  z.strictObject({ days: z.coerce.number().int().min(0).max(3660).default(30).describe('how far to look ahead') }),
) {}
class ManifestListQuery extends createZodDto(
  z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
) {}

export class RetentionList extends createZodDto(
  z.object({
    items: z.array(
      z.object({
        retention: z.enum(RETENTION_CLASSES),
        days: z.number().int().describe('for events that come in'),
        source: z.enum(['configuration', 'tenant']),
        applied: z
          .object({ days: z.number().int(), receivedBefore: z.iso.datetime() })
          .nullable()
          .describe('for stored events, where that was applied explicitly'),
        events: z.number().int().describe('stored now'),
      }),
    ),
    nextCursor: z.string().nullable(),
  }),
) {}
export class RetentionEffect extends createZodDto(
  z.object({
    days: z.number().int(),
    events: z.number().int().describe('stored events of the class'),
    due: z.number().int().describe('of those, what the next run removes'),
    held: z.number().int().describe('of those, what a legal hold keeps though its retention has ended'),
  }),
) {}
export class RetentionPreview extends createZodDto(
  z.object({
    items: z.array(
      z.object({
        retention: z.enum(RETENTION_CLASSES),
        day: z.iso.date().describe('the first day on which they may be removed'),
        events: z.number().int().describe('to be removed'),
        held: z.number().int().describe('kept by legal holds'),
      }),
    ),
    nextCursor: z.string().nullable(),
  }),
) {}

const manifestHead = z.object({
  id: z.string(),
  retention: z.enum(RETENTION_CLASSES),
  horizon: z.iso.date().describe('the retention of all of them ended on or before this day'),
  leaves: z.number().int(),
  createdAt: z.iso.datetime(),
  body: z.string().describe('canonical JSON; exactly these bytes are signed'),
  keyNumber: z.number().int(),
  publicKey: z.string().describe('raw Ed25519 public key, base64'),
  signature: z.string().describe('base64'),
});
export class RetentionManifestList extends createZodDto(
  z.object({ items: z.array(manifestHead), nextCursor: z.string().nullable() }),
) {}
class RetentionManifest extends createZodDto(
  manifestHead.extend({
    ranges: z.array(z.array(z.number().int())).describe('[first, last] leaf index, both included, rising'),
  }),
) {}
export class RetentionRun extends createZodDto(
  z.object({ removed: z.number().int(), manifests: z.array(z.string()).describe('ids') }),
) {}

@ApiTags('privacy')
@ApiBearerAuth()
@Controller('audit/api/privacy/retention')
export class RetentionController {
  constructor(
    private readonly retention: RetentionService,
    private readonly job: RetentionJob,
  ) {}

  @Get()
  @Requires('retention:read')
  @ApiOperation({ summary: 'How long events of each class are kept' })
  @ApiOkResponse({ type: RetentionList })
  async show(@Caller() caller: Principal): Promise<RetentionList> {
    const items = (await this.retention.show(caller.tenant)).map(({ applied, ...rest }) => ({
      ...rest,
      applied: applied && { days: applied.days, receivedBefore: new Date(applied.receivedBefore).toISOString() },
    }));
    return { items, nextCursor: null };
  }

  @Get('preview')
  @Requires('retention:read')
  @ApiOperation({ summary: 'What the next days will remove if nothing changes, by class and day' })
  @ApiOkResponse({ type: RetentionPreview })
  async preview(@Query() query: RetentionPreviewQuery, @Caller() caller: Principal): Promise<RetentionPreview> {
    return { items: await this.retention.preview(caller.tenant, query.days), nextCursor: null } as RetentionPreview;
  }

  @Get('manifests')
  @Requires('retention:read')
  @ApiOperation({ summary: 'Signed manifests of what retention removed, newest first, without their ranges' })
  @ApiOkResponse({ type: RetentionManifestList })
  async manifests(@Query() query: ManifestListQuery, @Caller() caller: Principal): Promise<RetentionManifestList> {
    return { items: (await this.retention.listManifests(caller.tenant, query.limit)).map(view), nextCursor: null };
  }

  @Get('manifests/:id')
  @Requires('retention:read')
  @ApiOperation({ summary: 'Get one manifest with the ranges of leaves that it names' })
  @ApiOkResponse({ type: RetentionManifest })
  @ApiResponse({ status: 404, description: 'your tenant has no such manifest' })
  async manifest(@Param('id') id: string, @Caller() caller: Principal): Promise<RetentionManifest> {
    const manifest = await this.retention.manifest(caller.tenant, id);
    return { ...view(manifest), ranges: manifest.ranges.map((range) => [...range]) };
  }

  @Put(':retention')
  @Requires('retention:manage')
  @ApiOperation({
    summary: 'Decide how long events of a class are kept',
    description: 'Holds for events that come in from now on, within seconds. Stored events are not touched: see apply.',
  })
  @ApiParam({ name: 'retention', enum: RETENTION_CLASSES })
  @ApiOkResponse({ type: RetentionList })
  async set(
    @Param() { retention }: RetentionClassParam,
    @Body() body: NewRetention,
    @Caller() caller: Principal,
  ): Promise<RetentionList> {
    await this.retention.set(caller, retention, body.days, body.reason);
    return this.show(caller);
  }

  @Post(':retention/apply')
  @HttpCode(200)
  @Requires('retention:manage')
  @ApiOperation({
    summary: 'Apply the policy of a class to stored events',
    description:
      'All events of the class received before now are kept as long as new ones are, whatever they say themselves. What is due ' +
      'then is removed by the next run; legal holds keep what they cover.',
  })
  @ApiParam({ name: 'retention', enum: RETENTION_CLASSES })
  @ApiOkResponse({ type: RetentionEffect })
  apply(
    @Param() { retention }: RetentionClassParam,
    @Body() body: RetentionApplication,
    @Caller() caller: Principal,
  ): Promise<RetentionEffect> {
    return body.dryRun
      ? this.retention.previewApply(caller.tenant, retention)
      : this.retention.apply(caller, retention, body.reason);
  }

  @Post('run')
  @HttpCode(200)
  @Requires('retention:manage')
  @ApiOperation({
    summary: 'Remove what is due of your tenant now',
    description: 'A worker does it once a day by itself. The answer comes when it is done.',
  })
  @ApiOkResponse({ type: RetentionRun })
  async run(@Caller() caller: Principal): Promise<RetentionRun> {
    const manifests = await this.job.run([caller.tenant]);
    return {
      removed: manifests.reduce((sum, { leafCount }) => sum + leafCount, 0),
      manifests: manifests.map(({ id }) => id),
    };
  }
}

const view = (manifest: ManifestHead): z.output<typeof manifestHead> => ({
  id: manifest.id,
  retention: manifest.retention,
  horizon: manifest.horizon,
  leaves: manifest.leafCount,
  createdAt: new Date(manifest.createdAt).toISOString(),
  body: manifest.body,
  keyNumber: manifest.keyNumber,
  publicKey: manifest.publicKey.toString('base64'),
  signature: manifest.signature.toString('base64'),
});
