import type { ServerResponse } from 'node:http';
import {
  CallHandler,
  CanActivate,
  DynamicModule,
  ExecutionContext,
  Global,
  Injectable,
  InjectionToken,
  Module,
  ModuleMetadata,
  NestInterceptor,
  OnApplicationShutdown,
  OnModuleInit,
  OptionalFactoryDependency,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import { runInScope, Scope } from './context';
import { auditMiddlewareOf } from './express';
import { addAuditHooks, FastifyLike } from './fastify';
import { initializeAuditLogging } from './global';
import { HttpContextOptions, HttpRequest, HttpScopes } from './http-scope';
import { AuditLogger } from './logger';
import type { AuditOptions } from './options';

export type { HttpContextOptions } from './http-scope';

export interface AuditModuleOptions extends AuditOptions {
  /** How the context is read from requests. */
  http?: HttpContextOptions;
}

export interface AuditModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever is injected
  useFactory: (...args: any[]) => AuditModuleOptions | Promise<AuditModuleOptions>;
}

const OPTIONS = Symbol('mcp-audit options');

/** Sees to it that a request has its scope before other guards run, so that what they refuse is recorded in it. */
@Injectable()
export class AuditGuard implements CanActivate {
  constructor(private readonly scopes: HttpScopes) {}

  canActivate(context: ExecutionContext): boolean {
    scopeOf(context, this.scopes);
    return true;
  }
}

/** Runs handlers in the scope of their request. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly scopes: HttpScopes) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const scope = scopeOf(context, this.scopes);
    if (!scope) return next.handle();
    return new Observable((subscriber) => runInScope(scope, () => next.handle().subscribe(subscriber)));
  }
}

/** Undefined for what is no HTTP request. */
function scopeOf(context: ExecutionContext, scopes: HttpScopes): Scope | undefined {
  if (context.getType() !== 'http') return undefined;
  const http = context.switchToHttp();
  const response = http.getResponse<ServerResponse & { raw?: ServerResponse }>();
  return scopes.of(http.getRequest<HttpRequest>(), response.raw ?? response);
}

/**
 * Makes the logger of the process and injects it as `AuditLogger`; every request, on Express or Fastify, runs in its scope.
 * Closes the logger when the application shuts down (with `enableShutdownHooks`).
 */
@Global()
@Module({})
export class AuditModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly logger: AuditLogger,
    private readonly scopes: HttpScopes,
    private readonly host: HttpAdapterHost,
  ) {}

  static forRoot(options: AuditModuleOptions): DynamicModule {
    return AuditModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: AuditModuleAsyncOptions): DynamicModule {
    return {
      module: AuditModule,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory },
        {
          provide: AuditLogger,
          inject: [OPTIONS],
          useFactory: ({ http: _, ...options }: AuditModuleOptions) => initializeAuditLogging(options),
        },
        { provide: HttpScopes, inject: [OPTIONS], useFactory: ({ http }: AuditModuleOptions) => new HttpScopes(http) },
        { provide: APP_GUARD, useClass: AuditGuard },
        { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
      ],
      exports: [AuditLogger, HttpScopes],
    };
  }

  /** Before routes exist, so that guards and pipes run in the scope too, not only handlers. */
  onModuleInit(): void {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (!adapter) return;
    if (adapter.getType() === 'fastify') addAuditHooks(adapter.getInstance<FastifyLike>(), this.scopes);
    else adapter.use(auditMiddlewareOf(this.scopes));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.logger.close();
  }
}
