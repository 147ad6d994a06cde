import { Control, perhaps, seen } from './control';

/** Sarbanes-Oxley Act of 2002: the general controls of systems that financial reports rest on. */
export const SOX: readonly Control[] = [
  {
    id: 'sox-302-controls',
    article: 'Sec. 302(a)(4)',
    title: { en: 'Controls are carried out', pt: 'Controles são executados' },
    demand: {
      en: 'Internal controls over financial reporting are carried out, and what fails is known.',
      pt: 'Os controles internos sobre relatórios financeiros são executados, e as falhas são conhecidas.',
    },
    evidence: [seen('Financial reports made', 'Relatórios financeiros emitidos', 'FINANCIAL_REPORT_GENERATED')],
    checks: ['controls-passed'],
  },
  {
    id: 'sox-302-certification',
    article: 'Sec. 302(a)(1)–(3)',
    title: { en: 'Certification by the officers', pt: 'Certificação pelos administradores' },
    demand: {
      en: 'The chief executive and financial officers certify each annual and quarterly report.',
      pt: 'Os principais administradores certificam cada relatório anual e trimestral.',
    },
    evidence: [perhaps('Financial reports made', 'Relatórios financeiros emitidos', 'FINANCIAL_REPORT_GENERATED')],
    checks: [],
    attest: {
      en: 'The signatures of the officers are no events: they have to be attested.',
      pt: 'As assinaturas dos administradores não são eventos: é preciso atestá-las.',
    },
  },
  {
    id: 'sox-404-access-granted',
    article: 'Sec. 404: access',
    title: { en: 'Rights are given on approval', pt: 'Direitos concedidos com aprovação' },
    demand: {
      en: 'Each role and permission is approved by somebody other than who asked for it.',
      pt: 'Cada papel e permissão é aprovado por pessoa distinta de quem o solicitou.',
    },
    evidence: [],
    checks: ['grants-approved'],
  },
  {
    id: 'sox-404-access-removed',
    article: 'Sec. 404: access',
    title: { en: 'Accounts of leavers are closed', pt: 'Contas de desligados são encerradas' },
    demand: {
      en: 'Who leaves loses the account, and it is not used afterwards.',
      pt: 'Quem sai perde a conta, e ela não é usada depois.',
    },
    evidence: [perhaps('Accounts opened', 'Contas abertas', 'USER_CREATED')],
    checks: ['removed-users'],
  },
  {
    id: 'sox-404-access-reviewed',
    article: 'Sec. 404: access',
    title: { en: 'Rights are reviewed', pt: 'Direitos são revisados' },
    demand: {
      en: 'Somebody reviews regularly who has which rights.',
      pt: 'Os direitos de cada pessoa são revisados regularmente.',
    },
    evidence: [perhaps('Rights taken away', 'Direitos retirados', 'ROLE_REMOVED', 'PERMISSION_REVOKED')],
    checks: [],
    attest: {
      en: 'A review of rights leaves no event of its own: it has to be attested.',
      pt: 'A revisão de direitos não gera evento próprio: é preciso atestá-la.',
    },
  },
  {
    id: 'sox-404-authentication',
    article: 'Sec. 404: access',
    title: { en: 'Logins are protected', pt: 'Logins protegidos' },
    demand: {
      en: 'Nobody gets in by guessing passwords.',
      pt: 'Ninguém entra adivinhando senhas.',
    },
    evidence: [perhaps('Logins refused', 'Logins recusados', 'LOGIN_FAILED', 'LOGIN_BLOCKED')],
    checks: ['guessed-logins'],
  },
  {
    id: 'sox-404-privileged',
    article: 'Sec. 404: access',
    title: { en: 'Use of privileges', pt: 'Uso de privilégios' },
    demand: {
      en: 'Accounts with privileges are few, in use and watched; a forgotten one does not come back.',
      pt: 'Contas com privilégios são poucas, usadas e vigiadas; uma conta esquecida não volta.',
    },
    evidence: [],
    checks: ['dormant-privileged'],
  },
  {
    id: 'sox-404-change',
    article: 'Sec. 404: change',
    title: { en: 'Changes are approved', pt: 'Mudanças aprovadas' },
    demand: {
      en: 'Each change of a system or its settings is approved by somebody other than who asked for it.',
      pt: 'Cada mudança em sistemas ou configurações é aprovada por pessoa distinta de quem a solicitou.',
    },
    evidence: [],
    checks: ['changes-approved'],
  },
  {
    id: 'sox-404-segregation',
    article: 'Sec. 404: duties',
    title: { en: 'Segregation of duties', pt: 'Segregação de funções' },
    demand: {
      en: 'Nobody has two duties that allow to commit a fault and to hide it.',
      pt: 'Ninguém acumula duas funções que permitam cometer e ocultar uma falha.',
    },
    evidence: [],
    checks: ['duties-segregated'],
  },
  {
    id: 'sox-404-payments',
    article: 'Sec. 404: transactions',
    title: { en: 'Four eyes on payments', pt: 'Dupla verificação de pagamentos' },
    demand: {
      en: 'Who prepares a payment does not approve it.',
      pt: 'Quem prepara um pagamento não o aprova.',
    },
    evidence: [
      seen('Payments booked', 'Pagamentos registrados', 'FINANCIAL_TRANSACTION'),
      perhaps('Approvals refused', 'Aprovações negadas', 'FINANCIAL_APPROVAL_DENIED'),
    ],
    checks: ['payments-approved'],
  },
  {
    id: 'sox-404-cutoff',
    article: 'Sec. 404: transactions',
    title: { en: 'Booked in the right period', pt: 'Lançamento no período correto' },
    demand: {
      en: 'Transactions are booked when they happen; none goes into a period that is over.',
      pt: 'As transações são lançadas quando ocorrem; nenhuma entra em período encerrado.',
    },
    evidence: [],
    checks: ['transactions-in-time'],
  },
  {
    id: 'sox-404-corrections',
    article: 'Sec. 404: transactions',
    title: { en: 'Booked records stay as they are', pt: 'Registros contabilizados são preservados' },
    demand: {
      en: 'A booked record is changed only with a reason and an approval.',
      pt: 'Um registro contabilizado só é alterado com motivo e aprovação.',
    },
    evidence: [],
    checks: ['records-changed'],
  },
  {
    id: 'sox-404-operations',
    article: 'Sec. 404: operations',
    title: { en: 'Jobs and backups', pt: 'Rotinas e cópias de segurança' },
    demand: {
      en: 'Scheduled jobs run, and a failed backup is made good within a day.',
      pt: 'As rotinas programadas são executadas, e uma cópia com falha é refeita em um dia.',
    },
    evidence: [
      seen('Jobs completed', 'Rotinas concluídas', 'JOB_COMPLETED'),
      perhaps('Jobs failed', 'Rotinas com falha', 'JOB_FAILED'),
    ],
    checks: ['backups-made'],
  },
  {
    id: 'sox-404-completeness',
    article: 'Sec. 404: evidence',
    title: { en: 'The population is complete', pt: 'A população é completa' },
    demand: {
      en: 'What is tested is all there is: no place of the ledger lacks its event.',
      pt: 'O que se testa é tudo o que existe: nenhuma posição do livro está sem o seu evento.',
    },
    evidence: [perhaps('Events that could not be stored', 'Eventos não guardados', 'AUDIT_EVENT_QUARANTINED')],
    checks: ['log-complete'],
  },
  {
    id: 'sox-404-integrity',
    article: 'Sec. 404: evidence',
    title: { en: 'The evidence is unaltered', pt: 'A evidência é inalterada' },
    demand: {
      en: 'The log is verified against signed checkpoints.',
      pt: 'O registro é verificado contra pontos de controle assinados.',
    },
    evidence: [],
    checks: ['log-verified'],
  },
  {
    id: 'sox-409-disclosure',
    article: 'Sec. 409',
    title: { en: 'Changes are disclosed at once', pt: 'Divulgação imediata de mudanças' },
    demand: {
      en: 'Material changes in financial condition are disclosed rapidly: Form 8-K within four business days.',
      pt: 'Mudanças relevantes na situação financeira são divulgadas logo: Form 8-K em quatro dias úteis.',
    },
    evidence: [perhaps('Financial reports made', 'Relatórios financeiros emitidos', 'FINANCIAL_REPORT_GENERATED')],
    checks: [],
    attest: {
      en: 'What is material is for people to say: disclosures have to be attested.',
      pt: 'O que é relevante cabe a pessoas dizer: as divulgações precisam ser atestadas.',
    },
  },
  {
    id: 'sox-802-retention',
    article: 'Sec. 802',
    title: { en: 'Records are kept', pt: 'Registros são guardados' },
    demand: {
      en: 'Financial records are kept as long as the policy says, seven years unless it was set otherwise.',
      pt: 'Os registros financeiros são guardados pelo prazo da política, sete anos salvo ajuste.',
    },
    evidence: [],
    checks: ['financial-retention'],
  },
  {
    id: 'sox-802-holds',
    article: 'Sec. 802',
    title: { en: 'Nothing is destroyed that is asked for', pt: 'Nada que foi requisitado é destruído' },
    demand: {
      en: 'Records that an investigation may need are held, whatever retention says.',
      pt: 'Registros que uma investigação possa exigir são retidos, seja qual for a retenção.',
    },
    evidence: [
      perhaps('Legal holds placed', 'Retenções legais impostas', 'AUDIT_HOLD_PLACED'),
      perhaps('Legal holds released', 'Retenções legais liberadas', 'AUDIT_HOLD_RELEASED'),
      perhaps('Records deleted', 'Registros eliminados', 'DATA_DELETED'),
    ],
    checks: [],
    attest: {
      en: 'Which investigations are to be expected is for somebody to attest.',
      pt: 'É preciso atestar quais investigações são esperadas.',
    },
  },
];
