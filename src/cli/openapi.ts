import { Command } from 'commander';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from '../app.module';
import { parseConfig } from '../config/config';
import { buildOpenApi } from '../openapi';
import { print } from './output';

async function openapi(): Promise<void> {
  // In preview nothing is constructed, so no engine is needed.
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.forRoot(parseConfig({})),
    new FastifyAdapter(),
    {
      preview: true,
      logger: ['error'],
      abortOnError: false,
    },
  );
  print(JSON.stringify(buildOpenApi(app), null, 2));
}

export function openapiCommand(): Command {
  return new Command('openapi')
    .summary('the description of the REST API')
    .description('Prints the OpenAPI 3.1 document of this version; the running system serves it as well.')
    .action(openapi);
}
