import { Inject, Injectable } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import type { AuditEvent } from '../events/event.schema';
import { binding, open, seal } from './crypto';
import { HmacSigner } from './hmac-signer';
import { KeyRing } from './key-ring';
import { parsePrivateFields, PrivateFields } from './private-fields';
import { SealedEvent, sealEvent } from './seal-event';
import { SubjectDirectory } from './subject-directory';

/** The id of nobody: owns private fields of events that name no person. No sender can name it, so it is never erased. */
export const UNATTRIBUTED = '';

/** Seals and signs events of one tenant; made for the events of one request. */
export interface TenantSealer {
  seal: (event: AuditEvent, id: string) => SealedEvent;
  /** Signs the checksum of an envelope. keyId 0: not signed. Both are 32 bytes as text of one byte a character (`latin1`). */
  sign: (checksum: string) => { keyId: number; signature: string | undefined };
}

/** Neither seals nor signs. */
export const PLAIN: TenantSealer = {
  seal: (event) => ({ event, sealed: undefined }),
  sign: () => NOT_SIGNED,
};

const SEALED = 'sealed:';
const NOT_SIGNED = { keyId: 0, signature: undefined };

/** Gets what sealing and signing need, so that both are then plain computing. */
@Injectable()
export class EventSealer {
  private readonly fields: PrivateFields;
  private signing: { key: Buffer; signer: HmacSigner } | undefined;

  constructor(
    private readonly ring: KeyRing,
    private readonly subjects: SubjectDirectory,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.fields = parsePrivateFields(config.encryption.privateFields);
  }

  /**
   * @param events those that will be sealed; people in them that are new get their keys now, durably
   * @throws AppError 503 `KEYS_UNAVAILABLE`
   */
  async prepare(tenant: string, events: Iterable<AuditEvent>): Promise<TenantSealer> {
    const sign = await this.signer();
    if (!this.config.encryption.enabled) return { ...PLAIN, sign };
    const ids = new Set([UNATTRIBUTED]);
    for (const { context, subjectId } of events) {
      if (context?.userId !== undefined) ids.add(context.userId);
      if (subjectId !== undefined) ids.add(subjectId);
    }
    const people = await this.subjects.resolve(tenant, ids);
    const unattributed = people.get(UNATTRIBUTED);
    if (!unattributed) throw new Error('the directory left a subject out');
    const { fields } = this;
    const personOf = (id: string | undefined) => {
      if (id === undefined) return undefined;
      const person = people.get(id);
      if (!person) throw new Error('an event names a person that was not prepared');
      return person;
    };
    const sealOne = (event: AuditEvent, id: string) => {
      const actor = personOf(event.context?.userId);
      const subject = event.subjectId === undefined ? actor : personOf(event.subjectId);
      return sealEvent(event, { tenant, id }, { actor, subject, unattributed }, fields);
    };
    return { seal: sealOne, sign };
  }

  /**
   * Seals texts of ours that may repeat what people sent, under the key of nobody, while encryption is on. What was sealed
   * before is opened also when it is off.
   */
  async prepareTexts(tenant: string): Promise<{ seal: (text: string) => string; open: (text: string) => string }> {
    const own = (await this.subjects.resolve(tenant, new Set([UNATTRIBUTED]))).get(UNATTRIBUTED);
    if (!own) throw new Error('the directory left a subject out');
    const bound = binding('text', tenant);
    return {
      seal: (text) => (this.config.encryption.enabled ? SEALED + seal(own.key, text, bound).toString('base64') : text),
      open: (text) =>
        text.startsWith(SEALED)
          ? open(own.key, Buffer.from(text.slice(SEALED.length), 'base64'), bound).toString('utf8')
          : text,
    };
  }

  /** For the acts of the system itself: their actors are API keys and references, no people. */
  async prepareOwn(): Promise<TenantSealer> {
    return { ...PLAIN, sign: await this.signer() };
  }

  private async signer(): Promise<TenantSealer['sign']> {
    if (!this.config.signature.enabled) return PLAIN.sign;
    const { number, key } = await this.ring.active('signing');
    // By the key, not its number: a key that was lost with Redis before it reached ClickHouse leaves its number to another.
    if (this.signing?.key !== key) this.signing = { key, signer: new HmacSigner(key) };
    const { signer } = this.signing;
    return (checksum) => ({ keyId: number, signature: signer.sign(checksum) });
  }
}
