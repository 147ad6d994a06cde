import type { Severity } from '../events/event-types';

export const REGULATIONS = ['gdpr', 'lgpd', 'sox'] as const;
export type Regulation = (typeof REGULATIONS)[number];

export const LANGUAGES = ['en', 'pt'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One text in every language of a report. */
export type Words = Readonly<Record<Language, string>>;

/**
 * What a control's events show:
 * - `evidenced`: events show that it works, and none shows that it failed;
 * - `partial`: some of what is demanded is shown, the rest has no events;
 * - `exception`: at least one event, or one missing answer, shows that it failed;
 * - `no_events`: nothing in the period speaks for or against it; never read as good;
 * - `attestation_needed`: events cannot show it, a person has to attest it.
 */
export const CONTROL_STATUSES = ['evidenced', 'partial', 'exception', 'no_events', 'attestation_needed'] as const;
export type ControlStatus = (typeof CONTROL_STATUSES)[number];

/** Events that a status rests on. */
export interface Evidence {
  id: string;
  title: Words;
  /** Events of the period that match. */
  count: number;
  /** Query string of `GET /audit/api/events`, with the period: it finds these events again. `null` where no filter can. */
  filters: string | null;
  /** Ids of up to five of the events, the newest first; each has a proof at `GET /audit/api/events/{id}/proof`. */
  samples: string[];
}

/** One thing that went wrong, or that somebody should look at. */
export interface Finding {
  severity: Severity;
  /** What happened, with its values; identifiers of persons are references, never plain. */
  title: Words;
  /** When it happened or fell due, UTC, ISO 8601. */
  occurredAt: string;
  /** The events that show it. */
  eventIds: string[];
}

export interface ControlResult {
  /** Stable: `gdpr-art-7-consent`. */
  id: string;
  /** The place in the law: `Art. 7(3)`. */
  article: string;
  title: Words;
  /** What the law demands, in plain words. */
  demand: Words;
  status: ControlStatus;
  /** Why it has this status, with the numbers. */
  reason: Words;
  evidence: Evidence[];
  /** The gravest and newest first, at most `FINDINGS_SHOWN`. */
  findings: Finding[];
  /** All findings, also those not listed. */
  findingCount: number;
}

export const FINDINGS_SHOWN = 50;

/**
 * One regulation, control by control, over one period of one tenant. The same events, period and code give the same
 * assessment: nothing in it depends on the clock but `asOf`.
 */
export interface Assessment {
  regulation: Regulation;
  tenant: string;
  /** Start of the period, inclusive, and its end, exclusive; UTC, ISO 8601. */
  from: string;
  to: string;
  /** IANA zone in which days and deadlines are counted. */
  timeZone: string;
  /** Deadlines are judged as of this instant: the end of the period, or the time of asking if that is earlier. */
  asOf: string;
  /** Events of the period, all types. */
  events: number;
  /** Of them, events about persons whose keys are destroyed. */
  erasedEvents: number;
  controls: ControlResult[];
}
