import { AppError } from '../common/app-error';

/**
 * Reads a PDF as Chromium writes it: a classic cross-reference table, one revision, dictionaries outside streams. Enough to find
 * pages and to add a signature; no general reader. Texts are latin1, so that positions are those of the bytes.
 */
export class PdfFile {
  private readonly text: string;
  private readonly offsets = new Map<number, number>();
  readonly trailer: string;
  /** Where the cross-reference table begins. */
  readonly startXref: number;

  /** @throws AppError `PDF_UNREADABLE` */
  constructor(readonly bytes: Buffer) {
    this.text = bytes.toString('latin1');
    const tail = /trailer\s*(<<[^]*>>)\s*startxref\s+(\d+)\s+%%EOF\s*$/.exec(
      this.text.slice(this.text.lastIndexOf('trailer')),
    );
    if (!tail) throw unreadable('it has no trailer');
    [, this.trailer = ''] = tail;
    this.startXref = Number(tail[2]);
    this.readOffsets();
  }

  /** Number of the object that a key of a dictionary points to. @throws AppError `PDF_UNREADABLE` */
  static reference(dictionary: string, key: string): number {
    const found = new RegExp(`/${key}\\s+(\\d+)\\s+0\\s+R`).exec(dictionary);
    if (!found) throw unreadable(`it has no ${key}`);
    return Number(found[1]);
  }

  get size(): number {
    return Number(/\/Size\s+(\d+)/.exec(this.trailer)?.[1]);
  }

  /** What stands between `obj` and `endobj`. @throws AppError `PDF_UNREADABLE` */
  object(number: number): string {
    const offset = this.offsets.get(number);
    const begin = offset === undefined ? -1 : this.text.indexOf('obj', offset);
    const end = this.text.indexOf('endobj', begin);
    if (begin < 0 || end < 0) throw unreadable(`object ${number} is missing`);
    return this.text.slice(begin + 3, end).trim();
  }

  /** Numbers of the page objects, in order. */
  pages(): number[] {
    const catalog = this.object(PdfFile.reference(this.trailer, 'Root'));
    return this.pagesBelow(PdfFile.reference(catalog, 'Pages'));
  }

  /** Anchors of the document that links point to → page number, from 1. */
  anchors(): Map<string, number> {
    const catalog = this.object(PdfFile.reference(this.trailer, 'Root'));
    if (!/\/Dests\s/.test(catalog)) return new Map();
    const pages = new Map(this.pages().map((object, i) => [object, i + 1]));
    const anchors = this.object(PdfFile.reference(catalog, 'Dests')).matchAll(/\/([^\s/[]+)\s*\[(\d+) 0 R/g);
    return new Map([...anchors].map(([, name = '', page]) => [unescapeName(name), pages.get(Number(page)) ?? 0]));
  }

  private pagesBelow(number: number): number[] {
    const dictionary = this.object(number);
    if (!/\/Type\s*\/Pages/.test(dictionary)) return [number];
    const kids = /\/Kids\s*\[([^\]]*)\]/.exec(dictionary)?.[1] ?? '';
    return [...kids.matchAll(/(\d+) 0 R/g)].flatMap(([, kid]) => this.pagesBelow(Number(kid)));
  }

  private readOffsets(): void {
    const table = this.text.slice(this.startXref);
    if (!table.startsWith('xref')) throw unreadable('its cross-reference table is no classic one');
    let first = 0;
    let index = 0;
    for (const line of table.split('\n').slice(1)) {
      const entry = /^(\d{10}) \d{5} ([nf])/.exec(line);
      const section = /^(\d+) (\d+)\s*$/.exec(line);
      if (entry) {
        if (entry[2] === 'n') this.offsets.set(first + index, Number(entry[1]));
        index++;
      } else if (section) {
        first = Number(section[1]);
        index = 0;
      } else break;
    }
  }
}

const unescapeName = (name: string) =>
  name.replace(/#([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const unreadable = (why: string) =>
  new AppError('PDF_UNREADABLE', 500, `the PDF that Chromium made cannot be read: ${why}`);
