import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { generateKeyPairSync, KeyObject, sign } from 'node:crypto';

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const CLIENT = { id: 'audit-console', secret: 'a secret of the test' };

/** An OpenID Connect provider on loopback that signs in whoever comes, as the test says. */
export class IdentityProvider {
  readonly client = CLIENT;
  /** Claims of the next ID token, over the usual ones. */
  claims: Record<string, unknown> = {};
  /** Signs the next ID token, if not the key that is published. */
  forger: KeyObject | undefined;
  private readonly pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private nonce = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    const provider = new IdentityProvider(server);
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', provider.issuer);
      const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      if (pathname === '/.well-known/openid-configuration') json(provider.metadata());
      else if (pathname === '/jwks')
        json({ keys: [{ ...provider.pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] });
      else if (pathname === '/token') json({ access_token: 'x', token_type: 'Bearer', id_token: provider.idToken() });
      else if (pathname === '/authorize') {
        provider.nonce = searchParams.get('nonce') ?? '';
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        back.search = new URLSearchParams({
          code: 'c',
          state: searchParams.get('state') ?? '',
          iss: provider.issuer,
        }).toString();
        response.writeHead(302, { location: back.href }).end();
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private metadata() {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  private idToken(): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      aud: CLIENT.id,
      sub: 'person-1',
      iat: now,
      exp: now + 300,
      nonce: this.nonce,
      ...this.claims,
    };
    const text = `${encoded({ alg: 'RS256', kid: 'k1' })}.${encoded(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), this.forger ?? this.pair.privateKey).toString('base64url')}`;
  }
}
