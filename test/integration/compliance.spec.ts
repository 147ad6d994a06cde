import { Assessment, ControlResult, Regulation } from '../../src/compliance/assessment';
import { generateDemo } from '../../src/cli/demo/generator';
import { ZONE } from '../../src/cli/demo/company';
import { TestTenant, waitFor } from '../support/system';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const END = Math.floor(Date.now() / HOUR) * HOUR;

/** What each violation of the demo has to show up in, and nothing else may be an exception. */
const EXPECTED: Record<Regulation, Record<string, string[]>> = {
  gdpr: {
    'gdpr-art-5-1-f': ['night-export'],
    'gdpr-art-7-3': ['consent-ignored'],
    'gdpr-art-32-access': ['brute-force', 'dormant-admin'],
  },
  lgpd: {
    'lgpd-art-6-security': ['night-export'],
    'lgpd-art-8-5': ['consent-ignored'],
    'lgpd-art-19': ['overdue-request'],
    'lgpd-art-46-access': ['brute-force', 'dormant-admin'],
  },
  sox: {
    'sox-404-access-granted': ['dormant-admin'],
    'sox-404-authentication': ['brute-force'],
    'sox-404-change': ['self-approved-change'],
    'sox-404-cutoff': ['backdated-transaction'],
    'sox-404-privileged': ['dormant-admin'],
  },
};
const REGULATIONS = Object.keys(EXPECTED) as Regulation[];

describe('an assessment of the month of the demo', () => {
  let tenant: TestTenant;
  const incidentOf = new Map<string, string>();
  const assessments = {} as Record<Regulation, Assessment>;
  const period = `from=${new Date(END - 30 * DAY).toISOString()}&to=${new Date(END).toISOString()}&timeZone=${ZONE}`;
  const assess = (regulation: Regulation, query = period) =>
    tenant.get<Assessment>(`compliance/assessment?regulation=${regulation}&${query}`);
  const controlOf = (id: string): ControlResult => {
    const all = REGULATIONS.flatMap((regulation) => assessments[regulation].controls);
    return all.find((control) => control.id === id) ?? missing(id);
  };

  beforeAll(async () => {
    tenant = await TestTenant.create();
    const demo = generateDemo({ days: 30, seed: '1', eventsPerDay: 60, end: END });
    for (const { name, events } of demo.incidents) for (const { id } of events) incidentOf.set(id, name);
    const events = [...demo.eventsByDay()].flat();
    const answer = await tenant.request('events', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    });
    expect(await answer.json()).toMatchObject({ rejected: 0 });
    await tenant.waitForCount(events.length, 'category=' + ALL_BUT_AUDIT.join('&category='));
    // What an account did long ago is read from the counts of days, which follow the events.
    await waitFor(
      async () => {
        const found = await assess('sox');
        return (
          found.controls.some(({ id, status }) => id === 'sox-404-privileged' && status === 'exception') || undefined
        );
      },
      { what: () => 'the events to be counted' },
    );
    for (const regulation of REGULATIONS) assessments[regulation] = await assess(regulation);
  });

  it.each(REGULATIONS)(
    'under %s has each planted violation as an exception of its control, and no other',
    (regulation) => {
      const found = assessments[regulation].controls.filter(({ status }) => status === 'exception');
      const shown = found.map(({ id, findings }) => [
        id,
        findings.map(({ eventIds }) => [...new Set(eventIds.map((event) => incidentOf.get(event)))].join('?')).sort(),
      ]);
      expect(Object.fromEntries(shown)).toEqual(EXPECTED[regulation]);
    },
  );

  it('has nothing evidenced that has no events, and says why in both languages', () => {
    const controls = REGULATIONS.flatMap((regulation) => assessments[regulation].controls);
    expect(controls.filter(({ status }) => status === 'evidenced').length).toBeGreaterThan(15);
    for (const { status, evidence, reason } of controls) {
      if (status === 'evidenced') expect(evidence.some(({ count }) => count > 0)).toBe(true);
      if (status === 'no_events') expect(evidence.every(({ count }) => count === 0)).toBe(true);
      expect([reason.en, reason.pt].every((text) => text.length > 10)).toBe(true);
    }
    expect(controlOf('gdpr-art-17').status).toBe('no_events');
    expect(controlOf('sox-302-certification').status).toBe('attestation_needed');
    expect(controlOf('gdpr-art-12-3')).toMatchObject({ status: 'evidenced', findingCount: 0 });
  });

  it('has counts that the search reproduces, and samples that are among what it finds', async () => {
    const evidence = REGULATIONS.flatMap((regulation) =>
      assessments[regulation].controls.flatMap((each) => each.evidence),
    );
    const countable = new Map(
      evidence.flatMap((each) => (each.filters === null ? [] : [[each.filters, each] as const])),
    );
    expect(countable.size).toBeGreaterThan(10);
    for (const [filters, { count, samples }] of countable) {
      expect(await tenant.get(`events/count?${filters}`)).toEqual({ total: count });
      expect(samples).toHaveLength(Math.min(count, 5));
      if (samples.length === 0) continue;
      const ids = samples.map((id) => `&id=${id}`).join('');
      expect(await tenant.get(`events/count?${filters}${ids}`)).toEqual({ total: samples.length });
    }
  });

  it('names no person', () => {
    const text = JSON.stringify(assessments);
    const people = [...new Set(generateDemo({ days: 30, seed: '1', eventsPerDay: 60, end: END }).incidents)]
      .flatMap(({ events }) => events)
      .flatMap((event) => [event.context?.userId, event.subjectId].filter((id) => id !== undefined));
    expect(people.length).toBeGreaterThan(20);
    expect(people.filter((id) => text.includes(id))).toEqual([]);
  });

  it('is the same when it is asked for again', async () => {
    expect(await assess('lgpd')).toEqual(assessments.lgpd);
  });

  it('shows nothing as good of a period without events', async () => {
    // Before the demo there is only what the dormant administrator did half a year ago.
    const quiet = `from=${new Date(END - 100 * DAY).toISOString()}&to=${new Date(END - 60 * DAY).toISOString()}`;
    for (const regulation of REGULATIONS) {
      const { controls, events } = await assess(regulation, quiet);
      expect(events).toBe(0);
      expect(new Set(controls.map(({ status }) => status))).toEqual(new Set(['no_events', 'attestation_needed']));
    }
  });
});

