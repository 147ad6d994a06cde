import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { canonicalize } from '../events/canonical-json';
import { parseVerifierKey } from '../ledger/checkpoint';
import { keptNote } from '../ledger/kept-checkpoint';
import { leafHash } from '../ledger/merkle';
import { verifyDirectory } from '../ledger/verify-offline';
import { parseJson } from './client';
import { collect, connect, withTenant } from './context';
import { EXIT, explain, print, printable, printJson, UsageError } from './output';
import { Progress } from './progress';

/** Exit codes beside 0, which says that all is sound. */
const UNSOUND = EXIT.failed;
const NOT_VERIFIED = EXIT.usage;

const finding = z.object({
  kind: z.string(),
  leafIndex: z.number().nullable(),
  eventId: z.string().nullable(),
  detail: z.string(),
  columns: z.array(z.string()).optional(),
  reference: z.string().optional(),
});
const findings = z.object({ total: z.number(), byKind: z.record(z.string(), z.number()), listed: z.array(finding) });
const outcome = z.looseObject({
  sound: z.boolean(),
  size: z.number(),
  events: z.number(),
  tiles: z.number(),
  faults: findings,
  notes: findings,
});
const report = outcome.extend({
  ...{ tenant: z.string(), from: z.number(), to: z.number() },
  ...{ signatures: z.number(), checkpoints: z.number(), waiting: z.number() },
});
const line = z.union([
  z.object({ progress: z.object({ done: z.number(), total: z.number() }) }),
  z.object({ id: z.string(), report }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);
const me = z.looseObject({ tenant: z.string() });

interface Options {
  tenant?: string;
  from?: string;
  to?: string;
  events?: string;
  checkpoint?: string;
  offline?: string;
  key?: string[];
  json?: boolean;
}

/** A leaf index or a time. */
function bound(option: string, text: string | undefined): number | string | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageError(`${option} must be a leaf index or a time such as 2026-11-01`);
  return new Date(time).toISOString();
}

const receipt = z.looseObject({
  id: z.string().optional(),
  leafIndex: z.number().int().optional(),
  leafHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** The event itself, in a line of an export. */
  event: z.looseObject({ id: z.string() }).optional(),
});
/** Members of the lines of an export that are no events: what proves those, and the checkpoint. */
const PROVING = ['gap', 'tile', 'ledger'];
const receipts = z.looseObject({ receipts: z.array(receipt) });

interface Expected {
  id: string | null;
  leafHash: string;
  leafIndex: number | null;
}

/** Events of a file: lines of an export as NDJSON, or what ingest answered with `?receipts=true`. */
async function readEvents(file: string): Promise<Expected[]> {
  const events: Expected[] = [];
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++;
    if (text.trim() === '') continue;
    const value = parseJson(text);
    const many = receipts.safeParse(value);
    for (const each of many.success ? many.data.receipts : [receipt.parse(value)]) {
      const hash = each.event ? hashOf(each.event) : each.leafHash;
      if (hash !== undefined) {
        events.push({ id: each.event?.id ?? each.id ?? null, leafHash: hash, leafIndex: each.leafIndex ?? null });
      } else if (!PROVING.some((member) => member in each)) {
        throw new UsageError(`${file}, line ${number}: is neither a receipt nor a line of an NDJSON export`);
      }
    }
  }
  return events;
}

const hashOf = (event: unknown): string => leafHash(Buffer.from(canonicalize(event))).toString('hex');

