import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = ['pdftotext', 'pdfsig', 'pdffonts', 'pdfinfo', 'qpdf'];

const isThere = (tool: string): boolean => {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Whether the tools of others that judge a PDF are there; deploy/setup.sh brings them for tests where it can. */
export const pdfToolsPresent = TOOLS.every(isThere);
if (!pdfToolsPresent) {
  process.stderr.write('skipped: checks of PDF by pdftotext, pdfsig and qpdf (Debian: poppler-utils, qpdf)\n');
}

export interface PdfJudgement {
  text: string;
  signature: string;
  fonts: string;
  info: string;
  /** Where links lead, by name; and the names of the places in the document that links can lead to. */
  links: string[];
  places: string[];
}

/** What tools that know nothing of us say of a PDF. Faults that qpdf finds are thrown. */
export async function judgePdf(pdf: Buffer): Promise<PdfJudgement> {
  const dir = await mkdtemp(join(tmpdir(), 'mcp-audit-pdf-'));
  const file = join(dir, 'report.pdf');
  const run = async (tool: string, ...args: string[]) =>
    (await promisify(execFile)(tool, args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  try {
    await writeFile(file, pdf);
    await run('qpdf', '--check', file);
    return {
      text: await run('pdftotext', '-layout', file, '-'),
      signature: await run('pdfsig', file),
      fonts: await run('pdffonts', file),
      info: await run('pdfinfo', file),
      ...linksOf(JSON.parse(await run('qpdf', '--json', '--json-key=qpdf', file)) as QpdfJson),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The objects of a document, by `obj:N G R`. */
interface QpdfJson {
  qpdf: [unknown, Record<string, { value?: Record<string, unknown> }>];
}

function linksOf({ qpdf: [, objects] }: QpdfJson): Pick<PdfJudgement, 'links' | 'places'> {
  const values = Object.values(objects).flatMap(({ value }) => (value ? [value] : []));
  const catalog = values.find((value) => value['/Type'] === '/Catalog');
  const destinations = objects[`obj:${String(catalog?.['/Dests'])}`]?.value ?? {};
  return {
    links: values.filter((value) => value['/Subtype'] === '/Link').map((value) => String(value['/Dest'])),
    places: Object.keys(destinations),
  };
}
