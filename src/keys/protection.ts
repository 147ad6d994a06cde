import { Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Config, CONFIG } from '../config/config';

const gauge = (name: string, help: string) => new Gauge({ name, help, aggregator: 'min' });
const encryption = gauge(
  'audit_encryption_enabled',
  '1 while personal data is sealed; 0 if any process stores it in plain',
);
const signatures = gauge('audit_signature_enabled', '1 while events are signed; 0 if any process leaves them unsigned');

/** What an operator has to be told for as long as protection is switched off. */
export function protectionWarnings({ encryption: sealing, signature }: Config): string[] {
  const warnings: string[] = [];
  if (!sealing.enabled) {
    warnings.push(
      'personal data is stored in plain, for good, and out of the reach of any erasure (AUDIT_ENCRYPTION_ENABLED=false)',
    );
  }
  if (!signature.enabled) warnings.push('events are stored without signatures (AUDIT_SIGNATURE_ENABLED=false)');
  return warnings;
}

/** Says in the log and in the metrics of every process what is switched off. */
@Injectable()
export class ProtectionNotice implements OnApplicationBootstrap {
  private readonly log = new Logger('Keys');

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    for (const warning of protectionWarnings(this.config)) this.log.warn(warning);
    encryption.set(Number(this.config.encryption.enabled));
    signatures.set(Number(this.config.signature.enabled));
  }
}
