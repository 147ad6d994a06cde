import { generateKeyPair, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asn1, md, pkcs12, pki, util } from 'node-forge';
import { AppError } from '../common/app-error';

/** What signs reports: a PKCS#12 file with its passphrase. */
export interface SigningCertificate {
  p12: Buffer;
  passphrase: string;
  /** The common name of its subject. */
  name: string;
}

export interface CertificateSource {
  /** PKCS#12 file; undefined for one of our own making. */
  file: string | undefined;
  passphrase: string | undefined;
  passphraseFile: string | undefined;
}

const OWN_FILE = 'report-signing.p12';
const OWN_YEARS = 10;

/**
 * The certificate that is configured; without one, a self-signed one that is made on the first call and kept in the data
 * directory (0600).
 * @throws AppError `REPORT_CERTIFICATE_INVALID` that says what is wrong with the file or the passphrase
 */
export async function loadCertificate(
  source: CertificateSource,
  dataDir: string,
  now: number,
): Promise<SigningCertificate> {
  if (source.file === undefined) return ownCertificate(dataDir, now);
  const passphrase =
    source.passphraseFile === undefined
      ? (source.passphrase ?? '')
      : (await read(source.passphraseFile)).toString('utf8').replace(/\r?\n$/, '');
  return opened(source.file, await read(source.file), passphrase);
}

async function ownCertificate(dataDir: string, now: number): Promise<SigningCertificate> {
  const file = join(dataDir, OWN_FILE);
  const existing = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (existing) return opened(file, existing, '');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(draft, await selfSigned(now), { mode: 0o600, flush: true });
  // Of several processes that make one at the same time, one wins and the others take its.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return opened(file, await readFile(file), '');
}

async function selfSigned(now: number): Promise<Buffer> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 3072,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const key = pki.privateKeyFromPem(privateKey);
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(key.n, key.e);
  // A serial number is positive.
  certificate.serialNumber = `00${randomBytes(16).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - 60_000);
  certificate.validity.notAfter = new Date(now);
  certificate.validity.notAfter.setUTCFullYear(new Date(now).getUTCFullYear() + OWN_YEARS);
  const name = [
    { name: 'commonName', value: 'MCP Audit System, reports' },
    { name: 'organizationName', value: 'MCP Audit System (self-signed)' },
  ];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, nonRepudiation: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(key, md.sha256.create());
  const p12 = pkcs12.toPkcs12Asn1(key, [certificate], '', { algorithm: 'aes256', friendlyName: 'reports' });
  return Buffer.from(asn1.toDer(p12).getBytes(), 'binary');
}

function opened(file: string, p12: Buffer, passphrase: string): SigningCertificate {
  let certificates: pki.Certificate[];
  let isRsa: boolean;
  try {
    const content = pkcs12.pkcs12FromAsn1(asn1.fromDer(util.createBuffer(p12.toString('binary'))), false, passphrase);
    const bags = (type: string | undefined) => content.getBags({ bagType: type })[type ?? ''] ?? [];
    certificates = bags(pki.oids.certBag).flatMap(({ cert }) => (cert ? [cert] : []));
    isRsa = bags(pki.oids.pkcs8ShroudedKeyBag).some(({ key }) => key !== undefined && key !== null);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`${file} cannot be opened as PKCS#12; is the passphrase right? (${reason})`, cause);
  }
  if (certificates.length === 0 || !isRsa) throw invalid(`${file} must hold a certificate and its RSA key, encrypted`);
  const own = certificates.find((each) => each.getExtension('basicConstraints') === null) ?? certificates[0];
  return {
    p12,
    passphrase,
    name: String((own?.subject.getField('CN') as { value?: string } | null)?.value ?? 'reports'),
  };
}

function read(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw invalid(`${file} cannot be read (${cause.code ?? cause.message})`, cause);
  });
}

const invalid = (why: string, cause?: unknown) =>
  new AppError('REPORT_CERTIFICATE_INVALID', 500, `AUDIT_REPORT_CERTIFICATE: ${why}`, { cause });
