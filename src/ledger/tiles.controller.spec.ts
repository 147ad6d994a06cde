import { acceptsGzip } from './tiles.controller';

it.each([
  ['gzip', true],
  ['br, gzip', true],
  ['GZIP;q=0.5, br', true],
  ['gzip; q=1.0', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000, br', false],
  ['x-gzip-like', false],
  ['identity', false],
  [undefined, false],
])('a client that accepts %p is sent gzip: %p', (header, expected) => expect(acceptsGzip(header)).toBe(expected));
