import { twoPages } from '../../test/support/two-pages';
import { PdfFile } from './pdf-file';

describe('PdfFile', () => {
  it('finds on which page the anchors of a document are', () => {
    expect(new PdfFile(twoPages()).anchors()).toEqual(
      new Map([
        ['first', 1],
        ['gdpr-art-7 b', 2],
      ]),
    );
  });

  it('finds objects by number', () => {
    const file = new PdfFile(twoPages());
    expect(file.pages()).toEqual([2, 3]);
    expect(file.object(7)).toBe('<</Type /Annot>>');
    expect(file.size).toBe(8);
  });

  it.each([
    ['nothing', Buffer.from('')],
    ['half a document', twoPages().subarray(0, -20)],
    [
      'a document without a classic table',
      Buffer.from(twoPages().toString('latin1').replace('xref', 'none'), 'latin1'),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(() => new PdfFile(bytes)).toThrow(/cannot be read/);
  });
});
