import { Command } from 'ioredis';
import { SetPieces } from './set-pieces';

describe('SetPieces', () => {
  it.each([
    ['short', [Buffer.from('ä\r\n$5'), Buffer.from([0, 255, 13, 10])]],
    ['long', [Buffer.alloc(70_000, 'x'), Buffer.alloc(0), Buffer.from('end')]],
  ])('sends what the library sends for the pieces joined: %s', (_, pieces) => {
    const key = 'mcp-audit:payload:ä';
    const joined = new Command('set', [key, Buffer.concat(pieces), 'EX', '60'], {});
    const own = new SetPieces(key, pieces, 60);
    const sent = own.toWritable().toString('latin1').replace('\r\nSET\r\n', '\r\nset\r\n');
    expect(sent).toBe((joined.toWritable({}) as Buffer).toString('latin1'));
    own.release();
    own.release();
  });
});
