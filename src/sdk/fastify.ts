import type { ServerResponse } from 'node:http';
import { runInScope } from './context';
import { HttpContextOptions, HttpRequest, HttpScopes } from './http-scope';

export type { HttpContextOptions } from './http-scope';

type Hook = (request: HttpRequest & { raw: object }, reply: { raw: ServerResponse }, done: () => void) => void;

/** As much of a Fastify instance as is needed; of any version. */
export interface FastifyLike {
  addHook(name: 'onRequest' | 'preValidation', hook: Hook): unknown;
}

/** Adds the hooks that run all of a request in its scope: before anything else, and again behind the parsing of the body. */
export function addAuditHooks(fastify: FastifyLike, scopes: HttpScopes): void {
  const enter: Hook = (request, reply, done) => runInScope(scopes.of(request, reply.raw), () => done());
  fastify.addHook('onRequest', enter);
  fastify.addHook('preValidation', enter);
}

/** Plugin for Fastify: `await fastify.register(auditPlugin, { trustProxy: ['10.0.0.0/8'] })`. */
export function auditPlugin(fastify: FastifyLike, options: HttpContextOptions, done: (error?: Error) => void): void {
  addAuditHooks(fastify, new HttpScopes(options));
  done();
}

// For the whole instance, not only for what is registered inside the plugin.
Object.assign(auditPlugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'mcp-audit' });
