import { NameTable } from './name-table';

describe('NameTable', () => {
  const names = ['id', 'eventType', 'occurredAt', 'severity', 'outcome', 'a', 'ä', 'abc', 'acb', 'cba'];
  const table = new NameTable(names);
  const find = (text: string) => table.find(Buffer.from(`<${text}>`), 1, 1 + Buffer.byteLength(text));

  it('finds each name wherever it stands, and nothing else', () => {
    for (const [index, name] of names.entries()) expect(find(name)).toBe(index);
    for (const other of ['', 'i', 'idx', 'eventtype', 'b', 'bac', 'severitY', 'ö']) expect(find(other)).toBe(-1);
  });

  it('keeps hundreds of names apart that look alike', () => {
    const many = Array.from({ length: 500 }, (_, i) => `AUDIT_${i}_X`);
    const large = new NameTable(many);
    for (const [index, name] of many.entries()) expect(large.find(Buffer.from(name), 0, name.length)).toBe(index);
    expect(large.find(Buffer.from('AUDIT_500_X'), 0, 11)).toBe(-1);
  });
});
