import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { P12Signer } from '@signpdf/signer-p12';
import { loadCertificate } from './signing-certificate';

describe('the certificate that signs reports', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-audit-certificate-'));
  const p12 = join(dir, 'company.p12');
  const source = { file: p12, passphrase: 'pass word', passphraseFile: undefined };

  beforeAll(() => {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const quiet = { stdio: 'ignore' } as const;
    const subject = ['-subj', '/CN=Company Audit', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], quiet);
    const bundle = ['-export', '-inkey', key, '-in', cert, '-passout', 'pass:pass word', '-out', p12];
    execFileSync('openssl', ['pkcs12', ...bundle], quiet);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is the one of the configuration, as openssl makes it, and signs', async () => {
    const certificate = await loadCertificate(source, dir, Date.now());
    expect(certificate.name).toBe('Company Audit');
    const signer = new P12Signer(certificate.p12, { passphrase: certificate.passphrase });
    expect((await signer.sign(Buffer.from('%PDF'))).length).toBeGreaterThan(500);
  });

  it('may have its passphrase in a file', async () => {
    const passphraseFile = join(dir, 'passphrase');
    writeFileSync(passphraseFile, 'pass word\n');
    const certificate = await loadCertificate({ ...source, passphrase: undefined, passphraseFile }, dir, Date.now());
    expect(certificate.passphrase).toBe('pass word');
  });

  it.each([
    ['a wrong passphrase', { passphrase: 'wrong' }, /is the passphrase right/],
    ['a file that is not there', { file: join(dir, 'none.p12') }, /none\.p12 cannot be read \(ENOENT\)/],
    ['a file that is none', { file: join(dir, 'cert.pem') }, /cannot be opened as PKCS#12/],
  ])('is refused with %s', async (_, wrong, message) => {
    await expect(loadCertificate({ ...source, ...wrong }, dir, Date.now())).rejects.toThrow(message);
  });

  it('is one of our own making otherwise: made once, for its owner only', async () => {
    const none = { file: undefined, passphrase: undefined, passphraseFile: undefined };
    const made = await Promise.all([1, 2].map(() => loadCertificate(none, join(dir, 'data'), Date.now())));
    expect(made[1]?.p12.equals(made[0]?.p12 ?? Buffer.alloc(0))).toBe(true);
    expect(statSync(join(dir, 'data', 'report-signing.p12')).mode & 0o777).toBe(0o600);
  });
});
