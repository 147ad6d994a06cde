/** A document of two pages with an anchor on each, as Chromium lays one out. */
export function twoPages(): Buffer {
  const objects = [
    '<</Title (T)>>',
    '<</Type /Page\n/Parent 4 0 R>>',
    '<</Type /Page\n/Annots [7 0 R]\n/Parent 4 0 R>>',
    '<</Type /Pages\n/Count 2\n/Kids [2 0 R 3 0 R]>>',
    '<</first [2 0 R /XYZ 6 826 0]\n/gdpr-art-7#20b [3 0 R /XYZ 6 826 0]>>',
    '<</Type /Catalog\n/Pages 4 0 R\n/Dests 5 0 R>>',
    '<</Type /Annot>>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const entries = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const start = text.length;
  text += `xref\n0 8\n0000000000 65535 f \n${entries}trailer\n<</Size 8\n/Root 6 0 R\n/Info 1 0 R>>\nstartxref\n${start}\n%%EOF`;
  return Buffer.from(text, 'latin1');
}
