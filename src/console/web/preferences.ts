import { effect, signal } from '@preact/signals';

export const LANGUAGES = ['en', 'pt'] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** How the console is shown to this person, kept in this browser. */
export interface Preferences {
  language: Language;
  theme: Theme;
  /** IANA name of the zone that times are shown in. */
  zone: string;
}

const PLACE = 'mcp-audit:preferences';
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const defaults = (): Preferences => ({
  language: navigator.language.toLowerCase().startsWith('pt') ? 'pt' : 'en',
  theme: 'system',
  zone: ownZone,
});

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? '{}') as Partial<Preferences>;
  } catch {
    // What another version or hand has left there is no reason to show nothing.
    return {};
  }
}

export const preferences = signal<Preferences>({ ...defaults(), ...stored() });

export const zones: readonly string[] = [...new Set(['UTC', ownZone, ...Intl.supportedValuesOf('timeZone')])];

export function prefer(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
  localStorage.setItem(PLACE, JSON.stringify(preferences.value));
}

effect(() => {
  document.documentElement.lang = preferences.value.language;
  document.documentElement.dataset.theme = preferences.value.theme;
});
