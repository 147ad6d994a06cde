import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Command } from 'commander';
import { parseConfig } from '../config/config';
import { print } from './output';

async function openapi(): Promise<void> {
  // Loaded here only: the whole application takes half a second, which other commands need not pay.
  const [{ NestFactory }, { FastifyAdapter }, { ApiModule }, { buildOpenApi }] = await Promise.all([
    import('@nestjs/core'),
    import('@nestjs/platform-fastify'),
    import('../app.module.js'),
    import('../openapi.js'),
  ]);
  // In preview nothing is constructed, so no engine is needed.
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.forRoot(parseConfig({})),
    new FastifyAdapter(),
    { preview: true, logger: ['error'], abortOnError: false },
  );
  print(JSON.stringify(buildOpenApi(app), null, 2));
}

export function openapiCommand(): Command {
  return new Command('openapi')
    .summary('the description of the REST API')
    .description('Prints the OpenAPI 3.1 document of this version; the running system serves it as well.')
    .action(openapi);
}
