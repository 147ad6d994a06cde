import { ClickHouseError } from '@clickhouse/client';
import { AppError } from '../common/app-error';
import { searchError } from './search-store';

const said = (code: string) => searchError(new ClickHouseError({ code, message: 'as the server says', type: 'ANY' }));

describe('what a failed query means to the caller', () => {
  it.each([
    ['159', 504, 'QUERY_TIMEOUT'],
    ['160', 504, 'QUERY_TIMEOUT'],
    ['202', 503, 'STORE_BUSY'],
    ['241', 503, 'QUERY_TOO_LARGE'],
    ['236', 503, 'STORE_UNAVAILABLE'],
  ])('is, for the code %s of ClickHouse, %i %s', (code, status, name) => {
    const error = said(code) as AppError;
    expect(error).toBeInstanceOf(AppError);
    expect([error.status, error.code]).toEqual([status, name]);
  });

  it('is that the store does not answer if nobody listens', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(searchError(refused)).toMatchObject({ status: 503, code: 'STORE_UNAVAILABLE', cause: refused });
  });

  it('stays what it is for all that nobody foresaw', () => {
    const unknown = new ClickHouseError({ code: '62', message: 'a syntax error', type: 'SYNTAX_ERROR' });
    expect(searchError(unknown)).toBe(unknown);
  });
});
