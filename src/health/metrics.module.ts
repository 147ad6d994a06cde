import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics';
import { PipelineStateReader } from './pipeline-state';

@Global()
@Module({ providers: [Metrics, PipelineStateReader], exports: [Metrics, PipelineStateReader] })
export class MetricsModule {}
