import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { cleanupOpenApiDoc } from 'nestjs-zod';
import { VERSION } from './common/version';

/** The API's description, from the zod schemas and the routes. */
export function buildOpenApi(app: NestFastifyApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('MCP Audit System')
    .setDescription('A self-hosted audit log that anyone can verify. Errors are problem documents (RFC 9457).')
    .setVersion(VERSION)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'an API key; X-API-Key works as well' })
    .build();
  return cleanupOpenApiDoc(SwaggerModule.createDocument(app, options));
}

/** Serves the description at /audit/api/openapi.json. */
export function serveOpenApi(app: NestFastifyApplication): void {
  let document: string | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/audit/api/openapi.json', (_request, reply) => {
      document ??= JSON.stringify(buildOpenApi(app));
      return reply.header('content-type', 'application/json').send(document);
    });
}
