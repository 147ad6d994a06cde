import { parseArgs } from 'node:util';
import { FaultName, FAULTS } from './nemesis';

export const SCENARIOS = ['storm', 'clickhouse-down', 'shutdown'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  scenario: Scenario;
  seed: string;
  kills: number;
  minutes: number;
  /** Events per second over all clients. */
  rate: number;
  paceMs: number;
  apis: number;
  workers: number;
  negativeControl: boolean;
  /** What the nemesis does; undefined: everything it can. */
  only: FaultName[] | undefined;
  /** Keep the data directory after a run in which everything held. */
  keep: boolean;
  jsonFile: string | undefined;
  dir: string | undefined;
}

export const USAGE = `npm run chaos -- [options]
  --kills N            end the storm after N kills with -9 (default 40; 100 in the control)
  --minutes M          or after so many minutes (default 10; 20 in the control)
  --seed S             of the faults and of what the clients send (default 1)
  --rate N             events per second that the clients try to send (default 400; 2000 in the control)
  --pace MS            mean pause between two faults (default 1500; 400 when quick or in the control)
  --apis N --workers N processes of each kind (default 2 and 2)
  --quick              a storm of at most 25 seconds and 12 kills
  --scenario NAME      ${SCENARIOS.join(', ')} (default storm)
  --only TEXT          no faults but those whose names have this text in them, such as "alert"
  --negative-control   run a writer that trusts a deduplication token; succeeds if the checks catch it
  --json FILE          write the result there too
  --dir DIR            where to work (default: a directory of its own in the system's temporary one)
  --help               show this
  --keep               do not remove the data afterwards (data of a failed run always stays)`;

/** @throws Error with what is wrong and how it is used. */
export function readOptions(args: string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args,
    options: {
      ...{ kills: text, minutes: text, seed: text, rate: text, pace: text, apis: text, workers: text },
      ...{
        scenario: text,
        json: text,
        dir: text,
        only: text,
        help: flag,
        quick: flag,
        'negative-control': flag,
        keep: flag,
      },
    },
  });
  if (values.help) return 'help';
  const number = (name: 'kills' | 'minutes' | 'rate' | 'pace' | 'apis' | 'workers', byDefault: number) => {
    const value = Number(values[name] ?? byDefault);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0\n\n${USAGE}`);
    return value;
  };
  const scenario = SCENARIOS.find((name) => name === (values.scenario ?? 'storm'));
  if (!scenario) throw new Error(`--scenario must be one of ${SCENARIOS.join(', ')}\n\n${USAGE}`);
  const only = values.only === undefined ? undefined : FAULTS.filter((name) => name.includes(values.only ?? ''));
  if (only?.length === 0) throw new Error(`--only must be in one of these: ${FAULTS.join('; ')}`);
  const quick = values.quick ?? false;
  const control = values['negative-control'] ?? false;
  return {
    scenario,
    seed: values.seed ?? '1',
    kills: number('kills', quick ? 12 : control ? 100 : 40),
    minutes: number('minutes', quick ? 25 / 60 : control ? 20 : 10),
    rate: number('rate', control ? 2000 : 400),
    paceMs: number('pace', quick || control ? 400 : 1500),
    apis: number('apis', 2),
    workers: number('workers', 2),
    negativeControl: control,
    only: control ? ['kill ClickHouse inside an insert'] : only,
    keep: values.keep ?? false,
    jsonFile: values.json,
    dir: values.dir,
  };
}
