import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { P12Signer } from '@signpdf/signer-p12';
import signpdf from '@signpdf/signpdf';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { withSignatureField } from './signature-field';
import { loadCertificate, SigningCertificate } from './signing-certificate';

/** Signs PDF documents with the certificate of the configuration, or with one of its own. */
@Injectable()
export class PdfSigner implements OnApplicationBootstrap {
  private certificate: Promise<SigningCertificate> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** A certificate that cannot be used is found at the start, and not when the first report is due. */
  async onApplicationBootstrap(): Promise<void> {
    await this.load();
  }

  /** @throws AppError `REPORT_CERTIFICATE_INVALID` */
  async sign(pdf: Buffer, reason: string): Promise<Buffer> {
    const { p12, passphrase, name } = await this.load();
    const at = this.clock.now();
    const signer = new P12Signer(p12, { passphrase });
    return signpdf.sign(withSignatureField(pdf, { name, reason, at }), signer, new Date(at));
  }

  private load(): Promise<SigningCertificate> {
    const { reports, dataDir } = this.config;
    this.certificate ??= loadCertificate(reports.certificate, dataDir, this.clock.now());
    return this.certificate;
  }
}