describe('asking for an assessment', () => {
  let tenant: TestTenant;
  beforeAll(async () => (tenant = await TestTenant.create()));

  it.each([
    ['regulation=gdp', 'regulation "gdp" is none of gdpr, lgpd, sox; did you mean gdpr?'],
    ['', 'regulation is needed: one of gdpr, lgpd, sox'],
    ['regulation=sox&from=2026-11-01&to=2026-11-01', 'to must be after from: the period is empty'],
    ['regulation=sox&from=2100-01-01&to=2100-02-01', 'from must be in the past: the period has not begun'],
    ['regulation=sox&timeZone=Mars/Base', 'timeZone must be an IANA time zone such as Europe/Lisbon'],
    ['regulation=sox&from=2026-02-31', 'from must be a time as in RFC 3339'],
  ])('of "%s" answers what is wrong with it', async (query, detail) => {
    const answer = await tenant.request(`compliance/assessment?${query}`);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { detail: string }).detail).toContain(detail);
  });

  it('needs the right to read reports', async () => {
    for (const path of ['assessment?regulation=gdpr', 'controls']) {
      expect((await tenant.request(`compliance/${path}`, { role: 'ingest' })).status).toBe(403);
      expect((await tenant.request(`compliance/${path}`, { role: 'viewer' })).status).toBe(200);
    }
  });

  it('shows what is demanded and tested', async () => {
    type Item = { id: string; regulation: string; checks: { id: string }[]; evidence: { eventTypes: string[] }[] };
    const { items } = await tenant.get<{ items: Item[] }>('compliance/controls?regulation=sox');
    expect(new Set(items.map(({ regulation }) => regulation))).toEqual(new Set(['sox']));
    expect(items.find(({ id }) => id === 'sox-404-change')?.checks.map(({ id }) => id)).toEqual(['changes-approved']);
    const everything = await tenant.get<{ items: Item[] }>('compliance/controls');
    expect(everything.items.length).toBeGreaterThanOrEqual(45);
  });
});

const ALL_BUT_AUDIT = [
  ...['authentication', 'authorization', 'data', 'security', 'compliance', 'financial'],
  ...['user', 'api', 'configuration', 'system'],
];

function missing(id: string): never {
  throw new Error(`no control ${id}`);
}
