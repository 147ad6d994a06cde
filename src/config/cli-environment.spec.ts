import { parseCliEnvironment } from './cli-environment';

describe('parseCliEnvironment', () => {
  it('takes the data directory of this place when nothing is said', () => {
    expect(parseCliEnvironment({ AUDIT_URL: '' })).toEqual({ url: undefined, apiKey: undefined, dataDir: './data' });
  });

  it('drops the slash at the end of a URL', () => {
    expect(parseCliEnvironment({ AUDIT_URL: 'https://audit.example/', AUDIT_API_KEY: 'k' })).toMatchObject({
      url: 'https://audit.example',
      apiKey: 'k',
    });
  });

  it('refuses what is not a URL, by name', () => {
    const problems = [{ path: 'AUDIT_URL', message: 'expected a URL starting with http:// or https://' }];
    expect(() => parseCliEnvironment({ AUDIT_URL: 'localhost:3000' })).toThrow(
      expect.objectContaining({ problems }) as Error,
    );
  });
});
