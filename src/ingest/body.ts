import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error';
import { BUFFERS } from '../common/buffer-pool';
import type { Config } from '../config/config';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** Route configuration (`@RouteConfig`) of a handler that wants the body's bytes instead of parsed JSON. */
export const RAW_BODY = { rawBody: true } as const;

/** Methods whose requests may have a body. */
const WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE'];

const inflate = promisify(gunzip);

/**
 * Reads the bodies that this API takes: JSON everywhere, parsed, and on routes with `RAW_BODY` JSON or NDJSON as a Buffer;
 * both also with `Content-Encoding: gzip`. The cap counts before and after decompression. Anything else is 415.
 *
 * Fastify is told that no method has a body: its own reading binds an asynchronous resource to each request, which on Node 20 keeps the whole
 * request from the garbage collector until its next great round.
 */
export function readBodies(fastify: FastifyInstance, config: Config): void {
  const cap = config.ingest.maxBodyBytes;
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  for (const method of WITH_BODY) fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  fastify.addHook('preValidation', (request, reply, done) => {
    const length = request.headers['content-length'];
    const isEmpty = request.headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
    if (isEmpty || !WITH_BODY.includes(request.method)) return done();
    const refuse = (error: Error) => {
      // What was not read of the body would be taken for the next request.
      void reply.header('connection', 'close');
      done(error);
    };
    const raw = (request.routeOptions.config as { rawBody?: boolean }).rawBody === true;
    const problem = problemOf(request, raw) ?? (Number(length) > cap ? tooLarge(cap) : undefined);
    if (problem) return refuse(problem);
    read(request, cap, (error, body) => {
      if (error) return refuse(error);
      const encoding = request.headers['content-encoding'];
      if (encoding === undefined && raw) {
        request.body = body;
        return done();
      }
      const give = (fault: Error | null, value: unknown) => {
        if (fault) return refuse(fault);
        request.body = value;
        done();
      };
      void decode(body, encoding, cap).then((bytes) => {
        const text = raw ? undefined : bytes.toString('utf8');
        if (text !== undefined || bytes !== body) releaseBody(body);
        if (text === undefined) give(null, bytes);
        else void parseJson(request, text, give);
      }, refuse);
    });
  });
}

/** By bodies that stand in a buffer of the pool: that buffer. */
const pooled = new WeakMap<Buffer, Buffer>();

/** Says that nobody will look at a body any more, nor at a part of it. */
export function releaseBody(body: Buffer): void {
  const buffer = pooled.get(body);
  if (!buffer) return;
  pooled.delete(body);
  BUFFERS.give(buffer);
}

/** What is wrong with the head of a request that has a body. */
function problemOf(request: FastifyRequest, raw: boolean): AppError | undefined {
  const type = mediaType(request);
  if (type !== JSON_TYPE && !(raw && NDJSON_TYPES.includes(type))) {
    return unsupported(`this route takes ${raw ? [JSON_TYPE, ...NDJSON_TYPES].join(', ') : `${JSON_TYPE} only`}`);
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  const isUtf8 = charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset);
  return isUtf8 ? undefined : unsupported('the charset must be UTF-8');
}

type Read = (error: Error | undefined, body: Buffer) => void;
const NOTHING = Buffer.alloc(0);

/** Reads a whole body. A short one is what came, without a copy. */
function read({ raw }: FastifyRequest, cap: number, done: Read): void {
  let chunks: Buffer[] = [];
  let length = 0;
  const end = (error?: Error) => {
    raw.removeListener('data', onData);
    raw.removeListener('end', onEnd);
    raw.removeListener('error', end);
    raw.removeListener('close', onClose);
    done(error, error ? NOTHING : joined(chunks, length));
    chunks = [];
  };
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > cap) end(tooLarge(cap));
    else chunks.push(chunk);
  };
  const onEnd = () => end();
  const onClose = () => end(new AppError('BODY_INVALID', 400, 'the connection ended within the body'));
  raw.on('data', onData);
  raw.on('end', onEnd);
  raw.on('error', end);
  raw.on('close', onClose);
}

function joined(chunks: Buffer[], length: number): Buffer {
  if (chunks.length <= 1) return chunks[0] ?? NOTHING;
  const buffer = BUFFERS.take(length);
  let at = 0;
  for (const chunk of chunks) {
    buffer.set(chunk, at);
    at += chunk.length;
  }
  const body = buffer.subarray(0, length);
  pooled.set(body, buffer);
  return body;
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

const tooLarge = (cap: number) =>
  new AppError('BODY_TOO_LARGE', 413, `the body has more than ${cap} bytes; send less at a time`);
const unsupported = (message: string) => new AppError('MEDIA_TYPE_UNSUPPORTED', 415, message);
