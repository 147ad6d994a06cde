import { AppError } from '../common/app-error';
import { readCursor, writeCursor } from './cursor';
import { countQuery, listQuery } from './event-query';
import { whereBehind, whereEvents } from './event-where';
import { RawQuery, readQuery } from './query-parameters';

const ID = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';
const list = (raw: RawQuery) => readQuery(listQuery, raw);

function refused(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the query of the list', () => {
  it('has defaults', () => {
    expect(list({})).toEqual({ limit: 100, order: 'desc', reveal: false });
  });

  it('takes a parameter once or repeated, with commas as plain characters', () => {
    expect(list({ service: 'a,b' }).service).toEqual(['a,b']);
    expect(list({ severity: ['high', 'critical'] }).severity).toEqual(['high', 'critical']);
  });

  it('reads times with any offset and dates as midnight UTC', () => {
    expect(list({ from: '2015-12-10T08:00:00+02:00', to: '2015-12-11' })).toMatchObject({
      from: Date.UTC(2015, 11, 10, 6),
      to: Date.UTC(2015, 11, 11),
    });
  });

  it.each([
    ['a time without an offset', { from: '2015-12-10T08:00:00' }, 'from'],
    ['a day that is none', { to: '2015-02-30' }, 'to'],
    ['a repeated single parameter', { text: ['a', 'b'] }, 'text'],
    ['a limit of nothing', { limit: '0' }, 'limit'],
    ['a limit beyond the cap', { limit: '1001' }, 'limit'],
    ['a limit with a fraction', { limit: '1.5' }, 'limit'],
    ['an address that is none', { ipAddress: '300.1.1.1' }, 'ipAddress'],
    ['an id that is none', { id: ['x'] }, 'id'],
    ['an empty value', { userId: '' }, 'userId'],
  ])('refuses %s and names it', (_, raw, path) => {
    const error = refused(() => list(raw));
    expect(error).toMatchObject({ status: 400, code: 'QUERY_INVALID' });
    expect(error.problems?.map((p) => p.path)).toEqual([path]);
  });

  it('names the nearest parameters and values', () => {
    expect(refused(() => list({ user_id: 'x' })).message).toContain('did you mean userId');
    expect(refused(() => list({ severity: 'hihg' })).message).toContain('did you mean high?');
    expect(refused(() => list({ constructor: 'x' })).problems?.[0]?.path).toBe('constructor');
  });

  it('reports all faults together', () => {
    expect(refused(() => list({ limit: 'x', nonsense: 'x', order: 'up' })).problems).toHaveLength(3);
  });

  it('knows time zones that ClickHouse knows, and no offsets', () => {
    expect(readQuery(countQuery, { timezone: 'America/Sao_Paulo' }).timezone).toBe('America/Sao_Paulo');
    expect(refused(() => readQuery(countQuery, { timezone: '+02:00' })).problems?.[0]?.path).toBe('timezone');
    expect(refused(() => readQuery(countQuery, { timezone: 'Mars/Olympus' })).problems?.[0]?.path).toBe('timezone');
  });
});

describe('the condition', () => {
  it('names the tenant first and binds every value', () => {
    const evil = "x' OR 1=1 --";
    const where = whereEvents('acme', list({ userId: evil, text: evil, service: evil, resourceId: evil }));
    expect(where.sql.startsWith('tenant = {tenant:String}')).toBe(true);
    expect(where.sql).not.toContain(evil);
    expect(where.params).toMatchObject({ tenant: 'acme', userId: [evil], text: evil });
  });

  it('turns a least severity into those from it on', () => {
    expect(whereEvents('a', list({ minSeverity: 'high' })).params.minSeverity).toEqual(['high', 'critical']);
  });

  it('keeps times within what a column can hold', () => {
    const { params } = whereEvents('a', list({ from: '0001-01-01', to: '9999-12-31' }));
    expect(params).toMatchObject({ from: Date.UTC(1900, 0, 1), to: Date.UTC(2299, 11, 31, 23, 59, 59, 999) });
  });

  it('continues behind a place in the direction of the order', () => {
    const where = whereEvents('a', {});
    const place = { occurredAt: 5, id: ID };
    expect(whereBehind(where, place, 'asc').sql).toContain('(occurred_at, id) > (');
    expect(whereBehind(where, place, 'desc').sql).toContain('(occurred_at, id) < (');
    expect(whereBehind(where, place, 'desc').params).toMatchObject({ tenant: 'a', cursorTime: 5, cursorId: ID });
  });
});

describe('a cursor', () => {
  const place = { occurredAt: 1_449_730_546_000, id: ID };

  it('comes back as the place it was made of', () => {
    expect(readCursor(writeCursor('asc', place), 'asc')).toEqual(place);
  });

  it('is refused for the other order', () => {
    expect(refused(() => readCursor(writeCursor('asc', place), 'desc'))).toMatchObject({ status: 400 });
  });

  it.each(['', 'x', '!!!', Buffer.from('["asc",1]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'is refused when broken: %p',
    (text) => {
      expect(refused(() => readCursor(text, 'asc'))).toMatchObject({ status: 400, code: 'CURSOR_INVALID' });
    },
  );
});
