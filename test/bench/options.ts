import { parseArgs } from 'node:util';

export const PARTS = ['limit', 'queue', 'naive', 'pipeline', 'latency', 'several'] as const;
export type PartName = (typeof PARTS)[number];

export interface Options {
  only: readonly PartName[];
  rounds: number;
  /** Of load on the pipeline in each round. */
  seconds: number;
  latencySeconds: number;
  /** Batches of 20,000 rows of each kind of plain insert in each round. */
  batches: number;
  queueEvents: number;
  naiveEvents: number;
  soakMinutes: number | undefined;
  /** Statistics over so many events instead of the pipeline. */
  queryEvents: number | undefined;
  /** Verification of so many events instead of the pipeline. */
  verifyEvents: number | undefined;
  /** From the 202 to the open alert instead of the pipeline, at so many events a second. */
  alertEvents: number | undefined;
  /** What recording costs an application instead of the pipeline. */
  sdk: boolean;
  /** The queries of all panels over so many events. */
  panelEvents: number | undefined;
  jsonFile: string | undefined;
  /** Where the API and worker processes leave CPU profiles when they end. */
  profileDir: string | undefined;
}

export const USAGE = `npm run bench -- [options]
  --quick          a shorter run of the same, less than three minutes on an idle machine
  --rounds N       interleaved rounds (default 5; quick 2)
  --seconds S      load on the pipeline in each round (default 60; quick 8)
  --only A,B       of ${PARTS.join(', ')}
  --soak MINUTES   nothing but the pipeline under full load: memory over time
  --queries        nothing but statistics over 50 million events (--events N for another number)
  --panels         nothing but the queries of all dashboards over 50 million events (--events N for another number)
  --alerts         nothing but the time to an open alert, with 50 rules and 10,000 events a second (--events N for another number)
  --sdk            nothing but what recording an event costs the application
  --verify         nothing but verification of a ledger of 2 million events (--events N for another number)
  --profile DIR    CPU profiles of API and workers
  --json FILE      write the result there too
  --help`;

/** @throws Error for an option that does not exist or has a bad value */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      soak: { type: 'string' },
      queries: { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      panels: { type: 'boolean', default: false },
      alerts: { type: 'boolean', default: false },
      sdk: { type: 'boolean', default: false },
      events: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  return {
    only: values.only.split(',').map(partName),
    rounds: number('rounds', values.rounds, quick ? 2 : 5),
    seconds: number('seconds', values.seconds, quick ? 8 : 60),
    latencySeconds: quick ? 8 : 60,
    batches: quick ? 6 : 10,
    queueEvents: quick ? 20_000 : 40_000,
    naiveEvents: quick ? 15_000 : 40_000,
    soakMinutes: values.soak === undefined ? undefined : number('soak', values.soak, 10),
    queryEvents: values.queries ? number('events', values.events, 50_000_000) : undefined,
    verifyEvents: values.verify ? number('events', values.events, 2_000_000) : undefined,
    alertEvents: values.alerts ? number('events', values.events, 10_000) : undefined,
    sdk: values.sdk,
    panelEvents: values.panels ? number('events', values.events, 50_000_000) : undefined,
    jsonFile: values.json,
    profileDir: values.profile,
  };
}

function partName(name: string): PartName {
  const found = PARTS.find((part) => part === name);
  if (!found) throw new Error(`--only knows ${PARTS.join(', ')}, not ${name}`);
  return found;
}

function number(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${text}`);
  return value;
}
