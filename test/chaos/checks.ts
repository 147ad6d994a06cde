import { Book, descriptionOf, Sent } from './book';
import type { Facts, Run, Stored } from './facts';

export interface Check {
  name: string;
  ok: boolean;
  /** Numbers that the check compared. */
  detail: string;
  /** The first few faults. */
  faults: string[];
}

const SHOWN = 5;

/** A check that holds if there is no fault. */
export function check(name: string, detail: string, faults: string[]): Check {
  const more = faults.length > SHOWN ? [`… ${faults.length} in all`] : [];
  return { name, ok: faults.length === 0, detail, faults: [...faults.slice(0, SHOWN), ...more] };
}

/** Everything that must hold between what clients know, what the store has, and what the books say. Pure. */
export function judge(book: Book, facts: Facts): Check[] {
  const byToken = new Map<string, Stored[]>();
  for (const row of facts.stored) {
    const rows = byToken.get(row.token);
    if (rows) rows.push(row);
    else byToken.set(row.token, [row]);
  }
  const ours = facts.stored.filter((row) => row.token.length > 0);
  return [
    acknowledgedIsStored(book, byToken, facts),
    storedOnce(byToken, facts),
    storedWasSent(book, ours),
    refusedIsNotStored(book, byToken),
    envelopesAreWhole(book, byToken, facts),
    leavesAreContiguous(facts),
    batchesEqualManifests(facts),
    booksBalance(facts),
    check('nothing waits', 'segments, manifests, claims, jobs, steps of alerts, notifications', facts.left),
  ];
}

function acknowledgedIsStored(book: Book, stored: Map<string, Stored[]>, facts: Facts): Check {
  const dead = new Map(facts.deadLetters.map((letter) => [letter.token, letter]));
  const takenBy = new Map<string, string>();
  for (const rows of stored.values()) for (const row of rows) takenBy.set(`${row.tenant} ${row.id}`, row.token);
  const faults: string[] = [];
  let acknowledged = 0;
  let conflicts = 0;
  for (const sent of book.sent.values()) {
    if (sent.acknowledged.length === 0) continue;
    acknowledged += 1;
    if (stored.has(sent.token)) continue;
    const letter = dead.get(sent.token);
    // Only an id that really went to another event is a reason not to be stored.
    if (letter?.reasonCode === 'ID_CONFLICT' && takenBy.has(`${sent.tenant} ${sent.id}`)) conflicts += 1;
    else faults.push(`${sent.token} was acknowledged and is lost (dead letter: ${letter?.reasonCode ?? 'none'})`);
  }
  return check(
    'acknowledged ⊆ stored or dead-lettered',
    `${acknowledged} acknowledged, ${acknowledged - conflicts - faults.length} stored, ${conflicts} dead-lettered, ${faults.length} lost`,
    faults,
  );
}

function storedOnce(stored: Map<string, Stored[]>, facts: Facts): Check {
  const faults = facts.tenants
    .filter(({ rows, ids }) => rows !== ids)
    .map(({ tenant, rows, ids }) => `${tenant}: ${rows} rows, ${ids} ids`);
  for (const [token, rows] of stored)
    if (token !== '' && rows.length > 1) faults.push(`${token} is there ${rows.length} times`);
  const sum = (field: 'rows' | 'ids') => facts.tenants.reduce((total, tenant) => total + tenant[field], 0);
  return check('nothing is stored twice', `count() ${sum('rows')}, uniqExact(id) ${sum('ids')}`, faults);
}

function storedWasSent(book: Book, ours: Stored[]): Check {
  const faults: string[] = [];
  for (const row of ours) {
    const sent = book.sent.get(row.token);
    if (!sent) faults.push(`${row.id} was never sent`);
    else if (sent.tenant !== row.tenant || (sent.id !== undefined && sent.id !== row.id))
      faults.push(`${row.token} has another tenant or id`);
    else if (row.description !== descriptionOf(row.token)) faults.push(`${row.token} has another content`);
  }
  return check('stored ⊆ sent', `${ours.length} stored of ${book.sent.size} sent`, faults);
}

function refusedIsNotStored(book: Book, stored: Map<string, Stored[]>): Check {
  const refused = (sent: Sent) => sent.refused && !sent.unknown && sent.acknowledged.length === 0;
  const faults = [...book.sent.values()]
    .filter((sent) => refused(sent) && stored.has(sent.token))
    .map(({ token }) => token);
  return check('"nothing was stored" is true', `${book.count(refused)} events refused for good`, faults);
}

