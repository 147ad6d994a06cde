import { detail, personIn, rowCheck } from './check';

/** Words in categories of data that name one of those that Art. 9 GDPR and Art. 5(II) LGPD protect. */
const SENSITIVE = [
  ...[
    'health',
    'medical',
    'saude',
    'saúde',
    'genetic',
    'biometric',
    'biometria',
    'religi',
    'politic',
    'union',
    'sindical',
  ],
  ...['ethnic', 'racial', 'race', 'sexual', 'sex_life', 'sensitive', 'sensivel', 'sensível'],
];
/** Bases that suffice for usual data, but not for sensitive data. */
const USUAL_BASES = ['contract', 'legitimate_interest', 'legitimate_interests', 'credit_protection', ''];
const CHILDREN = ['child', 'minor', 'crianca', 'criança', 'adolescent'];

const hasCategory = (words: readonly string[]): string =>
  `arrayExists(c -> multiSearchAnyCaseInsensitiveUTF8(c, [${words.map((word) => `'${word}'`).join(', ')}]), data_categories)`;

/** Somebody else's data. */
const ABOUT_SOMEONE = "subject != '' AND subject != actor";
const PROCESSING = { category: ['data'] as const };
const DESTINATION = `upper(${detail('country')})`;
const SAFEGUARD = `coalesce(nullIf(${detail('safeguard')}, ''), nullIf(${detail('transferMechanism')}, ''), '')`;

/** The European Economic Area, and countries for which the Commission has found the protection adequate without conditions. */
const EEA = 'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IS IT LI LV LT LU MT NL NO PL PT RO SK SI ES SE';
const ADEQUATE = 'AD AR FO GG IL IM JP JE NZ KR CH GB UY';

function transferCheck(home: string) {
  return rowCheck({
    cases: { en: 'Data given to another country', pt: 'Dados enviados a outro país' },
    fault: { en: 'without a safeguard named', pt: 'sem garantia indicada' },
    severity: 'high',
    filter: { eventType: ['DATA_SHARED', 'DATA_EXPORTED'] },
    and: `${DESTINATION} != '' AND NOT has(splitByChar(' ', '${home}'), ${DESTINATION})`,
    values: [DESTINATION],
    faulty: `${SAFEGUARD} = ''`,
    say: ([country = '']) => ({
      en: `Data went to ${country} without a safeguard named`,
      pt: `Dados enviados a ${country} sem garantia indicada`,
    }),
  });
}

export const PRIVACY_CHECKS = {
  'large-exports': rowCheck({
    cases: { en: 'Exports', pt: 'Exportações' },
    fault: { en: 'larger than allowed', pt: 'maiores do que o permitido' },
    severity: 'critical',
    filter: { eventType: ['DATA_EXPORTED'] },
    params: ({ policy }) => ({ largeExport: policy.largeExport }),
    values: ['actor', 'ifNull(record_count, 0)'],
    faulty: 'ifNull(record_count, 0) >= {largeExport:UInt64}',
    say: ([actor = '', records = '']) => ({
      en: `${personIn(actor).en} exported ${records} records at once`,
      pt: `${personIn(actor).pt} exportou ${records} registros de uma vez`,
    }),
  }),
  'purpose-named': rowCheck({
    cases: { en: "Uses of another person's data", pt: 'Usos de dados de outra pessoa' },
    fault: { en: 'without a purpose', pt: 'sem finalidade' },
    severity: 'medium',
    filter: PROCESSING,
    and: ABOUT_SOMEONE,
    faulty: "purpose = ''",
    say: () => ({ en: 'Personal data was processed without a purpose', pt: 'Dados pessoais tratados sem finalidade' }),
  }),
  'sensitive-basis': rowCheck({
    cases: { en: 'Uses of sensitive data', pt: 'Usos de dados sensíveis' },
    fault: { en: 'on no basis that suffices for them', pt: 'sem base legal suficiente' },
    severity: 'critical',
    filter: PROCESSING,
    and: hasCategory(SENSITIVE),
    params: () => ({ usualBases: USUAL_BASES }),
    values: ['legal_basis'],
    faulty: 'lower(legal_basis) IN {usualBases:Array(String)}',
    say: ([basis = '']) => ({
      en: `Sensitive data was processed on the basis "${basis}"`,
      pt: `Dados sensíveis tratados com a base legal "${basis}"`,
    }),
  }),
  'children-consent': rowCheck({
    cases: { en: "Uses of children's data", pt: 'Usos de dados de crianças' },
    fault: { en: 'without a legal basis', pt: 'sem base legal' },
    severity: 'critical',
    filter: PROCESSING,
    and: hasCategory(CHILDREN),
    faulty: "legal_basis = ''",
    say: () => ({
      en: "Children's data was processed without a legal basis",
      pt: 'Dados de crianças tratados sem base legal',
    }),
  }),
  'gdpr-transfers': transferCheck(`${EEA} ${ADEQUATE}`),
  'lgpd-transfers': transferCheck('BR'),
};
