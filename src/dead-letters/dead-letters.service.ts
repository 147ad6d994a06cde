import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { sameEvent } from '../events/envelope';
import { derivedUuidV7 } from '../events/uuid';
import { OwnAct, SelfAudit } from '../ingest/self-audit';
import type { DeadLetter } from './dead-letter';
import { DeadLetterArchive } from './dead-letter-archive';
import { Decision, Decisions } from './decisions';
import { replayRow } from './replay-row';

/**
 * Decides what becomes of dead letters. A decision is fixed in Redis, recorded in the log, then kept with the letter; if that
 * breaks off, deciding the same again finishes it.
 */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly archive: DeadLetterArchive,
    private readonly decisions: Decisions,
    private readonly audit: SelfAudit,
    private readonly clock: Clock,
  ) {}

  /**
   * Sends the event of a letter on its way again, as it was. If the store still refuses it, it becomes another letter.
   * Replaying a letter again changes nothing.
   * @throws AppError 404; 409 if it was discarded, is not what was accepted, or meets another event of its id; 503
   */
  async replay(caller: Principal, id: string): Promise<DeadLetter> {
    const letter = await this.archive.get(caller.tenant, id);
    if (letter.state !== 'waiting') return decidedAs(letter, letter.state, 'replayed');
    const row = replayRow(letter);
    if (!row) {
      throw new AppError(
        'DEAD_LETTER_ALTERED',
        409,
        'the envelope is not the one that was accepted: its checksum differs. Find out who changed it, then discard it',
      );
    }
    const other = await this.archive.storedEvent(letter.tenant, letter.eventId);
    if (other !== undefined && !sameEvent(other, letter.envelope)) {
      throw new AppError(
        'ID_CONFLICT',
        409,
        `the log holds another event ${letter.eventId} with other content; send this one under a new id and discard the letter`,
      );
    }
    decidedAs(letter, await this.decisions.replay(letter, row), 'replayed');
    return this.finish(caller, letter, 'replayed', '');
  }

  /**
   * Gives a letter up for good; it stays readable. Discarding it again changes nothing.
   * @throws AppError 404, 409 if it was replayed, 503
   */
  async discard(caller: Principal, id: string, reason: string): Promise<DeadLetter> {
    const letter = await this.archive.get(caller.tenant, id);
    if (letter.state !== 'waiting') return decidedAs(letter, letter.state, 'discarded');
    decidedAs(letter, await this.decisions.discard(letter), 'discarded');
    return this.finish(caller, letter, 'discarded', reason);
  }

  private async finish(caller: Principal, letter: DeadLetter, state: Decision, note: string): Promise<DeadLetter> {
    await this.audit.record(letter.tenant, actOf(caller, letter, state, note), caller);
    const at = this.clock.now();
    const decided = await this.archive.decide(letter, { state, by: caller.keyId, at, note });
    await this.decisions.settled(letter);
    return decided;
  }
}

/** The letter, if the decision taken is the one asked for. */
function decidedAs(letter: DeadLetter, taken: Decision, asked: Decision): DeadLetter {
  if (taken === asked) return letter;
  throw new AppError('DEAD_LETTER_DECIDED', 409, `this letter was ${taken}, and that is for good`);
}

/** The same act by the same key has the same id, so that a repeat after a failure is recorded once. */
function actOf(caller: Principal, letter: DeadLetter, state: Decision, note: string): OwnAct {
  const { id, eventId, reasonCode, checksum, createdAt } = letter;
  return {
    id: derivedUuidV7(JSON.stringify([state, id, caller.keyId, note]), createdAt),
    eventType: state === 'replayed' ? 'AUDIT_DEAD_LETTER_REPLAYED' : 'AUDIT_DEAD_LETTER_DISCARDED',
    description: `The dead letter ${id} was ${state}`,
    context: { resourceType: 'dead-letter', resourceId: id },
    details: { eventId, reasonCode, checksum, ...(note !== '' && { reason: note }) },
  };
}
