import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { DateTime } from 'luxon';
import { Language } from '../compliance/assessment';
import type { Breach, Risk, Told } from './breach';
import type { Affected } from './breach-desk';
import { Law, zoneOf } from './request';

const WORDS = {
  en: {
    missing: '[to be filled in]',
    law: { gdpr: 'Art. 33 GDPR', lgpd: 'Art. 48 LGPD' },
    risk: { none: 'unlikely', risk: 'likely', high: 'high' },
    told: 'They were told on {at}.',
    untold: 'They have not been told yet.',
  },
  pt: {
    missing: '[a preencher]',
    law: { gdpr: 'Art. 33 do RGPD', lgpd: 'Art. 48 da LGPD' },
    risk: { none: 'improvável', risk: 'provável', high: 'alto' },
    told: 'Foram comunicados em {at}.',
    untold: 'Ainda não foram comunicados.',
  },
} satisfies Record<Language, { law: Record<Law, string>; risk: Record<Risk, string> } & Record<string, unknown>>;

const renderer = Handlebars.create();
const template = (to: Told, language: Language) =>
  renderer.compile(readFileSync(join(__dirname, 'templates', `breach-${to}.${language}.hbs`), 'utf8'), {
    noEscape: true,
    strict: true,
  });
const TEMPLATES: Record<Told, Record<Language, HandlebarsTemplateDelegate>> = {
  authority: { en: template('authority', 'en'), pt: template('authority', 'pt') },
  subjects: { en: template('subjects', 'en'), pt: template('subjects', 'pt') },
};

export interface DraftOptions {
  law: Law;
  to: Told;
  language: Language;
  /** IANA zone of the times in the text; that of the law if absent. */
  zone: string | undefined;
  /** ms since the epoch. */
  now: number;
}

/** What to write to an authority or to data subjects; what nobody has said yet stands in brackets. Plain text. */
export function draftOf(breach: Breach, affected: Affected | null, options: DraftOptions): string {
  const { law, to, language, now } = options;
  const t = WORDS[language];
  const zone = zoneOf(law, options.zone);
  const time = (ms: number | null) =>
    ms === null ? t.missing : DateTime.fromMillis(ms, { zone }).toFormat("yyyy-MM-dd HH:mm 'UTC'ZZ");
  const clock = breach.clocks.find((each) => each.law === law && each.to === to);
  const toldAt = breach.clocks.find((each) => each.law === law && each.to === 'subjects')?.toldAt ?? null;
  const said = (text: string | null) => text ?? t.missing;
  return TEMPLATES[to][language]({
    ...{
      id: breach.id,
      title: breach.title,
      law: t.law[law],
      awareAt: time(breach.awareAt),
      risk: t.risk[breach.risk],
    },
    ...{ nature: said(breach.facts.nature), consequences: said(breach.facts.consequences) },
    ...{ measures: said(breach.facts.measures), contact: said(breach.facts.contact) },
    late: clock?.due !== null && clock !== undefined && clock.toldAt === null && now >= clock.due.end,
    due: time(clock?.due?.end ?? null),
    subjectsTold: toldAt === null ? t.untold : t.told.replace('{at}', time(toldAt)),
    affected: affected && {
      ...{ events: affected.events, subjects: affected.subjects, records: affected.records },
      categories: affected.dataCategories.join(', ') || t.missing,
      ...{ firstAt: time(affected.firstAt), lastAt: time(affected.lastAt) },
    },
  });
}
