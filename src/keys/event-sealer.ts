import { Inject, Injectable } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import type { AuditEvent } from '../events/event.schema';
import { binding, open, seal } from './crypto';
import { MacKey, Sha256Lanes } from '../ledger/sha256-lanes';
import { KeyRing } from './key-ring';
import { parsePrivateFields, PrivateFields, PrivateNames } from './private-fields';
import { Owners, SealedEvent, sealEvent } from './seal-event';
import { SubjectDirectory } from './subject-directory';

/** The id of nobody: owns private fields of events that name no person. No sender can name it, so it is never erased. */
export const UNATTRIBUTED = '';

/** What is sealed of events, and for whom: for who seals events that are still bytes. */
export interface Protection {
  names: PrivateNames;
  /** @param userId who acted @param subjectId whose data it is about, if the event says so */
  ownersOf: (userId: string | undefined, subjectId: string | undefined) => Owners;
}

/** Key and signatures of some events, 32 bytes for each; keyId 0: not signed. */
export interface Signatures {
  keyId: number;
  signatures: Buffer | undefined;
}

/** Seals and signs events of one tenant; made for the events of one request. */
export interface TenantSealer {
  seal: (event: AuditEvent, id: string) => SealedEvent;
  /** Undefined: nothing is sealed. */
  protection: Protection | undefined;
  /** Signs the checksums of envelopes, 32 bytes each, one behind the other. */
  sign: (checksums: Buffer) => Signatures;
}

/** Neither seals nor signs. */
export const PLAIN: TenantSealer = {
  seal: (event) => ({ event, sealed: undefined }),
  protection: undefined,
  sign: () => NOT_SIGNED,
};

const SEALED = 'sealed:';
const NOT_SIGNED: Signatures = { keyId: 0, signatures: undefined };

/** Gets what sealing and signing need, so that both are then plain computing. */
@Injectable()
export class EventSealer {
  private readonly fields: PrivateFields;
  private readonly names: PrivateNames;
  private signing: { key: Buffer; mac: MacKey } | undefined;

  constructor(
    private readonly ring: KeyRing,
    private readonly subjects: SubjectDirectory,
    private readonly lanes: Sha256Lanes,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.fields = parsePrivateFields(config.encryption.privateFields);
    this.names = new PrivateNames(this.fields);
  }

  /**
   * @param ids of the people that the events to be sealed name; those that are new get their keys now, durably
   * @throws AppError 503 `KEYS_UNAVAILABLE`
   */
  async prepare(tenant: string, ids: ReadonlySet<string>): Promise<TenantSealer> {
    const sign = await this.signer();
    if (!this.config.encryption.enabled) return { ...PLAIN, sign };
    const people = await this.subjects.resolve(tenant, new Set(ids).add(UNATTRIBUTED));
    const unattributed = people.get(UNATTRIBUTED);
    if (!unattributed) throw new Error('the directory left a subject out');
    const { fields } = this;
    const personOf = (id: string | undefined) => {
      if (id === undefined) return undefined;
      const person = people.get(id);
      if (!person) throw new Error('an event names a person that was not prepared');
      return person;
    };
    const ownersOf = (userId: string | undefined, subjectId: string | undefined): Owners => {
      const actor = personOf(userId);
      return { actor, subject: subjectId === undefined ? actor : personOf(subjectId), unattributed };
    };
    const sealOne = (event: AuditEvent, id: string) =>
      sealEvent(event, { tenant, id }, ownersOf(event.context?.userId, event.subjectId), fields);
    return { seal: sealOne, protection: { names: this.names, ownersOf }, sign };
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
    if (this.signing?.key !== key) this.signing = { key, mac: this.lanes.macKey(key) };
    const { mac } = this.signing;
    return (checksums) => ({ keyId: number, signatures: this.lanes.macs(mac, checksums) });
  }
}
