import { Control, perhaps, seen } from './control';

/** Lei 13.709/2018 (LGPD), as far as a log of events can speak to it. */
export const LGPD: readonly Control[] = [
  {
    id: 'lgpd-art-6-purpose',
    article: 'Art. 6, I–II',
    title: { en: 'Purpose and adequacy', pt: 'Finalidade e adequação' },
    demand: {
      en: 'Data is used for a purpose that was named, and in a way that fits it.',
      pt: 'Os dados são tratados para a finalidade informada e de modo compatível com ela.',
    },
    evidence: [],
    checks: ['purpose-named'],
  },
  {
    id: 'lgpd-art-6-necessity',
    article: 'Art. 6, III',
    title: { en: 'Necessity', pt: 'Necessidade' },
    demand: {
      en: 'No more data is used than the purpose needs.',
      pt: 'O tratamento se limita ao mínimo necessário à finalidade.',
    },
    evidence: [perhaps('Records created', 'Registros criados', 'DATA_CREATED', 'DATA_IMPORTED')],
    checks: [],
    attest: {
      en: 'Somebody has to attest that the fields collected are needed for their purposes.',
      pt: 'É preciso atestar que os campos coletados são necessários às suas finalidades.',
    },
  },
  {
    id: 'lgpd-art-6-security',
    article: 'Art. 6, VII',
    title: { en: 'Security against leaks', pt: 'Segurança contra vazamentos' },
    demand: {
      en: 'Data is protected against unlawful access and against leaving in bulk.',
      pt: 'Os dados são protegidos contra acesso ilícito e contra saída em massa.',
    },
    evidence: [perhaps('Access refused', 'Acessos negados', 'ACCESS_DENIED')],
    checks: ['large-exports'],
  },
  {
    id: 'lgpd-art-6-accountability',
    article: 'Art. 6, X',
    title: { en: 'Accountability', pt: 'Responsabilização e prestação de contas' },
    demand: {
      en: 'The controller can prove what was done: the log is complete and unaltered.',
      pt: 'O controlador pode provar o que foi feito: o registro é completo e inalterado.',
    },
    evidence: [],
    checks: ['log-complete', 'log-verified'],
  },
  {
    id: 'lgpd-art-7',
    article: 'Art. 7',
    title: { en: 'Legal bases', pt: 'Bases legais' },
    demand: {
      en: 'Every use of personal data rests on one of ten legal bases.',
      pt: 'Todo tratamento de dados pessoais se apoia em uma das dez bases legais.',
    },
    evidence: [],
    checks: ['legal-basis'],
  },
  {
    id: 'lgpd-art-8',
    article: 'Art. 8, §§ 1–2',
    title: { en: 'Proof of consent', pt: 'Prova do consentimento' },
    demand: {
      en: 'Where data is used on consent, the controller proves that it was given as the law demands.',
      pt: 'Quando o tratamento se apoia no consentimento, cabe ao controlador prová-lo.',
    },
    evidence: [perhaps('Consents given', 'Consentimentos dados', 'CONSENT_GRANTED')],
    checks: ['consent-given'],
  },
  {
    id: 'lgpd-art-8-5',
    article: 'Art. 8, § 5',
    title: { en: 'Withdrawal of consent', pt: 'Revogação do consentimento' },
    demand: {
      en: 'Consent can be withdrawn at any time, and from then on the data is not used for that purpose.',
      pt: 'O consentimento pode ser revogado a qualquer momento, e então cessa o tratamento para o fim.',
    },
    evidence: [perhaps('Consents withdrawn', 'Consentimentos revogados', 'CONSENT_REVOKED')],
    checks: ['consent-respected'],
  },
  {
    id: 'lgpd-art-9',
    article: 'Art. 9',
    title: { en: 'Transparency', pt: 'Transparência' },
    demand: {
      en: 'People have easy access to what is done with their data.',
      pt: 'Os titulares têm acesso facilitado às informações sobre o tratamento.',
    },
    evidence: [perhaps('Policies accepted', 'Políticas aceitas', 'POLICY_ACCEPTED')],
    checks: [],
    attest: {
      en: 'Somebody has to attest that the notices are complete, up to date and were shown.',
      pt: 'É preciso atestar que os avisos estão completos, atuais e foram exibidos.',
    },
  },
  {
    id: 'lgpd-art-11',
    article: 'Art. 11',
    title: { en: 'Sensitive data', pt: 'Dados sensíveis' },
    demand: {
      en: 'Sensitive data is used only on one of the grounds of Art. 11.',
      pt: 'Dados sensíveis só são tratados nas hipóteses do art. 11.',
    },
    evidence: [],
    checks: ['sensitive-basis'],
  },
  {
    id: 'lgpd-art-14',
    article: 'Art. 14',
    title: { en: 'Children and adolescents', pt: 'Crianças e adolescentes' },
    demand: {
      en: "Children's data is used in their best interest and on a legal basis.",
      pt: 'Dados de crianças e adolescentes são tratados em seu melhor interesse e com base legal.',
    },
    evidence: [],
    checks: ['children-consent'],
  },
  {
    id: 'lgpd-art-15-16',
    article: 'Arts. 15–16',
    title: { en: 'End of processing', pt: 'Término do tratamento' },
    demand: {
      en: 'Data is deleted when its purpose is reached, unless a duty demands to keep it.',
      pt: 'Os dados são eliminados ao fim da finalidade, salvo dever de guarda.',
    },
    evidence: [
      seen('Data removed at the end of its retention', 'Dados eliminados ao fim da retenção', 'DATA_RETENTION_EXPIRED'),
      perhaps('Records deleted', 'Registros eliminados', 'DATA_DELETED'),
      perhaps('Events removed from this log', 'Eventos removidos deste registro', 'AUDIT_RETENTION_APPLIED'),
    ],
    checks: [],
  },
  {
    id: 'lgpd-art-18-correction',
    article: 'Art. 18, III',
    title: { en: 'Correction', pt: 'Correção' },
    demand: { en: 'Wrong data is corrected on request.', pt: 'Dados incompletos ou errados são corrigidos a pedido.' },
    evidence: [],
    checks: ['lgpd-correction'],
  },
  {
    id: 'lgpd-art-18-portability',
    article: 'Art. 18, V',
    title: { en: 'Portability', pt: 'Portabilidade' },
    demand: {
      en: 'People can take their data to another provider.',
      pt: 'Os titulares podem levar os seus dados a outro fornecedor.',
    },
    evidence: [],
    checks: ['lgpd-portability'],
  },
  {
    id: 'lgpd-art-18-deletion',
    article: 'Art. 18, IV, VI',
    title: { en: 'Deletion', pt: 'Eliminação' },
    demand: {
      en: 'Data is deleted on request where no duty to keep it stands against it.',
      pt: 'Os dados são eliminados a pedido quando nenhum dever de guarda se opõe.',
    },
    evidence: [
      perhaps('People erased from this log', 'Pessoas apagadas deste registro', 'AUDIT_ERASURE'),
      perhaps('Erasures refused because of a duty', 'Eliminações recusadas por dever legal', 'AUDIT_ERASURE_REFUSED'),
    ],
    checks: ['lgpd-deletion'],
  },
  {
    id: 'lgpd-art-19',
    article: 'Art. 19, II',
    title: { en: 'Access within 15 days', pt: 'Acesso em 15 dias' },
    demand: {
      en: 'A request for access is answered in full within 15 days.',
      pt: 'A solicitação de acesso recebe declaração completa em até 15 dias.',
    },
    evidence: [],
    checks: ['lgpd-access'],
  },
  {
    id: 'lgpd-art-33',
    article: 'Art. 33',
    title: { en: 'International transfers', pt: 'Transferência internacional' },
    demand: {
      en: 'Data leaves Brazil only to an adequate country or with a safeguard.',
      pt: 'Os dados só saem do Brasil para país adequado ou com garantia.',
    },
    evidence: [],
    checks: ['lgpd-transfers'],
  },
  {
    id: 'lgpd-art-37',
    article: 'Art. 37',
    title: { en: 'Record of processing operations', pt: 'Registro das operações de tratamento' },
    demand: {
      en: 'What is done with personal data stands in a record.',
      pt: 'As operações de tratamento constam de um registro.',
    },
    evidence: [],
    checks: ['activities-declared'],
  },
  {
    id: 'lgpd-art-38',
    article: 'Art. 38',
    title: { en: 'Impact report', pt: 'Relatório de impacto' },
    demand: {
      en: 'The impact of processing on people is described when the authority asks for it.',
      pt: 'O impacto do tratamento é descrito em relatório quando a autoridade o pede.',
    },
    evidence: [],
    checks: [],
    attest: {
      en: 'No event shows an impact report: somebody has to attest those that were due.',
      pt: 'Nenhum evento demonstra um relatório de impacto: é preciso atestar os que eram devidos.',
    },
  },
  {
    id: 'lgpd-art-41',
    article: 'Art. 41',
    title: { en: 'Data protection officer', pt: 'Encarregado' },
    demand: {
      en: 'An officer is named, and everyone can find who it is.',
      pt: 'O encarregado é indicado, e sua identidade é pública.',
    },
    evidence: [],
    checks: [],
    attest: {
      en: 'No event shows who the officer is: somebody has to attest it.',
      pt: 'Nenhum evento mostra quem é o encarregado: é preciso atestá-lo.',
    },
  },
  {
    id: 'lgpd-art-46-access',
    article: 'Art. 46',
    title: { en: 'Security measures: who gets in', pt: 'Medidas de segurança: quem entra' },
    demand: {
      en: 'Only those who may get in do: no guessed passwords, no forgotten accounts, none of people who left.',
      pt: 'Só entra quem pode: sem senhas adivinhadas, contas esquecidas ou de quem já saiu.',
    },
    evidence: [perhaps('Logins refused', 'Logins recusados', 'LOGIN_FAILED', 'LOGIN_BLOCKED')],
    checks: ['guessed-logins'],
    watches: ['dormant-privileged', 'removed-users'],
  },
  {
    id: 'lgpd-art-46-restore',
    article: 'Arts. 46, 49',
    title: { en: 'Security measures: restoring data', pt: 'Medidas de segurança: recuperação' },
    demand: {
      en: 'Data is protected against loss and can be brought back.',
      pt: 'Os dados são protegidos contra perda e podem ser recuperados.',
    },
    evidence: [perhaps('Data restored from a backup', 'Dados restaurados de uma cópia', 'BACKUP_RESTORED')],
    checks: ['backups-made'],
  },
  {
    id: 'lgpd-art-48-authority',
    article: 'Art. 48',
    title: { en: 'The ANPD is told within three working days', pt: 'Comunicação à ANPD em três dias úteis' },
    demand: {
      en: 'The ANPD is told of an incident within three working days (Resolution CD/ANPD 15/2024, Art. 6).',
      pt: 'A ANPD é informada de um incidente em três dias úteis (Resolução CD/ANPD 15/2024, art. 6).',
    },
    evidence: [],
    checks: ['lgpd-breaches'],
  },
  {
    id: 'lgpd-art-48-persons',
    article: 'Art. 48',
    title: { en: 'People are told within three working days', pt: 'Comunicação aos titulares em três dias úteis' },
    demand: {
      en: 'The people concerned are told of an incident within three working days (Resolution CD/ANPD 15/2024, Art. 9).',
      pt: 'Os titulares são informados de um incidente em três dias úteis (Resolução CD/ANPD 15/2024, art. 9).',
    },
    evidence: [],
    checks: ['lgpd-breach-persons'],
  },
];
