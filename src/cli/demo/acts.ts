import { Job, Person, SERVICES, customer, CUSTOMERS } from './company';
import type { Random } from './random';
import { acting, Scribe } from './scribe';

const CONTRACT = { legalBasis: 'contract', purpose: 'transport of goods', dataCategories: ['contact', 'address'] };
const DUTY = {
  legalBasis: 'legal_obligation',
  purpose: 'customs clearance',
  dataCategories: ['contact', 'identification'],
};

type Act = (scribe: Scribe, person: Person, session: string, at: number, random: Random) => void;

const serviceOf = (person: Person) => (person.job === 'driver' ? SERVICES.mobile : SERVICES.portal);
const shipmentId = (random: Random) => `SHP-${random.int(20_000, 29_999)}`;

const readShipment: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_READ', 'Shipment opened', {
    context: acting(person, session, serviceOf(person), ['shipment', shipmentId(random)]),
    recordCount: 1,
  });

const createShipment: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_CREATED', 'Shipment booked', {
    context: acting(person, session, SERVICES.portal, ['shipment', shipmentId(random)]),
    subjectId: customer(random.int(0, CUSTOMERS - 1)),
    compliance: CONTRACT,
    recordCount: 1,
    details: { mode: random.pick(['road', 'sea', 'rail']), kilograms: random.int(40, 24_000) },
  });

const updateShipment: Act = (scribe, person, session, at, random) => {
  const steps = ['booked', 'collected', 'in transit', 'at customs', 'delivered'];
  const step = random.int(0, steps.length - 2);
  scribe.write(at, 'DATA_UPDATED', 'Shipment moved on', {
    context: acting(person, session, serviceOf(person), ['shipment', shipmentId(random)]),
    changes: { before: { status: steps[step] ?? '' }, after: { status: steps[step + 1] ?? '' } },
    recordCount: 1,
  });
};

const readCustomer: Act = (scribe, person, session, at, random) => {
  const id = customer(random.int(0, CUSTOMERS - 1));
  scribe.write(at, 'DATA_READ', 'Customer opened', {
    context: acting(person, session, SERVICES.portal, ['customer', id]),
    subjectId: id,
    compliance: CONTRACT,
    recordCount: 1,
  });
};

const updateCustomer: Act = (scribe, person, session, at, random) => {
  const id = customer(random.int(0, CUSTOMERS - 1));
  const days = random.pick([14, 30, 45]);
  scribe.write(at, 'DATA_UPDATED', 'Customer changed', {
    context: acting(person, session, SERVICES.portal, ['customer', id]),
    subjectId: id,
    compliance: CONTRACT,
    changes: { before: { paymentDays: days }, after: { paymentDays: days + 15 } },
    recordCount: 1,
  });
};

const exportList: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_EXPORTED', 'List of shipments saved as a spreadsheet', {
    context: acting(person, session, SERVICES.portal, ['shipment', 'list']),
    recordCount: random.int(10, 180),
    details: { format: 'xlsx' },
  });

const readInvoice: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'FINANCIAL_DATA_ACCESSED', 'Invoice opened', {
    context: acting(person, session, SERVICES.erp, ['invoice', `INV-${random.int(50_000, 59_999)}`]),
    recordCount: 1,
  });

const createInvoice: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_CREATED', 'Invoice drafted', {
    context: acting(person, session, SERVICES.erp, ['invoice', `INV-${random.int(50_000, 59_999)}`]),
    recordCount: 1,
  });

const declare: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_CREATED', 'Customs declaration prepared', {
    context: acting(person, session, SERVICES.portal, ['declaration', `DEC-${random.int(7000, 7999)}`]),
    compliance: DUTY,
    subjectId: customer(random.int(0, CUSTOMERS - 1)),
    recordCount: 1,
  });

const shareDeclaration: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'DATA_SHARED', 'Declaration sent to the customs authority', {
    context: acting(person, session, SERVICES.portal, ['declaration', `DEC-${random.int(7000, 7999)}`]),
    compliance: DUTY,
    subjectId: customer(random.int(0, CUSTOMERS - 1)),
    recordCount: 1,
    details: { recipient: 'customs authority' },
  });

const denied: Act = (scribe, person, session, at, random) =>
  scribe.write(at, 'ACCESS_DENIED', 'Page of another department refused', {
    context: acting(person, session, SERVICES.portal, ['page', random.pick(['payroll', 'settings', 'ledger'])]),
  });

/** What each job does, in the proportions given. */
const ACTS: Record<Job, [weight: number, act: Act][]> = {
  dispatcher: [
    [40, readShipment],
    [18, createShipment],
    [25, updateShipment],
    [14, readCustomer],
    [1, exportList],
    [1, denied],
  ],
  accountant: [
    [50, readInvoice],
    [30, createInvoice],
    [15, readCustomer],
  ],
  controller: [
    [60, readInvoice],
    [10, readCustomer],
  ],
  driver: [
    [50, readShipment],
    [50, updateShipment],
  ],
  customs: [
    [35, readShipment],
    [35, declare],
    [20, shareDeclaration],
  ],
  sales: [
    [50, readCustomer],
    [25, updateCustomer],
    [15, createShipment],
    [2, exportList],
    [1, denied],
  ],
  admin: [
    [60, readShipment],
    [40, readCustomer],
  ],
};

/** Writes one act of a person's usual work. */
export function act(scribe: Scribe, person: Person, session: string, at: number, random: Random): void {
  const choices = ACTS[person.job];
  let point = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    point -= weight;
    if (point < 0) return choice(scribe, person, session, at, random);
  }
}
