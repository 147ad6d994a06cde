import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Configuration, IDToken } from 'openid-client' with { 'resolution-mode': 'import' };
import { z } from 'zod';
import type { Role } from '../access/permissions';
import { orUnavailable, SessionPerson } from '../access/sessions';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { SelfAudit } from '../ingest/self-audit';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/** How long somebody may take at the identity provider, ms. */
export const OIDC_MS = 10 * 60_000;
/** Begins the ids of people, which stand where else the id of an API key does. */
export const PERSON_PREFIX = 'oidc-';

const begun = z.object({ verifier: z.string(), nonce: z.string() });
type Provider = NonNullable<Config['oidc']>;

/** The library is a module of the newer kind only. */
const library = () => import('openid-client');

/** Signing in with an identity provider: OpenID Connect, authorization code with PKCE. */
@Injectable()
export class Oidc {
  private readonly log = new Logger('Oidc');
  private discovered: Configuration | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly selfAudit: SelfAudit,
  ) {}

  /**
   * Where to send the browser, and the state that it has to bring back.
   * @throws AppError 404 if no provider is configured, 502 if it does not answer
   */
  async begin(redirectUri: string): Promise<{ url: string; state: string }> {
    const client = await library();
    const provider = await this.provider();
    const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
    const value = JSON.stringify({ verifier, nonce } satisfies z.infer<typeof begun>);
    await orUnavailable(this.redis.set(this.keys.oidcSignIn(state), value, 'PX', OIDC_MS));
    const url = client.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    return { url: url.href, state };
  }

  /**
   * Who the provider says has signed in.
   * @param answer the address that the browser came back to
   * @throws AppError OIDC_STATE for a sign-in that this browser did not begin or that took too long, OIDC_FAILED for one that the
   * provider did not confirm, OIDC_NO_ROLE for somebody without a role here; the last two are recorded in the log
   */
  async finish(answer: URL, state: string | undefined, address: string): Promise<SessionPerson & { id: string }> {
    const given = answer.searchParams.get('state');
    const text = state && state === given ? await orUnavailable(this.redis.getdel(this.keys.oidcSignIn(state))) : null;
    if (text === null) throw new AppError('OIDC_STATE', 400, 'this browser began no such sign-in, or it took too long');
    const { verifier, nonce } = begun.parse(JSON.parse(text));
    const settings = this.settings();
    const claims = await this.claims(answer, { verifier, nonce, state: state ?? '' }, address);
    const roles = rolesOf(claims[settings.roleClaim], settings.roles);
    if (roles.length === 0) {
      await this.recordRefusal('a person without a role here', address);
      throw new AppError('OIDC_NO_ROLE', 403, 'the identity provider gives you no role of this system');
    }
    return { id: personId(claims), name: nameOf(claims), tenant: settings.tenant, roles };
  }

  private async claims(
    answer: URL,
    { verifier, nonce, state }: z.infer<typeof begun> & { state: string },
    address: string,
  ): Promise<IDToken> {
    const client = await library();
    const provider = await this.provider();
    try {
      const tokens = await client.authorizationCodeGrant(provider, answer, {
        pkceCodeVerifier: verifier,
        expectedNonce: nonce,
        expectedState: state,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims) return claims;
      throw new Error('the answer has no ID token');
    } catch (cause) {
      this.log.warn(`a sign-in was not confirmed: ${cause instanceof Error ? cause.message : String(cause)}`);
      await this.recordRefusal('the identity provider did not confirm it', address);
      throw new AppError('OIDC_FAILED', 401, 'the identity provider did not confirm the sign-in', { cause });
    }
  }

  private async provider(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.settings();
    if (this.discovered) return this.discovered;
    const client = await library();
    // Signatures of ID tokens are checked as well, though they come over the connection to the provider itself.
    const execute = [client.enableNonRepudiationChecks];
    if (new URL(issuer).protocol === 'http:') execute.push(client.allowInsecureRequests);
    try {
      this.discovered = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, { execute });
    } catch (cause) {
      this.log.warn(`the identity provider does not answer: ${cause instanceof Error ? cause.message : String(cause)}`);
      throw new AppError('OIDC_UNREACHABLE', 502, 'the identity provider does not answer; try again', { cause });
    }
    return this.discovered;
  }

  private settings(): Provider {
    if (this.config.oidc) return this.config.oidc;
    throw new AppError('OIDC_OFF', 404, 'no identity provider is configured: see AUDIT_OIDC_ISSUER');
  }

  private async recordRefusal(why: string, address: string): Promise<void> {
    await this.selfAudit.record(this.settings().tenant, {
      eventType: 'LOGIN_FAILED',
      description: `A sign-in to the console was refused: ${why}`,
      context: { ipAddress: address, resourceType: 'console' },
    });
  }
}

/** The roles that the values of a claim give; one value may stand alone. */
export function rolesOf(claim: unknown, map: readonly (readonly [string, Role])[]): Role[] {
  const values = Array.isArray(claim) ? (claim as unknown[]) : [claim];
  return [...new Set(map.filter(([theirs]) => values.includes(theirs)).map(([, role]) => role))];
}

/** Stands for a person of a provider in what is recorded; the person cannot be read off it. */
const personId = ({ iss, sub }: IDToken): string =>
  PERSON_PREFIX + createHash('sha256').update(`${iss} ${sub}`).digest('hex').slice(0, 16);

function nameOf({ name, preferred_username: login, email }: IDToken): string {
  return [name, login, email].find((given): given is string => typeof given === 'string' && given !== '') ?? 'OIDC';
}
