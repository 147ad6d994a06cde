import { Control, perhaps, seen } from './control';

/** Regulation (EU) 2016/679, as far as a log of events can speak to it. */
export const GDPR: readonly Control[] = [
  {
    id: 'gdpr-art-5-1-a',
    article: 'Art. 5(1)(a)',
    title: { en: 'Fairness and transparency', pt: 'Lealdade e transparência' },
    demand: {
      en: 'People can see what is done with their data and are told so beforehand.',
      pt: 'As pessoas podem saber o que é feito com os seus dados e são informadas antes.',
    },
    evidence: [perhaps('Policies accepted', 'Políticas aceitas', 'POLICY_ACCEPTED')],
    checks: [],
    attest: {
      en: 'Somebody has to attest that the privacy notices are complete, up to date and were shown (Arts. 13 and 14).',
      pt: 'É preciso atestar que os avisos de privacidade estão completos, atuais e foram exibidos (arts. 13 e 14).',
    },
  },
  {
    id: 'gdpr-art-5-1-b',
    article: 'Art. 5(1)(b)',
    title: { en: 'Purpose limitation', pt: 'Limitação das finalidades' },
    demand: {
      en: 'Personal data is used for a purpose that was named, and for no other.',
      pt: 'Os dados pessoais são usados para a finalidade indicada e para nenhuma outra.',
    },
    evidence: [],
    checks: ['purpose-named'],
  },
  {
    id: 'gdpr-art-5-1-c',
    article: 'Art. 5(1)(c)',
    title: { en: 'Data minimisation', pt: 'Minimização dos dados' },
    demand: {
      en: 'No more data is collected and read than the purpose needs.',
      pt: 'Não se coletam nem se consultam mais dados do que a finalidade exige.',
    },
    evidence: [perhaps('Records created', 'Registros criados', 'DATA_CREATED', 'DATA_IMPORTED')],
    checks: [],
    attest: {
      en: 'Somebody has to attest that the fields collected are needed for their purposes.',
      pt: 'É preciso atestar que os campos coletados são necessários às suas finalidades.',
    },
  },
  {
    id: 'gdpr-art-5-1-d',
    article: 'Art. 5(1)(d)',
    title: { en: 'Accuracy', pt: 'Exatidão' },
    demand: {
      en: 'Data is kept accurate, and what is wrong is corrected.',
      pt: 'Os dados são exatos, e o que está errado é corrigido.',
    },
    evidence: [perhaps('Records changed', 'Registros alterados', 'DATA_UPDATED')],
    checks: [],
    watches: ['gdpr-rectification'],
    attest: {
      en: 'Changes were made; somebody has to attest that they keep the data accurate.',
      pt: 'Houve alterações; é preciso atestar que mantêm os dados exatos.',
    },
  },
  {
    id: 'gdpr-art-5-1-e',
    article: 'Art. 5(1)(e)',
    title: { en: 'Storage limitation', pt: 'Limitação da conservação' },
    demand: {
      en: 'Data that is no longer needed is deleted.',
      pt: 'Os dados que já não são necessários são eliminados.',
    },
    evidence: [
      seen('Data removed at the end of its retention', 'Dados eliminados ao fim da retenção', 'DATA_RETENTION_EXPIRED'),
      perhaps('Records deleted', 'Registros eliminados', 'DATA_DELETED'),
      perhaps('Events removed from this log', 'Eventos removidos deste registro', 'AUDIT_RETENTION_APPLIED'),
    ],
    checks: [],
  },
  {
    id: 'gdpr-art-5-1-f',
    article: 'Art. 5(1)(f)',
    title: { en: 'Integrity and confidentiality', pt: 'Integridade e confidencialidade' },
    demand: {
      en: 'Data is protected against unlawful use and loss; none leaves in bulk unnoticed.',
      pt: 'Os dados são protegidos contra uso ilícito e perda; nenhum sai em massa sem ser notado.',
    },
    evidence: [perhaps('Access refused', 'Acessos negados', 'ACCESS_DENIED')],
    checks: ['large-exports'],
  },
  {
    id: 'gdpr-art-5-2',
    article: 'Art. 5(2)',
    title: { en: 'Accountability', pt: 'Responsabilidade' },
    demand: {
      en: 'The controller can prove what was done: the log is complete and unaltered.',
      pt: 'O controlador pode provar o que foi feito: o registro é completo e inalterado.',
    },
    evidence: [],
    checks: ['log-complete', 'log-verified'],
  },
  {
    id: 'gdpr-art-6',
    article: 'Art. 6(1)',
    title: { en: 'Lawfulness of processing', pt: 'Licitude do tratamento' },
    demand: {
      en: 'Every use of personal data rests on one of six legal bases.',
      pt: 'Todo uso de dados pessoais tem uma das seis bases legais.',
    },
    evidence: [],
    checks: ['legal-basis'],
  },
  {
    id: 'gdpr-art-7-1',
    article: 'Art. 7(1)',
    title: { en: 'Proof of consent', pt: 'Prova do consentimento' },
    demand: {
      en: 'Where data is used on consent, the controller can show that it was given.',
      pt: 'Quando os dados são usados com consentimento, o controlador pode demonstrá-lo.',
    },
    evidence: [perhaps('Consents given', 'Consentimentos dados', 'CONSENT_GRANTED')],
    checks: ['consent-given'],
  },
  {
    id: 'gdpr-art-7-3',
    article: 'Art. 7(3)',
    title: { en: 'Withdrawal of consent', pt: 'Retirada do consentimento' },
    demand: {
      en: 'Consent can be withdrawn at any time, and from then on the data is not used for that purpose.',
      pt: 'O consentimento pode ser retirado a qualquer momento, e então os dados não são mais usados para o fim.',
    },
    evidence: [perhaps('Consents withdrawn', 'Consentimentos retirados', 'CONSENT_REVOKED')],
    checks: ['consent-respected'],
  },
  {
    id: 'gdpr-art-8',
    article: 'Art. 8',
    title: { en: "Children's data", pt: 'Dados de crianças' },
    demand: {
      en: "A child's data is used on a legal basis; on consent only if a parent gave it.",
      pt: 'Dados de crianças têm base legal; com consentimento, só o dos responsáveis.',
    },
    evidence: [],
    checks: ['children-consent'],
  },
  {
    id: 'gdpr-art-9',
    article: 'Art. 9',
    title: { en: 'Special categories of data', pt: 'Categorias especiais de dados' },
    demand: {
      en: 'Data about health, belief, origin and the like is used only on one of the grounds of Art. 9(2).',
      pt: 'Dados sobre saúde, crença, origem e semelhantes só são usados com fundamento no art. 9(2).',
    },
    evidence: [],
    checks: ['sensitive-basis'],
  },
  {
    id: 'gdpr-art-12-3',
    article: 'Art. 12(3)',
    title: { en: 'Answers within one month', pt: 'Resposta em um mês' },
    demand: {
      en: 'A request of a person is answered within one month, or within three if that was said in time.',
      pt: 'A solicitação de um titular é respondida em um mês, ou em três se isso foi avisado a tempo.',
    },
    evidence: [],
    checks: ['gdpr-requests'],
  },
  {
    id: 'gdpr-art-15',
    article: 'Art. 15',
    title: { en: 'Right of access', pt: 'Direito de acesso' },
    demand: {
      en: 'People get a copy of their data when they ask for it.',
      pt: 'As pessoas recebem uma cópia dos seus dados quando a pedem.',
    },
    evidence: [],
    checks: ['gdpr-access'],
  },
  {
    id: 'gdpr-art-16',
    article: 'Art. 16',
    title: { en: 'Right to rectification', pt: 'Direito de retificação' },
    demand: { en: 'Wrong data is corrected on request.', pt: 'Dados errados são corrigidos a pedido.' },
    evidence: [],
    checks: ['gdpr-rectification'],
  },
  {
    id: 'gdpr-art-17',
    article: 'Art. 17',
    title: { en: 'Right to erasure', pt: 'Direito ao apagamento' },
    demand: {
      en: 'Data is erased on request where no duty to keep it stands against it.',
      pt: 'Os dados são apagados a pedido quando nenhum dever de guarda se opõe.',
    },
    evidence: [
      perhaps('People erased from this log', 'Pessoas apagadas deste registro', 'AUDIT_ERASURE'),
      perhaps('Erasures refused because of a duty', 'Apagamentos recusados por dever legal', 'AUDIT_ERASURE_REFUSED'),
    ],
    checks: ['gdpr-erasure'],
  },
  {
    id: 'gdpr-art-18',
    article: 'Art. 18',
    title: { en: 'Right to restriction', pt: 'Direito à limitação' },
    demand: {
      en: 'Use of data is restricted on request while it is disputed.',
      pt: 'O uso dos dados é limitado a pedido enquanto houver contestação.',
    },
    evidence: [],
    checks: ['gdpr-restriction'],
  },
  {
    id: 'gdpr-art-20',
    article: 'Art. 20',
    title: { en: 'Right to portability', pt: 'Direito à portabilidade' },
    demand: {
      en: 'People get the data they gave in a form that machines read.',
      pt: 'As pessoas recebem os dados que forneceram em formato legível por máquina.',
    },
    evidence: [],
    checks: ['gdpr-portability'],
  },
  {
    id: 'gdpr-art-21',
    article: 'Art. 21',
    title: { en: 'Right to object', pt: 'Direito de oposição' },
    demand: {
      en: 'Who objects is heard, and direct marketing ends at once.',
      pt: 'Quem se opõe é ouvido, e o marketing direto cessa de imediato.',
    },
    evidence: [],
    checks: ['gdpr-objection'],
  },
  {
    id: 'gdpr-art-25',
    article: 'Art. 25',
    title: { en: 'Data protection by design', pt: 'Proteção de dados desde a concepção' },
    demand: {
      en: 'Systems protect data by the way they are built and set up.',
      pt: 'Os sistemas protegem os dados pelo modo como são construídos e configurados.',
    },
    evidence: [
      perhaps('Sealed data shown, with a reason', 'Dados selados exibidos, com motivo', 'AUDIT_REVEAL'),
      perhaps('Keys replaced', 'Chaves substituídas', 'AUDIT_KEY_ROTATED', 'SECRET_ROTATED'),
    ],
    checks: [],
    attest: {
      en: 'Somebody has to attest that new systems were designed and set up to protect data.',
      pt: 'É preciso atestar que os novos sistemas foram concebidos e configurados para proteger os dados.',
    },
  },
  {
    id: 'gdpr-art-30',
    article: 'Art. 30',
    title: { en: 'Record of processing activities', pt: 'Registro das atividades de tratamento' },
    demand: {
      en: 'What is done with personal data stands in a record, with purpose and basis.',
      pt: 'O que é feito com dados pessoais consta de um registro, com finalidade e base legal.',
    },
    evidence: [],
    checks: ['activities-declared'],
  },
  {
    id: 'gdpr-art-32-access',
    article: 'Art. 32(1)(b)',
    title: { en: 'Security: who gets in', pt: 'Segurança: quem entra' },
    demand: {
      en: 'Only those who may get in do: no guessed passwords, no forgotten accounts, none of people who left.',
      pt: 'Só entra quem pode: sem senhas adivinhadas, contas esquecidas ou de quem já saiu.',
    },
    evidence: [perhaps('Logins refused', 'Logins recusados', 'LOGIN_FAILED', 'LOGIN_BLOCKED')],
    checks: ['guessed-logins'],
    watches: ['dormant-privileged', 'removed-users'],
  },
  {
    id: 'gdpr-art-32-restore',
    article: 'Art. 32(1)(c)',
    title: { en: 'Security: restoring data', pt: 'Segurança: recuperação dos dados' },
    demand: {
      en: 'Data can be brought back after an incident.',
      pt: 'Os dados podem ser recuperados após um incidente.',
    },
    evidence: [perhaps('Data restored from a backup', 'Dados restaurados de uma cópia', 'BACKUP_RESTORED')],
    checks: ['backups-made'],
  },
  {
    id: 'gdpr-art-33',
    article: 'Art. 33',
    title: { en: 'The authority is told within 72 hours', pt: 'Comunicação à autoridade em 72 horas' },
    demand: {
      en: 'The supervisory authority is told of a breach within 72 hours after the controller became aware of it.',
      pt: 'A autoridade é informada de uma violação em até 72 horas do seu conhecimento.',
    },
    evidence: [],
    checks: ['gdpr-breaches'],
  },
  {
    id: 'gdpr-art-34',
    article: 'Art. 34',
    title: { en: 'People are told of a breach', pt: 'Comunicação aos titulares' },
    demand: {
      en: 'People are told without delay of a breach that is a high risk to them.',
      pt: 'Os titulares são informados sem demora de uma violação de alto risco para eles.',
    },
    evidence: [
      perhaps('Breaches known', 'Violações conhecidas', 'DATA_BREACH_DETECTED'),
      perhaps('Notifications of breaches', 'Comunicações de violações', 'DATA_BREACH_NOTIFIED'),
    ],
    checks: [],
    attest: {
      en: 'Whether a breach was a high risk to people is for somebody to attest.',
      pt: 'É preciso atestar se alguma violação representou alto risco para os titulares.',
    },
  },
  {
    id: 'gdpr-art-35',
    article: 'Art. 35',
    title: { en: 'Impact assessments', pt: 'Avaliações de impacto' },
    demand: {
      en: 'What is likely to be a high risk to people is assessed beforehand.',
      pt: 'O que pode representar alto risco para as pessoas é avaliado antes.',
    },
    evidence: [],
    checks: [],
    attest: {
      en: 'No event shows an impact assessment: somebody has to attest those that were due.',
      pt: 'Nenhum evento demonstra uma avaliação de impacto: é preciso atestar as que eram devidas.',
    },
  },
  {
    id: 'gdpr-art-44',
    article: 'Arts. 44–46',
    title: { en: 'Transfers to third countries', pt: 'Transferências a países terceiros' },
    demand: {
      en: 'Data leaves the European Economic Area only to an adequate country or with a safeguard.',
      pt: 'Os dados só saem do Espaço Econômico Europeu para país adequado ou com garantia.',
    },
    evidence: [],
    checks: ['gdpr-transfers'],
  },
];
