import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError, FieldProblem } from '../common/app-error';
import { nearest } from '../events/nearest';

/** The query string as Fastify reads it. */
export type RawQuery = Record<string, string | string[]>;

type Schema = z.ZodObject<z.ZodRawShape>;

/**
 * Reads the query string by a schema. A parameter whose field is an array may be repeated, any other may not.
 * @throws AppError 400 that names every faulty parameter and, for an unknown one, the nearest names.
 */
export function readQuery<S extends Schema>(schema: S, raw: RawQuery): z.output<S> {
  const problems: FieldProblem[] = [];
  const input: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    if (!field) problems.push({ path: name, message: unknown(name, Object.keys(schema.shape)) });
    else if (takesSeveral(field)) input[name] = Array.isArray(value) ? value : [value];
    else if (Array.isArray(value)) problems.push({ path: name, message: 'is given more than once' });
    else input[name] = value;
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      problems.push({ path: String(issue.path[0] ?? ''), message: issue.message });
  }
  if (!parsed.success || problems.length > 0) {
    const text = problems.map((p) => `${p.path} ${p.message}`).join('; ');
    throw new AppError('QUERY_INVALID', 400, text, { problems });
  }
  return parsed.data;
}

/** Describes every parameter of a schema in the OpenAPI document. */
export function ApiQueryOf(schema: Schema): MethodDecorator {
  const parameters = Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...json } = z.toJSONSchema(field as z.ZodType, { io: 'input' });
    delete json.$schema;
    const required = !(field as z.ZodType).safeParse(undefined).success;
    return ApiQuery({ name, required, ...(description && { description }), schema: json as object, explode: true });
  });
  return applyDecorators(...parameters);
}

function takesSeveral(field: unknown): boolean {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return takesSeveral(field.unwrap());
  return field instanceof z.ZodArray;
}

function unknown(name: string, known: string[]): string {
  const close = nearest(name, known);
  return `is no parameter of this route${close.length > 0 ? `; did you mean ${close.join(', ')}?` : ''}`;
}
