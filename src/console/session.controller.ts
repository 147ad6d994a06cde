import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { PERMISSIONS, permissionsOf, ROLES } from '../access/permissions';
import { Caller, Principal, Public, Requires } from '../access/principal';
import { mayBeForged, presentedSession, sessionCookie } from '../access/session-cookie';
import { LONGEST_MS, Sessions } from '../access/sessions';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { SelfAudit } from '../ingest/self-audit';
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
    signIn: z.enum(['key']).describe('how the session was opened'),
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
    const act = { eventType: 'LOGIN_SUCCESS', description: 'Somebody signed in to the console' } as const;
    await this.selfAudit.record(
      tenant,
      { ...act, context: { ipAddress: request.ip, resourceType: 'console' } },
      caller,
    );
    const session = await this.sessions.open(id);
    const before = presentedSession(request.headers);
    if (before !== undefined) await this.sessions.close(before);
    void reply.header('set-cookie', sessionCookie(session, { maxAgeMs: LONGEST_MS, secure: this.secure(request) }));
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

  @Get('options')
  @Public()
  @ApiOperation({ summary: 'How one can sign in beside an API key' })
  @ApiOkResponse({ type: SignInOptions })
  options(): SignInOptions {
    return { oidc: false };
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
  signIn: 'key',
});
