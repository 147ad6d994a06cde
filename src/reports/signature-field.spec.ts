import { twoPages } from '../../test/support/two-pages';
import { PdfFile } from './pdf-file';
import { withSignatureField } from './signature-field';

const facts = { name: 'Reports', reason: 'Relatório', at: Date.UTC(2026, 10, 23, 6, 7, 8) };

describe('withSignatureField', () => {
  const pdf = twoPages();
  const signed = withSignatureField(pdf, facts);
  const added = signed.subarray(pdf.length).toString('latin1');

  it('leaves the bytes of the document as they were', () => {
    expect(signed.subarray(0, pdf.length).equals(pdf)).toBe(true);
  });

  it('points from the new table to the old one, and to where the new objects are', () => {
    expect(added).toContain(`/Prev ${new PdfFile(pdf).startXref}`);
    for (const [, number, at] of added.matchAll(/(\d+) 1\n(\d{10}) 00000 n/g)) {
      expect(signed.subarray(Number(at), Number(at) + 8).toString('latin1')).toMatch(new RegExp(`^${number} 0 obj`));
    }
    expect(signed.subarray(Number(/startxref\n(\d+)/.exec(added)?.[1])).toString('latin1')).toMatch(/^xref\n/);
  });

  it('puts the field on the first page and into the form', () => {
    expect(added).toMatch(/\/AcroForm <<\/SigFlags 3 \/Fields \[9 0 R\]>>/);
    expect(added).toMatch(/\/Type \/Page\n\/Parent 4 0 R\n\/Annots \[9 0 R\]/);
    expect(added).toContain("/M (D:20261123060708+00'00')");
  });
});
