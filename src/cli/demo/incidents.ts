import type { DateTime } from 'luxon';
import type { ImportedEvent } from '../import/parser';
import { DORMANT_ADMIN, person, SERVICES } from './company';
import { acting, Scribe } from './scribe';

export const INCIDENTS = [
  'brute-force',
  'night-export',
  'consent-ignored',
  'overdue-request',
  'self-approved-change',
  'dormant-admin',
  'backdated-transaction',
] as const;
export type IncidentName = (typeof INCIDENTS)[number];

export interface Incident {
  name: IncidentName;
  /** What happened, for whoever plays with the demo. */
  summary: string;
  events: ImportedEvent[];
}

/** A moment some days before the last day of the demo. */
type Moment = (daysBack: number, hour: number, minute?: number, second?: number) => number;
type Plant = (scribe: Scribe, at: Moment) => string;

const SECOND = 1000;

const PLANTS: Record<IncidentName, Plant> = {
  'brute-force': (scribe, at) => {
    const victim = person('accountant', 2);
    const attacker = { ...victim, address: '203.0.113.45', userAgent: 'python-requests/2.32' };
    const start = at(12, 22, 14);
    for (let n = 0; n < 42; n++) {
      const context = acting(attacker, 's-attack', SERVICES.portal);
      scribe.write(start + n * 13 * SECOND, 'LOGIN_FAILED', 'Wrong password', { context, details: { attempt: n + 1 } });
    }
    const inside = start + 42 * 13 * SECOND;
    const context = acting(attacker, 's-attack', SERVICES.portal);
    scribe.write(inside, 'LOGIN_SUCCESS', 'Signed in', { context });
    for (let n = 0; n < 6; n++) {
      const invoice = acting(attacker, 's-attack', SERVICES.erp, ['invoice', `INV-${58_000 + n}`]);
      const parts = { context: invoice, recordCount: 1 };
      scribe.write(inside + (n + 1) * 40 * SECOND, 'FINANCIAL_DATA_ACCESSED', 'Invoice opened', parts);
    }
    return `42 failed logins on ${victim.id} from ${attacker.address}, then a successful one`;
  },
  'night-export': (scribe, at) => {
    const thief = { ...person('sales', 5), address: '203.0.113.77' };
    const time = at(6, 2, 37);
    scribe.write(time, 'LOGIN_SUCCESS', 'Signed in', { context: acting(thief, 's-night', SERVICES.portal) });
    scribe.write(time + 240 * SECOND, 'DATA_EXPORTED', 'All customers saved as a spreadsheet', {
      context: acting(thief, 's-night', SERVICES.portal, ['customer', 'list']),
      compliance: {
        legalBasis: 'contract',
        purpose: 'transport of goods',
        dataCategories: ['contact', 'address', 'bank'],
      },
      recordCount: 48_210,
      details: { format: 'csv', megabytes: 96 },
    });
    scribe.write(time + 420 * SECOND, 'LOGOUT', 'Signed out', { context: acting(thief, 's-night', SERVICES.portal) });
    return `${thief.id} exported 48,210 customers at half past two in the night`;
  },
  'consent-ignored': (scribe, at) => {
    const seller = person('sales', 3);
    const subjectId = 'contact-withdrawn-1';
    const compliance = {
      legalBasis: 'consent',
      purpose: 'newsletter',
      consentId: 'consent-withdrawn-1',
      dataCategories: ['contact'],
    };
    const context = acting(seller, 's-letter', SERVICES.portal, ['contact', subjectId]);
    scribe.write(at(22, 11, 5), 'CONSENT_GRANTED', 'Agreed to the newsletter', { context, subjectId, compliance });
    scribe.write(at(18, 16, 20), 'CONSENT_REVOKED', 'Withdrew from the newsletter', { context, subjectId, compliance });
    scribe.write(at(14, 14, 10), 'DATA_READ', 'Newsletter sent', { context, subjectId, compliance, recordCount: 1 });
    return `newsletter sent to ${subjectId} four days after consent was withdrawn`;
  },
  'overdue-request': (scribe, at) => {
    const clerk = person('sales', 0);
    const requestId = 'LGPD-overdue-1';
    scribe.write(at(27, 10, 30), 'LGPD_REQUEST', 'A person asked about their data', {
      context: acting(clerk, 's-desk', SERVICES.portal, ['request', requestId]),
      subjectId: 'contact-waiting-1',
      details: { requestId, regulation: 'LGPD', right: 'access' },
    });
    return `request ${requestId} was opened 27 days before the end and never answered (15 days allowed)`;
  },
  'self-approved-change': (scribe, at) => {
    const admin = person('admin', 2);
    scribe.write(at(8, 17, 48), 'CONFIGURATION_CHANGED', 'Approval limit of payments raised', {
      context: acting(admin, 's-change', SERVICES.erp, ['setting', 'payment-approval-limit']),
      severity: 'high',
      changes: { before: { limit: 10_000 }, after: { limit: 250_000 } },
      details: { changeId: 'CHG-self-1', requestedBy: admin.id, approvedBy: admin.id },
    });
    return `${admin.id} raised the approval limit and approved that change alone`;
  },
  'dormant-admin': (scribe, at) => {
    const usual = acting(DORMANT_ADMIN, 's-old', SERVICES.portal);
    scribe.write(at(140, 9, 2), 'LOGIN_SUCCESS', 'Signed in', { context: usual });
    scribe.write(at(140, 16, 40), 'LOGOUT', 'Signed out', { context: usual });
    const back = { ...DORMANT_ADMIN, address: '203.0.113.140' };
    const time = at(10, 3, 12);
    scribe.write(time, 'LOGIN_SUCCESS', 'Signed in', { context: acting(back, 's-back', SERVICES.portal) });
    scribe.write(time + 90 * SECOND, 'PERMISSION_GRANTED', 'Right to export customers given', {
      context: acting(back, 's-back', SERVICES.portal, ['user', person('sales', 5).id]),
      severity: 'high',
      details: { permission: 'customers:export', requestedBy: back.id, to: person('sales', 5).id },
    });
    scribe.write(time + 300 * SECOND, 'LOGOUT', 'Signed out', { context: acting(back, 's-back', SERVICES.portal) });
    return `${back.id}, an administrator silent for 130 days, came back at night and gave rights away`;
  },
  'backdated-transaction': (scribe, at) => {
    const booker = person('accountant', 4);
    const approver = person('controller', 1);
    const transactionId = 'TX-backdated-1';
    const time = at(4, 17, 55);
    const bookingDate = new Date(at(46, 12)).toISOString().slice(0, 10);
    const parts = { amount: 87_400, currency: 'EUR' };
    scribe.write(time, 'FINANCIAL_TRANSACTION', 'Payment booked into a closed period', {
      context: acting(booker, 's-late', SERVICES.erp, ['transaction', transactionId]),
      ...parts,
      details: { transactionId, bookingDate, preparedBy: booker.id, kind: 'supplier', periodClosed: true },
    });
    scribe.write(time + 600 * SECOND, 'FINANCIAL_APPROVAL_GRANTED', 'Payment approved', {
      context: acting(approver, 's-late2', SERVICES.erp, ['transaction', transactionId]),
      ...parts,
      details: { transactionId, preparedBy: booker.id, approvedBy: approver.id },
    });
    return `${booker.id} booked EUR 87,400 as of ${bookingDate}, 42 days back`;
  },
};

/** The incidents of a demo whose last day is `lastDay` (midnight, in the company's zone). */
export function plantIncidents(lastDay: DateTime, seed: string): Incident[] {
  const at: Moment = (daysBack, hour, minute = 0, second = 0) =>
    lastDay.minus({ days: daysBack }).set({ hour, minute, second }).toMillis();
  return INCIDENTS.map((name) => {
    const scribe = new Scribe(`${seed} ${name} ${lastDay.toISODate()}`);
    const summary = PLANTS[name](scribe, at);
    return { name, summary, events: scribe.events };
  });
}
