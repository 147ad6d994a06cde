import { Global, Module } from '@nestjs/common';
import { MetricSampler } from './metric-samples';
import { Metrics } from './metrics';
import { PipelineStateReader } from './pipeline-state';

@Global()
@Module({ providers: [Metrics, PipelineStateReader], exports: [Metrics, PipelineStateReader] })
export class MetricsModule {}

/** Of workers. */
@Module({ providers: [MetricSampler] })
export class MetricSamplingModule {}