async function verifySystem(options: Options): Promise<z.infer<typeof report>> {
  const client = await connect(options);
  const tenant = options.tenant ?? (await client.json('GET', 'ledger', me)).tenant;
  const body = {
    ...{ from: bound('--from', options.from), to: bound('--to', options.to) },
    ...(options.checkpoint !== undefined && {
      checkpoint: keptNote(await readFile(options.checkpoint, 'utf8'), (origin) => origin.endsWith(`/${tenant}`)),
    }),
    ...(options.events !== undefined && { events: await readEvents(options.events) }),
  };
  const response = await client.request('POST', `ledger/${encodeURIComponent(tenant)}/verifications`, {
    json: body,
    repeatable: true,
  });
  const progress = new Progress(process.stderr);
  const began = Date.now();
  for await (const text of linesOf(response)) {
    const said = line.parse(parseJson(text));
    if ('error' in said) throw new AppError(said.error.code, 503, said.error.message);
    if ('report' in said) {
      progress.clear();
      return said.report;
    }
    const { done, total } = said.progress;
    const rate = Math.round(done / Math.max(0.001, (Date.now() - began) / 1000));
    progress.update(() => ({ done, total, text: `${done} of ${total} events, ${rate} a second` }));
  }
  throw new AppError('VERIFY_BROKEN', 502, 'the connection ended before the report came; try again');
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function verifyOffline(dir: string, options: Options) {
  if (!options.key) {
    throw new UsageError(
      '--offline needs --key, the public key of the ledger (GET /audit/api/ledger/keys), got from elsewhere',
    );
  }
  const keys = options.key.map(parseVerifierKey);
  const isOwn = (origin: string) => keys.some(({ name }) => name === origin);
  const progress = new Progress(process.stderr);
  const found = await verifyDirectory(
    {
      dir,
      keys,
      older: options.checkpoint && keptNote(await readFile(options.checkpoint, 'utf8'), isOwn),
    },
    ({ done, total }) => progress.update(() => ({ done, total, text: `${done} of ${total} leaves` })),
  );
  progress.clear();
  return found;
}

function show(found: z.infer<typeof outcome>): void {
  const shown = (each: z.infer<typeof finding>) => {
    const where = each.leafIndex === null ? (each.reference ?? '') : `leaf ${each.leafIndex}`;
    return printable(
      `  ${each.kind}: ${[where, each.eventId ?? ''].filter((text) => text !== '').join(', ')}: ${each.detail}`,
    );
  };
  for (const fault of found.faults.listed) print(shown(fault));
  const unlisted = found.faults.total - found.faults.listed.length;
  if (unlisted > 0) print(`  … and ${unlisted} more`);
  for (const [kind, count] of Object.entries(found.notes.byKind)) print(`note: ${count} ${kind}`);
  const scope = `${found.events} events, ${found.tiles} tiles above them, tree of ${found.size} leaves`;
  print(found.sound ? `sound: ${scope}` : `NOT SOUND: ${found.faults.total} fault(s) in ${scope}`);
}

async function verify(options: Options): Promise<void> {
  try {
    const found: z.infer<typeof outcome> =
      options.offline === undefined
        ? await verifySystem(options)
        : outcome.parse(await verifyOffline(options.offline, options));
    if (options.json) printJson(found);
    else show(found);
    if (!found.sound) process.exitCode = UNSOUND;
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = NOT_VERIFIED;
  }
}

export function verifyCommand(): Command {
  return withTenant(new Command('verify'))
    .summary('verify the log: hashes, columns, signatures, tree, checkpoints')
    .description(
      'Recomputes every hash from the stored bytes and names each fault by event and leaf. Exit codes: 0 sound, 1 faults, 2 could not verify.',
    )
    .option('--from <leaf|time>', 'first event')
    .option('--to <leaf|time>', 'behind the last event')
    .option('--events <file>', 'events that the log must hold: an NDJSON export, or receipts of ingest')
    .option(
      '--checkpoint <file>',
      'a checkpoint got earlier, which the log must continue: a note, or a file of a witness',
    )
    .option('--offline <dir>', 'verify a directory of tlog-tiles instead of the running system')
    .option('--key <key>', 'public key of the ledger, name+id+key, for --offline; may be repeated', collect)
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mcp-audit verify
  mcp-audit verify --from 2026-11-01 --to 2026-12-01 --json
  mcp-audit verify --checkpoint kept-elsewhere.txt
  mcp-audit verify --offline ./mirror --key "$(cat ledger.key)"`,
    )
    .action(verify);
}
