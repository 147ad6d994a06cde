import { PdfFile } from './pdf-file';

/** Room for the signature with the certificates of its chain, bytes. */
const SIGNATURE_BYTES = 16_384;

/** Who signed, when and why, as readers of the document show it. */
export interface SignatureFacts {
  name: string;
  reason: string;
  /** ms since the epoch. */
  at: number;
}

/**
 * Adds an invisible signature field with room for a detached PKCS#7 signature, as an incremental update: the bytes of the
 * document stay, and what comes is appended, as ISO 32000-1, 12.8 wants it.
 */
export function withSignatureField(pdf: Buffer, facts: SignatureFacts): Buffer {
  const file = new PdfFile(pdf);
  const [page] = file.pages();
  if (page === undefined) throw new TypeError('a document without pages cannot be signed');
  const root = PdfFile.reference(file.trailer, 'Root');
  const info = PdfFile.reference(file.trailer, 'Info');
  const [signature, field] = [file.size, file.size + 1];
  const objects = new Map([
    [root, withEntry(file.object(root), `/AcroForm <</SigFlags 3 /Fields [${field} 0 R]>>`)],
    [page, withAnnotation(file.object(page), field)],
    [signature, signatureDictionary(facts)],
    [
      field,
      `<</Type /Annot /Subtype /Widget /FT /Sig /T (Signature) /F 132 /Rect [0 0 0 0] /P ${page} 0 R /V ${signature} 0 R>>`,
    ],
  ]);
  let update = '\n';
  const offsets = new Map<number, number>();
  for (const [number, body] of objects) {
    offsets.set(number, pdf.length + update.length);
    update += `${number} 0 obj\n${body}\nendobj\n`;
  }
  const start = pdf.length + update.length;
  const entries = [...offsets]
    .toSorted(([a], [b]) => a - b)
    .map(([number, at]) => `${number} 1\n${String(at).padStart(10, '0')} 00000 n \n`);
  update +=
    `xref\n${entries.join('')}trailer\n<</Size ${field + 1} /Root ${root} 0 R /Info ${info} 0 R /Prev ${file.startXref}>>\n` +
    `startxref\n${start}\n%%EOF\n`;
  return Buffer.concat([pdf, Buffer.from(update, 'latin1')]);
}

function signatureDictionary({ name, reason, at }: SignatureFacts): string {
  const stamp = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return [
    '<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached',
    // The place that the signing library looks for, as long as any byte range.
    '/ByteRange [0 /********** /********** /**********]',
    `/Contents <${'0'.repeat(2 * SIGNATURE_BYTES)}>`,
    `/Name ${pdfText(name)} /Reason ${pdfText(reason)} /M (D:${stamp}+00'00')>>`,
  ].join('\n');
}

/** Text in any alphabet: UTF-16, in hex. */
const pdfText = (text: string) => `<FEFF${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`;

const withEntry = (dictionary: string, entry: string) => dictionary.replace(/>>$/, `\n${entry}>>`);

function withAnnotation(page: string, annotation: number): string {
  return /\/Annots\s*\[/.test(page)
    ? page.replace(/\/Annots\s*\[/, `/Annots [${annotation} 0 R `)
    : withEntry(page, `/Annots [${annotation} 0 R]`);
}
