import { fieldBinding, seal } from '../keys/crypto';
import type { EventItem } from '../search/event-item';
import { packageEvent, PackageHead, packageText } from './data-package';

const [ANN, BOB] = ['sub_aaaaaaaaaaaaaaaaaaaaaa', 'sub_bbbbbbbbbbbbbbbbbbbbbb'];
const KEY = Buffer.alloc(32, 1);
const person = { references: [ANN], id: 'ann', keys: new Map([[ANN, KEY]]) };

const item = (actor: string, subjectId: string, more: object = {}): EventItem =>
  ({
    ...{ v: 1, tenant: 'acme', id: 'e-1', eventType: 'DATA_UPDATED', occurredAt: '2026-11-01T08:00:00.000Z' },
    ...{ outcome: 'success', description: 'Changed', retainUntil: '2033-01-01', subjectId },
    context: {
      userId: actor,
      ipAddress: '203.0.113.9',
      service: 'portal',
      resourceType: 'customer',
      resourceId: 'C-1',
    },
    ...{ details: { note: 'seen' }, ...more },
  }) as unknown as EventItem;
const sealed = (key: Buffer, field: string, value: string) => ({
  [field]: seal(key, JSON.stringify([value]), fieldBinding('acme', 'e-1', field)).toString('base64url'),
});

describe('an event in the package of a person', () => {
  it('opens what is sealed for the person, and says nothing of who else acted', () => {
    const event = packageEvent(item(BOB, ANN, { sealed: sealed(KEY, 'details.email', 'ann@example.com') }), person);
    expect(event).toMatchObject({ role: 'subject', details: { email: 'ann@example.com', note: 'seen' } });
    expect(event.context).toEqual({ service: 'portal', resourceType: 'customer', resourceId: 'C-1' });
  });

  it('tells what the person did, without the contents of what belongs to others', () => {
    const event = packageEvent(
      item(ANN, BOB, { sealed: sealed(Buffer.alloc(32, 2), 'details.email', 'bob@b') }),
      person,
    );
    expect(event).toMatchObject({ role: 'actor', context: { userId: 'ann', ipAddress: '203.0.113.9' } });
    expect(JSON.stringify(event)).not.toMatch(/seen|sealed|sub_b|C-1/);
  });

  it('withholds what is sealed under the key of somebody else in what is shared', () => {
    const own = item(ANN, ANN, { sealed: sealed(Buffer.alloc(32, 2), 'details.email', 'someone') });
    expect(packageEvent(own, person)).toMatchObject({ role: 'both', details: { email: { altered: true } } });
    const unopened = packageEvent(item(BOB, ANN, { sealed: sealed(KEY, 'context.userAgent', 'Mozilla') }), person);
    expect(JSON.stringify(unopened)).not.toContain('Mozilla');
  });
});

it('is one JSON text, however many events it has', async () => {
  const head = { format: 'mcp-audit-data-package/1', person: 'ann' } as unknown as PackageHead;
  const text = async (events: ReturnType<typeof packageEvent>[]) => {
    const pieces: string[] = [];
    for await (const piece of packageText(head, each(events))) pieces.push(piece);
    return JSON.parse(pieces.join('')) as object;
  };
  const event = packageEvent(item(BOB, ANN), person);
  expect(await text([])).toEqual({ ...head, events: [] });
  expect(await text([event, event])).toEqual({ ...head, events: [event, event] });
});

// eslint-disable-next-line @typescript-eslint/require-await
async function* each<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}
