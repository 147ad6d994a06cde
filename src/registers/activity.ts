import { z } from 'zod';

const text = (max: number, what: string) => z.string().trim().min(1).max(max).describe(what);
const list = (what: string) => z.array(text(256, what)).max(100).default([]).describe(what);

export const LEGAL_BASES = [
  'consent',
  'contract',
  'legal_obligation',
  'vital_interests',
  'public_task',
  'legitimate_interests',
  'research',
  'exercise_of_rights',
  'health_protection',
  'credit_protection',
] as const;

/** One activity of the record of processing: Art. 30(1) GDPR, Art. 37 LGPD. It names roles and departments, no people. */
export const activity = z.strictObject({
  name: text(256, 'What it is called'),
  purposes: list('What for; `compliance.purpose` of events').refine((all) => all.length > 0, 'names no purpose'),
  legalBasis: z.enum(LEGAL_BASES).describe('`compliance.legalBasis` of events'),
  subjectCategories: list('Categories of data subjects, such as customers'),
  dataCategories: list('Categories of personal data; `compliance.dataCategories` of events'),
  recipients: list('Categories of recipients'),
  transfers: list('Third countries, with what safeguards them'),
  retention: text(1024, 'How long the data is kept').optional(),
  measures: text(4096, 'Technical and organisational measures').optional(),
  controller: text(256, 'Controller, and joint controllers').optional(),
  services: list('Applications that belong to it; `context.service` of events'),
  resourceTypes: list('Kinds of resources that belong to it; `context.resourceType` of events'),
});
export type Activity = z.output<typeof activity>;

/** An activity as it stands in the record. */
export interface DeclaredActivity {
  id: string;
  version: number;
  declared: Activity;
  deleted: boolean;
  changedBy: string;
  /** ms since the epoch. */
  changedAt: number;
}

/** Processing of other people's data that events tell of, of one application and kind of resource. Times in ms. */
export interface ObservedProcessing {
  service: string;
  resourceType: string;
  purpose: string;
  legalBasis: string;
  dataCategories: string[];
  events: number;
  subjects: number;
  firstAt: number;
  lastAt: number;
  /** The newest events, up to five. */
  eventIds: string[];
}

export interface Deviation {
  activity: string;
  observed: ObservedProcessing;
  /** What the declaration says otherwise. */
  members: ('purposes' | 'legalBasis' | 'dataCategories')[];
}

/** The record against what events tell. */
export interface ActivityComparison {
  /** Activities in force, with the events that belong to them. */
  declared: { activity: DeclaredActivity; events: number; lastAt: number | null }[];
  /** Ids of those to which no event belongs. */
  declaredNotObserved: string[];
  observedNotDeclared: ObservedProcessing[];
  deviations: Deviation[];
}

/**
 * Compares the record with what was observed. Something observed belongs to each activity that names its application and its kind of
 * resource; one that names neither has to name its purpose.
 */
export function compareActivities(
  declared: readonly DeclaredActivity[],
  observed: readonly ObservedProcessing[],
): ActivityComparison {
  const tally = new Map(declared.map(({ id }) => [id, { events: 0, lastAt: null as number | null }]));
  const observedNotDeclared: ObservedProcessing[] = [];
  const deviations: Deviation[] = [];
  for (const seen of observed) {
    const owners = declared.filter((each) => belongs(seen, each.declared));
    if (owners.length === 0) observedNotDeclared.push(seen);
    for (const { id } of owners) {
      const of = tally.get(id);
      if (of) [of.events, of.lastAt] = [of.events + seen.events, Math.max(of.lastAt ?? 0, seen.lastAt)];
    }
    // Of several activities, that which fits best explains it.
    const gaps = owners.map(({ id, declared: said }) => ({ activity: id, members: differences(seen, said) }));
    const best = gaps.sort((a, b) => a.members.length - b.members.length)[0];
    if (best && best.members.length > 0) deviations.push({ ...best, observed: seen });
  }
  return {
    declared: declared.map((each) => ({ activity: each, ...(tally.get(each.id) ?? { events: 0, lastAt: null }) })),
    declaredNotObserved: [...tally].filter(([, { events }]) => events === 0).map(([id]) => id),
    observedNotDeclared,
    deviations,
  };
}

function belongs({ service, resourceType, purpose }: ObservedProcessing, said: Activity): boolean {
  if (said.services.length === 0 && said.resourceTypes.length === 0) return said.purposes.includes(purpose);
  const fits = (all: string[], one: string) => all.length === 0 || all.includes(one);
  return fits(said.services, service) && fits(said.resourceTypes, resourceType);
}

function differences(seen: ObservedProcessing, said: Activity): Deviation['members'] {
  const others = seen.dataCategories.filter((category) => !said.dataCategories.includes(category));
  return [
    ...(seen.purpose !== '' && !said.purposes.includes(seen.purpose) ? (['purposes'] as const) : []),
    ...(seen.legalBasis !== '' && seen.legalBasis !== said.legalBasis ? (['legalBasis'] as const) : []),
    ...(others.length > 0 ? (['dataCategories'] as const) : []),
  ];
}
