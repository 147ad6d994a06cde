import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { LANGUAGES } from '../compliance/assessment';
import type { PackageEvent, PackageHead } from './data-package';

export type PackageLanguage = (typeof LANGUAGES)[number];

const WORDS = {
  en: {
    title: 'What we hold about you',
    intro:
      'You asked what personal data we process about you. This document lists everything that our audit log holds: what you did, ' +
      'and what was done with your data. What belongs to other people is left out.',
    erased:
      'Your personal data in this log was erased on {at} (erasure {id}). Nobody can read it any more, neither can we.',
    nothing: 'The log holds nothing about you beyond this request.',
    request: 'Your request',
    summary: 'Summary',
    rights: 'Your rights',
    rightsText:
      'You may ask for rectification, erasure or restriction of this data, object to its processing, receive it in a form that ' +
      'machines read (ask for the JSON of this package), withdraw any consent, and complain to the supervisory authority.',
    consents: 'Your consents',
    requests: 'Your requests',
    events: 'Events',
    more: 'The newest {shown} of {all} events are shown; the JSON of this package has all of them.',
    none: 'none',
    labels: {
      ...{ person: 'You', request: 'Request', law: 'Law', right: 'Right', openedAt: 'Received', producedAt: 'Made' },
      ...{ events: 'Events', asActor: 'Done by you', asSubject: 'About you', firstAt: 'First', lastAt: 'Last' },
      ...{ purposes: 'Purposes', legalBases: 'Legal bases', dataCategories: 'Categories of data' },
      ...{ recipients: 'Recipients', services: 'Applications', retainedUntil: 'Kept until, at the latest' },
      ...{ purpose: 'Purpose', state: 'State', changedAt: 'Since', closedAt: 'Closed', time: 'Time (UTC)' },
      ...{ what: 'What happened', role: 'Your part', where: 'Where' },
    },
    roles: { actor: 'did it', subject: 'your data', both: 'did it, your data' },
    values: {},
  },
  pt: {
    title: 'O que guardamos sobre você',
    intro:
      'Você perguntou quais dados pessoais seus são tratados por nós. Este documento relaciona tudo o que o nosso registro de ' +
      'auditoria contém: o que você fez e o que foi feito com os seus dados. O que pertence a outras pessoas não aparece.',
    erased:
      'Os seus dados pessoais neste registro foram eliminados em {at} (eliminação {id}). Ninguém pode mais lê-los, nem nós.',
    nothing: 'O registro não contém nada sobre você além deste pedido.',
    request: 'O seu pedido',
    summary: 'Resumo',
    rights: 'Os seus direitos',
    rightsText:
      'Você pode pedir a correção, a eliminação ou a limitação destes dados, opor-se ao tratamento, recebê-los em formato legível ' +
      'por máquina (peça o JSON deste pacote), revogar qualquer consentimento e reclamar à autoridade de proteção de dados.',
    consents: 'Os seus consentimentos',
    requests: 'Os seus pedidos',
    events: 'Eventos',
    more: 'São mostrados os {shown} eventos mais recentes de {all}; o JSON deste pacote contém todos.',
    none: 'nenhum',
    labels: {
      ...{ person: 'Você', request: 'Pedido', law: 'Lei', right: 'Direito', openedAt: 'Recebido', producedAt: 'Feito' },
      ...{
        events: 'Eventos',
        asActor: 'Feitos por você',
        asSubject: 'Sobre você',
        firstAt: 'Primeiro',
        lastAt: 'Último',
      },
      ...{ purposes: 'Finalidades', legalBases: 'Bases legais', dataCategories: 'Categorias de dados' },
      ...{ recipients: 'Destinatários', services: 'Aplicações', retainedUntil: 'Guardados até, no máximo' },
      ...{ purpose: 'Finalidade', state: 'Situação', changedAt: 'Desde', closedAt: 'Encerrado', time: 'Hora (UTC)' },
      ...{ what: 'O que aconteceu', role: 'A sua parte', where: 'Onde' },
    },
    roles: { actor: 'fez', subject: 'seus dados', both: 'fez, seus dados' },
    values: {
      ...{ open: 'aberto', answered: 'respondido', refused: 'recusado', withdrawn: 'revogado', granted: 'concedido' },
      ...{ access: 'acesso', confirmation: 'confirmação', rectification: 'correção', erasure: 'eliminação' },
      ...{
        anonymization: 'anonimização',
        restriction: 'limitação',
        portability: 'portabilidade',
        objection: 'oposição',
      },
      ...{
        consent_withdrawal: 'revogação do consentimento',
        information_on_sharing: 'informação sobre compartilhamento',
      },
      ...{ review_of_automated_decision: 'revisão de decisão automatizada', other: 'outro' },
    },
  },
} as const;

const template = Handlebars.create().compile(
  readFileSync(join(__dirname, 'templates', 'data-package.html.hbs'), 'utf8'),
  { strict: true },
);

/** The package as a document for the person. */
export function packageHtml(head: PackageHead, events: readonly PackageEvent[], language: PackageLanguage): string {
  const t = WORDS[language];
  const { request, summary, erased } = head;
  const text = (value: string | number | null | readonly string[]) =>
    value === null || (Array.isArray(value) && value.length === 0) || value === ''
      ? t.none
      : Array.isArray(value)
        ? value.join(', ')
        : String(value);
  const worded = (value: string) => (t.values as Record<string, string>)[value] ?? value.replaceAll('_', ' ');
  const pairs = (of: Record<string, string | number | null | readonly string[]>) =>
    Object.entries(of).map(([name, value]) => ({ label: t.labels[name as keyof typeof t.labels], value: text(value) }));
  return template({
    ...{ t, language, labels: t.labels },
    note: erased
      ? t.erased.replace('{at}', erased.at.slice(0, 10)).replace('{id}', erased.erasureId)
      : events.length === 0
        ? t.nothing
        : '',
    request: pairs({
      ...{ person: head.person ?? head.references, request: request.id, law: request.law.toUpperCase() },
      ...{ right: worded(request.right), openedAt: short(request.openedAt), producedAt: short(head.producedAt) },
    }),
    summary: pairs({ ...summary, firstAt: short(summary.firstAt), lastAt: short(summary.lastAt) }),
    consents: head.consents.map((consent) => ({
      ...{ purpose: text(consent.purpose), state: worded(consent.state), changedAt: short(consent.changedAt) },
      dataCategories: text(consent.dataCategories),
    })),
    requests: head.requests.map((each) => ({
      ...{ id: each.id, right: worded(each.right), state: worded(each.state) },
      ...{ openedAt: short(each.openedAt), closedAt: text(short(each.closedAt)) },
    })),
    events: events.map((event) => ({
      ...{ time: short(event.occurredAt), type: event.eventType, description: event.description },
      role: t.roles[event.role],
      where: ['service', 'resourceType', 'resourceId'].flatMap((name) => wordOf(event.context[name])).join(' · '),
      data: ['details', 'changes', 'compliance'].flatMap((name) => {
        const value = event[name as 'details' | 'changes' | 'compliance'];
        return value === undefined ? [] : [JSON.stringify(value)];
      }),
    })),
    more:
      !erased && summary.events > events.length
        ? t.more.replace('{shown}', String(events.length)).replace('{all}', String(summary.events))
        : '',
  });
}

const wordOf = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : []);

/** To the second. */
function short(time: string): string;
function short(time: string | null): string | null;
function short(time: string | null): string | null {
  return time === null ? null : `${time.slice(0, 10)} ${time.slice(11, 19)}`;
}