/** The bytes that were acknowledged are those that are stored, wherever the client can know. */
function envelopesAreWhole(book: Book, stored: Map<string, Stored[]>, facts: Facts): Check {
  const faults = facts.corrupt > 0 ? [`${facts.corrupt} rows differ from their checksum`] : [];
  let compared = 0;
  for (const sent of book.sent.values()) {
    const row = stored.get(sent.token)?.[0];
    if (!row || sent.acknowledged.length === 0) continue;
    // Of events with the client's own ids, a copy whose answer was lost may be the stored one.
    if (sent.id !== undefined && sent.unknown) continue;
    compared += 1;
    if (!sent.acknowledged.some(({ id, checksum }) => id === row.id && checksum === row.checksum)) {
      faults.push(`${sent.token}: stored with id ${row.id} and checksum ${row.checksum}`);
    }
  }
  return check('stored bytes = acknowledged bytes', `${compared} receipts compared, all checksums recomputed`, faults);
}

function leavesAreContiguous(facts: Facts): Check {
  const faults = facts.tenants
    .filter(({ rows, leaves, firstLeaf, lastLeaf }) => rows !== leaves || firstLeaf !== 0 || lastLeaf !== rows - 1)
    .map(
      ({ tenant, rows, leaves, firstLeaf, lastLeaf }) =>
        `${tenant}: ${rows} rows, ${leaves} leaves, ${firstLeaf} to ${lastLeaf}`,
    );
  for (const { tenant, rows } of facts.tenants) {
    const next = facts.nextLeaf.get(tenant);
    if (next !== rows) faults.push(`${tenant}: next leaf is ${next}, ${rows} rows are stored`);
  }
  return check(
    'leaf indices are contiguous from 0',
    facts.tenants.map(({ tenant, rows }) => `${tenant} 0…${rows - 1}`).join(', '),
    faults,
  );
}

function batchesEqualManifests(facts: Facts): Check {
  const planned = new Map<string, Run>();
  for (const [batch, ranges] of facts.history.manifests) {
    for (const { tenant, start, count } of ranges) {
      if (facts.totals.has(tenant) && count > 0)
        planned.set(`${batch} ${tenant}`, { count, first: start, last: start + count - 1 });
    }
  }
  const faults: string[] = [];
  for (const [name, run] of planned) {
    const found = facts.batches.get(name);
    if (JSON.stringify(found) !== JSON.stringify(run))
      faults.push(`${name}: planned ${JSON.stringify(run)}, stored ${JSON.stringify(found)}`);
  }
  for (const name of facts.batches.keys()) if (!planned.has(name)) faults.push(`${name}: stored without a manifest`);
  return check(
    'every batch equals its manifest',
    `${facts.history.manifests.size} manifests, ${facts.batches.size} runs stored`,
    faults,
  );
}

function booksBalance(facts: Facts): Check {
  const faults: string[] = [];
  const sums = { accepted: 0, stored: 0, duplicates: 0, deadLettered: 0, quarantined: 0 };
  for (const [tenant, total] of facts.totals) {
    const of = (name: string) => total[name] ?? 0;
    const expect = (what: string, is: number, should: number) => {
      if (is !== should) faults.push(`${tenant}: ${what}: ${is}, should be ${should}`);
    };
    expect('accepted', of('accepted'), of('stored') + of('duplicates') + of('deadLettered'));
    expect('waitingRows', of('waitingRows'), 0);
    expect('waitingBytes', of('waitingBytes'), 0);
    expect(
      'accepted, against the segments in the log of Redis',
      of('accepted'),
      facts.history.accepted.get(tenant) ?? 0,
    );
    // With what the system itself recorded, such as alerts.
    const all = facts.tenants.find((found) => found.tenant === tenant)?.rows ?? 0;
    expect('stored + quarantined, against the store', of('stored') + of('quarantined'), all);
    const letters = facts.deadLetters.filter((letter) => letter.tenant === tenant).length;
    expect('deadLettered, against the dead letters', of('deadLettered'), letters);
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += of(name);
  }
  const { accepted, stored, duplicates, deadLettered, quarantined } = sums;
  return check(
    'accepted = stored + duplicates + dead-lettered',
    `${accepted} = ${stored} + ${duplicates} + ${deadLettered}; ${quarantined} quarantined`,
    faults,
  );
}
