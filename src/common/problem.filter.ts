import { STATUS_CODES } from 'node:http';
import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ZodValidationException } from 'nestjs-zod';
import { ZodError } from 'zod';
import { AppError, FieldProblem } from './app-error';

/** Body of every error answer: a problem document (RFC 9457), with our code and, for bad input, the faulty fields. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  instance: string;
  correlationId: string;
  problems?: FieldProblem[];
}

/** Turns whatever was thrown into an AppError. What we did not throw on purpose becomes INTERNAL and tells nothing. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ZodValidationException) {
    const cause = error.getZodError();
    const problems =
      cause instanceof ZodError ? cause.issues.map((i) => ({ path: i.path.join('.'), message: i.message })) : undefined;
    return new AppError('INPUT_INVALID', 400, describe(problems), { cause, problems });
  }
  if (error instanceof HttpException) {
    const status = error.getStatus();
    return new AppError(`HTTP_${status}`, status, error.message, { cause: error });
  }
  // Fastify's own refusals carry a status below 500 and a stable code.
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (error instanceof Error && statusCode !== undefined && statusCode < 500) {
    return new AppError(code ?? `HTTP_${statusCode}`, statusCode, error.message, { cause: error });
  }
  return new AppError(
    'INTERNAL',
    500,
    'the request failed for a reason of ours; the log has it under the correlation id',
    {
      cause: error,
    },
  );
}

const describe = (problems: FieldProblem[] | undefined): string =>
  problems?.map((p) => (p.path ? `${p.path}: ${p.message}` : p.message)).join('; ') ?? 'the input is not valid';

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toAppError(thrown);
    if (error.status >= 500 && error.status !== 503) {
      this.log.error(
        `${request.method} ${pathOf(request)}: ${error.code}`,
        error.cause instanceof Error ? error.cause : error,
      );
    }
    if (reply.sent || reply.raw.headersSent) {
      // The answer has begun: cutting the connection is the only way left to say that it is not whole.
      reply.raw.destroy();
      return;
    }
    const body: ProblemDocument = {
      type: `urn:mcp-audit:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
      title: STATUS_CODES[error.status] ?? 'Error',
      status: error.status,
      detail: error.message,
      code: error.code,
      instance: pathOf(request),
      correlationId: request.id,
      ...(error.problems && { problems: error.problems }),
    };
    if (error.retryAfter !== undefined) void reply.header('retry-after', String(error.retryAfter));
    if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="mcp-audit"');
    void reply.status(error.status).header('content-type', 'application/problem+json').send(JSON.stringify(body));
  }
}

/** The path without its query: that may hold personal data. */
const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/';
