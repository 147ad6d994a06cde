import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { PERMISSIONS, permissionsOf, ROLES } from '../access/permissions';
import { Caller, Principal, Public, Requires } from '../access/principal';
import { mayBeForged, oidcCookie, presentedOidcState, presentedSession, sessionCookie } from '../access/session-cookie';
import { LONGEST_MS, SessionPerson, Sessions } from '../access/sessions';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { SelfAudit } from '../ingest/self-audit';
import { Oidc, OIDC_MS, PERSON_PREFIX } from './oidc';
import { SignIn } from './sign-in';

class NewSession extends createZodDto(z.strictObject({ key: z.string().min(1).max(200).describe('an API key') })) {}

class Session extends createZodDto(
  z.object({
    keyId: z.string(),
    name: z.string(),
    tenant: z.string(),
    system: z.boolean(),
    roles: z.array(z.enum(ROLES)),
    permissions: z.array(z.enum(PERMISSIONS)),
    signIn: z.enum(['key', 'oidc']).describe('how the session was opened'),
  }),
) {}

class SignInOptions extends createZodDto(
  z.object({ oidc: z.union([z.literal(false), z.object({ name: z.string() })]) }),
) {}

@ApiTags('access')
@Controller('audit/api/session')
export class SessionController {
  constructor(
    private readonly signIn: SignIn,
    private readonly oidc: Oidc,
    private readonly sessions: Sessions,
    private readonly selfAudit: SelfAudit,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @Public()
  @ApiOperation({
    summary: 'Sign in a browser with an API key',
    description: 'The session is in a cookie. This and every write with it need the header X-Audit-Console: 1.',
  })
  @ApiCreatedResponse({ type: Session })
  async open(
    @Body() body: NewSession,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    refuseForged(request);
    const { id, name, tenant, roles, system } = await this.signIn.check(body.key, request.ip);
    const caller = { keyId: id, name, tenant, roles, system };
    void reply.header('set-cookie', await this.enter(caller, request));
    void reply.header('cache-control', 'no-store');
    return view(caller);
  }

  @Get()
  @Requires('events:read')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Who is signed in, and what they may do' })
  @ApiOkResponse({ type: Session })
  show(@Caller() caller: Principal, @Res({ passthrough: true }) reply: FastifyReply): Session {
    void reply.header('cache-control', 'no-store');
    return view(caller);
  }

  @Get('oidc')
  @Public()
  @ApiOperation({ summary: 'Sign in a browser with the identity provider', description: 'Redirects to the provider.' })
  @ApiResponse({ status: 302, description: 'to the provider' })
  @ApiResponse({ status: 404, description: 'no provider is configured' })
  async begin(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { url, state } = await this.oidc.begin(this.callbackUrl(request));
    const cookie = oidcCookie(state, { maxAgeMs: OIDC_MS, secure: this.secure(request) });
    void reply.header('set-cookie', cookie).header('cache-control', 'no-store').redirect(url, 302);
  }

  @Get('oidc/callback')
  @Public()
  @ApiOperation({
    summary: 'Where the identity provider sends the browser back to',
    description: 'Redirects to the console.',
  })
  @ApiResponse({ status: 303, description: 'to the console, or to its sign-in with the reason why not' })
  async finish(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const ended = oidcCookie('', { maxAgeMs: 0, secure: this.secure(request) });
    void reply.header('cache-control', 'no-store');
    try {
      const query = new URL(request.url, 'http://localhost').search;
      const answer = new URL(this.callbackUrl(request) + query);
      const { id, ...person } = await this.oidc.finish(answer, presentedOidcState(request.headers), request.ip);
      const cookie = await this.enter({ keyId: id, ...person, system: false }, request, person);
      void reply.header('set-cookie', [cookie, ended]).redirect('/console', 303);
    } catch (error) {
      if (!(error instanceof AppError) || !error.code.startsWith('OIDC_') || error.status === 404) throw error;
      void reply.header('set-cookie', ended).redirect(`/console/sign-in?error=${error.code}`, 303);
    }
  }

  @Get('options')
  @Public()
  @ApiOperation({ summary: 'How one can sign in beside an API key' })
  @ApiOkResponse({ type: SignInOptions })
  options(): SignInOptions {
    return { oidc: this.config.oidc ? { name: this.config.oidc.name } : false };
  }

  @Delete()
  @Public()
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign out; without a session nothing happens' })
  @ApiNoContentResponse()
  async close(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    refuseForged(request);
    const session = presentedSession(request.headers);
    if (session !== undefined) await this.sessions.close(session);
    void reply.header('set-cookie', sessionCookie('', { maxAgeMs: 0, secure: this.secure(request) }));
  }

  /** Records that somebody signed in, opens the session, and gives its cookie. A session of this browser before is closed. */
  private async enter(caller: Principal, request: FastifyRequest, person?: SessionPerson): Promise<string> {
    const act = { eventType: 'LOGIN_SUCCESS', description: 'Somebody signed in to the console' } as const;
    const context = { ipAddress: request.ip, resourceType: 'console' };
    await this.selfAudit.record(caller.tenant, { ...act, context }, caller);
    const session = await this.sessions.open(caller.keyId, person);
    const before = presentedSession(request.headers);
    if (before !== undefined) await this.sessions.close(before);
    return sessionCookie(session, { maxAgeMs: LONGEST_MS, secure: this.secure(request) });
  }

  private callbackUrl(request: FastifyRequest): string {
    const origin = this.config.publicUrl ?? `${request.protocol}://${request.host}`;
    return new URL('/audit/api/session/oidc/callback', origin).href;
  }

  private secure(request: FastifyRequest): boolean {
    return request.protocol === 'https' || this.config.publicUrl?.startsWith('https:') === true;
  }
}

function refuseForged(request: FastifyRequest): void {
  if (mayBeForged(request)) throw new AppError('FORBIDDEN', 403, 'send the header X-Audit-Console: 1');
}

const view = ({ keyId, name, tenant, system, roles }: Principal): Session => ({
  ...{ keyId, name, tenant, system, roles },
  permissions: permissionsOf(roles),
  signIn: keyId.startsWith(PERSON_PREFIX) ? 'oidc' : 'key',
});
