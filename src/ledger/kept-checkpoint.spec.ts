import { checkpointText } from './checkpoint';
import { keptNote } from './kept-checkpoint';

const note = (tenant: string, size: number) =>
  `${checkpointText({ origin: `log/${tenant}`, size, root: Buffer.alloc(32), time: undefined })}\n— log/${tenant} AAAA\n`;
const line = (tenant: string, size: number) => `${JSON.stringify({ tenant, size, note: note(tenant, size) })}\n`;
const isAcme = (origin: string) => origin === 'log/acme';

describe('a checkpoint that was kept', () => {
  it('is a note as it is', () => expect(keptNote(note('acme', 5), isAcme)).toBe(note('acme', 5)));

  it('is the largest of its ledger in a witness file, whatever was cut there', () => {
    const file = line('acme', 5) + '{"tenant":"acme","si\n' + line('acme', 70) + line('acme', 8) + line('other', 99);
    expect(keptNote(file, isAcme)).toBe(note('acme', 70));
  });

  it('is not there when the file is of other ledgers', () => {
    expect(() => keptNote(line('other', 1), isAcme)).toThrow('none of this ledger');
  });
});
