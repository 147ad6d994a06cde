import type { DateTime } from 'luxon';
import { person, SERVICES } from './company';
import type { Random } from './random';
import { acting, Scribe } from './scribe';

const HOUR = 3_600_000;
const DAY_OF_ANSWER = 5;

/** What an office does on a working day beside its daily acts: bookings with approval, consents, requests, changes. */
export function writeOffice(scribe: Scribe, day: DateTime, random: Random): void {
  const date = day.toISODate() ?? '';
  const at = (hour: number) => day.toMillis() + (hour + random.next() * 0.5) * HOUR;
  writeBookings(scribe, date, at, random);
  writeConsents(scribe, date, at, random);
  writeRequests(scribe, day, at);
  if (day.weekday === 2 || day.weekday === 4) writeChange(scribe, date, at);
  if (day.weekday === 1) writeJoiner(scribe, date, at);
  if (day.weekday === 5) writeWeekEnd(scribe, date, at);
}

type At = (hour: number) => number;

/** Payments booked by accountants on the day they happen, each approved by a controller a little later. */
function writeBookings(scribe: Scribe, date: string, at: At, random: Random): void {
  const count = random.int(8, 14);
  for (let n = 0; n < count; n++) {
    const booker = person('accountant', random.int(0, 5));
    const approver = person('controller', random.int(0, 1));
    const transactionId = `TX-${date}-${n}`;
    const amount = Math.round(random.around(4200, 1300) * 100) / 100;
    const time = at(8.5 + (n % 6));
    scribe.write(time, 'FINANCIAL_TRANSACTION', 'Payment booked', {
      context: acting(booker, `s-${date}-b${n}`, SERVICES.erp, ['transaction', transactionId]),
      amount,
      currency: 'EUR',
      details: {
        transactionId,
        bookingDate: date,
        preparedBy: booker.id,
        kind: random.pick(['supplier', 'freight', 'fuel']),
      },
    });
    scribe.write(time + random.int(20, 150) * 60_000, 'FINANCIAL_APPROVAL_GRANTED', 'Payment approved', {
      context: acting(approver, `s-${date}-c${n}`, SERVICES.erp, ['transaction', transactionId]),
      amount,
      currency: 'EUR',
      details: { transactionId, preparedBy: booker.id, approvedBy: approver.id },
    });
  }
}

/** Contacts who agree to the newsletter get it the same day; one of them withdraws in the evening. */
function writeConsents(scribe: Scribe, date: string, at: At, random: Random): void {
  const seller = person('sales', random.int(0, 7));
  const count = random.int(3, 5);
  for (let n = 0; n < count; n++) {
    const subjectId = `contact-${date}-${n}`;
    const consentId = `consent-${date}-${n}`;
    const compliance = { legalBasis: 'consent', purpose: 'newsletter', consentId, dataCategories: ['contact'] };
    const context = acting(seller, `s-${date}-n`, SERVICES.portal, ['contact', subjectId]);
    scribe.write(at(9 + n * 0.5), 'CONSENT_GRANTED', 'Agreed to the newsletter', { context, subjectId, compliance });
    scribe.write(at(14), 'DATA_READ', 'Newsletter sent', { context, subjectId, compliance, recordCount: 1 });
    if (n === 0)
      scribe.write(at(19), 'CONSENT_REVOKED', 'Withdrew from the newsletter', { context, subjectId, compliance });
  }
}

/** A request every third day, answered five days on: by day number, so that any period agrees with any other. */
function writeRequests(scribe: Scribe, day: DateTime, at: At): void {
  const number = Math.round(day.setZone('utc', { keepLocalTime: true }).toMillis() / 86_400_000);
  const clerk = person('sales', 0);
  const request = (n: number) => {
    const law = n % 2 === 0 ? ('GDPR' as const) : ('LGPD' as const);
    const requestId = `${law}-${n}`;
    return { law, requestId, subjectId: `contact-${n}`, right: n % 4 < 2 ? 'access' : 'rectification' };
  };
  const opensOn = (n: number) => n % 3 === 0 && (n + 3) % 7 < 5;
  const parts = (n: number) => {
    const { law, requestId, subjectId, right } = request(n);
    const context = acting(clerk, `s-${n}-r`, SERVICES.portal, ['request', requestId]);
    return { context, subjectId, details: { requestId, regulation: law, right } };
  };
  if (opensOn(number)) {
    const { law } = request(number);
    scribe.write(at(10), `${law}_REQUEST`, 'A person asked about their data', parts(number));
  }
  // Requests of the days since the last working day's answers fall due today.
  const back = day.weekday === 1 ? 2 : 0;
  for (let n = number - DAY_OF_ANSWER - back; n <= number - DAY_OF_ANSWER; n++) {
    if (opensOn(n)) scribe.write(at(15), 'DATA_SUBJECT_REQUEST_COMPLETED', 'Request answered', parts(n));
  }
}

/** A change asked for by one administrator, approved by another and then made. */
function writeChange(scribe: Scribe, date: string, at: At): void {
  const [maker, approver] = [person('admin', 0), person('admin', 1)];
  const changeId = `CHG-${date}`;
  scribe.write(at(16), 'CONFIGURATION_CHANGED', 'Tariff table changed', {
    context: acting(maker, `s-${date}-a`, SERVICES.portal, ['setting', 'tariffs']),
    changes: { before: { version: 1 }, after: { version: 2 } },
    details: { changeId, requestedBy: maker.id, approvedBy: approver.id },
  });
}

function writeJoiner(scribe: Scribe, date: string, at: At): void {
  const [admin, approver] = [person('admin', 1), person('admin', 2)];
  const newcomer = `temp.${date}`;
  const context = acting(admin, `s-${date}-j`, SERVICES.portal, ['user', newcomer]);
  const details = { requestedBy: person('dispatcher').id, approvedBy: approver.id };
  scribe.write(at(8.5), 'USER_CREATED', 'Account of a temporary dispatcher opened', { context, details });
  scribe.write(at(9.5), 'ROLE_ASSIGNED', 'Role dispatcher given', {
    context,
    details: { ...details, role: 'dispatcher' },
  });
}

function writeWeekEnd(scribe: Scribe, date: string, at: At): void {
  const controller = person('controller', 0);
  const erp = (id: string) => acting(controller, `s-${date}-w`, SERVICES.erp, ['report', id]);
  scribe.write(at(15), 'FINANCIAL_CONTROL_EXECUTED', 'Weekly reconciliation signed off', {
    context: erp(`REC-${date}`),
    details: { control: 'bank reconciliation', result: 'passed' },
  });
  scribe.write(at(16.5), 'FINANCIAL_REPORT_GENERATED', 'Weekly result reported', { context: erp(`REP-${date}`) });
  const admin = person('admin', 1);
  const user = mondayBefore(date);
  scribe.write(at(17.5), 'USER_DEACTIVATED', 'Account of the temporary dispatcher closed', {
    context: acting(admin, `s-${date}-w`, SERVICES.portal, ['user', `temp.${user}`]),
    details: { reason: 'contract ended' },
  });
}

/** The Monday before a Friday. */
function mondayBefore(friday: string): string {
  return new Date(Date.parse(`${friday}T00:00:00Z`) - 4 * 86_400_000).toISOString().slice(0, 10);
}
