import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error';
import type { Config } from '../config/config';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** Route configuration (`@RouteConfig`) of a handler that wants the body's bytes instead of parsed JSON. */
export const RAW_BODY = { rawBody: true } as const;

const inflate = promisify(gunzip);

/**
 * Teaches Fastify the bodies that this API takes: JSON everywhere, parsed, and on routes with `RAW_BODY` JSON or NDJSON as
 * a Buffer; both also with `Content-Encoding: gzip`. The cap counts before and after decompression. Anything else is 415.
 */
export function registerBodyParsers(fastify: FastifyInstance, config: Config): void {
  const cap = config.ingest.maxBodyBytes;
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    [JSON_TYPE, ...NDJSON_TYPES],
    { parseAs: 'buffer', bodyLimit: cap },
    async (request: FastifyRequest, body: Buffer) => {
      const raw = (request.routeOptions.config as { rawBody?: boolean }).rawBody === true;
      if (!raw && mediaType(request) !== JSON_TYPE) throw unsupported(`this route takes ${JSON_TYPE} only`);
      refuseOtherCharsets(request);
      const bytes = await decode(body, request.headers['content-encoding'], cap);
      return raw ? bytes : parsed(request, bytes);
    },
  );

  function parsed(request: FastifyRequest, bytes: Buffer): Promise<unknown> {
    return new Promise((resolve, reject) => {
      void parseJson(request, bytes.toString('utf8'), (error, value) => (error ? reject(error) : resolve(value)));
    });
  }
}

/** The media type of a request without its parameters, in lower case. */
export function mediaType(request: Pick<FastifyRequest, 'headers'>): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * The body as it was before `encoding`; at most `cap` bytes.
 * @throws AppError 413 past the cap, 415 for another encoding, 400 if it is not what it says.
 */
export async function decode(body: Buffer, encoding: string | undefined, cap: number): Promise<Buffer> {
  switch (encoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return inflate(body, { maxOutputLength: cap }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ERR_BUFFER_TOO_LARGE') {
          throw new AppError(
            'BODY_TOO_LARGE',
            413,
            `the body has more than ${cap} bytes once decompressed; send less at a time`,
          );
        }
        throw new AppError('BODY_INVALID', 400, 'the body is not whole gzip, as its Content-Encoding says', { cause });
      });
    default:
      throw unsupported('Content-Encoding must be gzip or absent');
  }
}

function refuseOtherCharsets(request: Pick<FastifyRequest, 'headers'>): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) throw unsupported('the charset must be UTF-8');
}

const unsupported = (message: string) => new AppError('MEDIA_TYPE_UNSUPPORTED', 415, message);
