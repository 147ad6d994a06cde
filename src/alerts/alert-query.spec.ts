import { readQuery } from '../search/query-parameters';
import { alertQuery } from './alert-query';

describe('the query of alerts', () => {
  it('takes a status once or several times, and asks for those to do without one', () => {
    expect(readQuery(alertQuery, { status: 'resolved' }).status).toEqual(['resolved']);
    expect(readQuery(alertQuery, { status: ['open', 'resolved'] }).status).toEqual(['open', 'resolved']);
    expect(readQuery(alertQuery, {}).status).toEqual(['open', 'acknowledged']);
  });
});
