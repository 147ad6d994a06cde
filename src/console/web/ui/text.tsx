import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Outcome as OutcomeName, Severity as SeverityName } from '../../../events/event-types';
import { common } from '../words/common';
import { dateTime, exactTime, relative } from '../words/format';
import { wordsOf } from '../words/words';
import { IconButton } from './button';

/** A moment in the chosen zone; pointing at it shows the milliseconds and the zone. */
export const Time = ({ at, ago = false }: { at: string | number; ago?: boolean }) => (
  <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
    {ago ? relative(at) : dateTime(at)}
  </time>
);

/** Text that may be too long for its place, which is `width` (CSS) or the column: what does not fit shows when pointed at. */
export const Cut = ({ text, width }: { text: string | undefined; width?: string }) => (
  <span class="cut" title={text} style={width ? { maxWidth: width } : undefined}>
    {text}
  </span>
);

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad' | 'critical';

/** A short state in a colour; the word carries the meaning. */
export const Badge = ({ tone = 'neutral', children }: { tone?: Tone; children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);

const TONE_OF_SEVERITY: Record<SeverityName, Tone> = {
  info: 'neutral',
  low: 'info',
  medium: 'warn',
  high: 'bad',
  critical: 'critical',
};
export const Severity = ({ value }: { value: SeverityName }) => (
  <Badge tone={TONE_OF_SEVERITY[value]}>{wordsOf(common).severities[value]}</Badge>
);

const TONE_OF_OUTCOME: Record<OutcomeName, Tone> = {
  success: 'good',
  failure: 'bad',
  denied: 'warn',
  unknown: 'neutral',
};
export const Outcome = ({ value }: { value: OutcomeName }) => (
  <Badge tone={TONE_OF_OUTCOME[value]}>{wordsOf(common).outcomes[value]}</Badge>
);

/** A long id or hash in a fixed-width face, with a button that copies it. `short` shows only its first characters. */
export function Code({ text, short }: { text: string; short?: number }) {
  const [copied, setCopied] = useState(false);
  const t = wordsOf(common);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <span class="code">
      <code title={text}>{short && text.length > short ? `${text.slice(0, short)}…` : text}</code>
      <IconButton label={copied ? t.copied : t.copy} icon={copied ? 'check' : 'copy'} onClick={() => void copy()} />
    </span>
  );
}
