/** The freight company of the demo. Addresses are of ranges reserved for documentation or private use. */
export const ZONE = 'Europe/Amsterdam';
export const SERVICES = {
  portal: 'freight-portal',
  erp: 'erp',
  mobile: 'driver-app',
  api: 'partner-api',
  jobs: 'batch',
};

export type Job = 'dispatcher' | 'accountant' | 'controller' | 'driver' | 'customs' | 'sales' | 'admin';

export interface Person {
  id: string;
  job: Job;
  /** The address this person usually works from. */
  address: string;
  userAgent: string;
}

const FIRST = ['anna', 'bram', 'carla', 'daan', 'eva', 'finn', 'gaby', 'hugo', 'ines', 'joao', 'kim', 'lars', 'maria'];
const LAST = ['visser', 'de-boer', 'silva', 'jansen', 'costa', 'bakker', 'mulder', 'pereira', 'smit', 'bos', 'vos'];
const STAFF: [Job, number][] = [
  ['dispatcher', 16],
  ['accountant', 6],
  ['controller', 2],
  ['driver', 40],
  ['customs', 6],
  ['sales', 8],
  ['admin', 3],
];
const DESKTOP = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36';
const MOBILE = 'DriverApp/4.12 (Android 15)';

export const PEOPLE: readonly Person[] = STAFF.flatMap(([job, count]) => Array.from({ length: count }, () => job)).map(
  (job, i) => ({
    id: `${FIRST[i % FIRST.length]}.${LAST[i % LAST.length]}`,
    job,
    address: job === 'driver' ? `100.64.${i}.${(i * 37) % 250}` : `10.20.${i % 4}.${10 + i}`,
    userAgent: job === 'driver' ? MOBILE : DESKTOP,
  }),
);

export const byJob = (job: Job): Person[] => PEOPLE.filter((person) => person.job === job);

/** The n-th person of a job. */
export function person(job: Job, n = 0): Person {
  const found = byJob(job)[n];
  if (!found) throw new RangeError(`there are not ${n + 1} people with the job ${job}`);
  return found;
}

/** An administrator who left the daily business; acts in an incident only. */
export const DORMANT_ADMIN: Person = {
  id: 'ruud.kuiper',
  job: 'admin',
  address: '10.20.3.99',
  userAgent: DESKTOP,
};

export const PARTNERS = ['carrier-north', 'carrier-rhine', 'port-santos', 'warehouse-moerdijk', 'customs-broker'];
export const customer = (n: number): string => `CUST-${1000 + n}`;
export const CUSTOMERS = 300;
