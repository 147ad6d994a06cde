import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { prefer, preferences } from '../preferences';
import { may } from '../session';
import { Dialog } from '../ui/dialog';
import { addressOf, VIEWS } from '../views/views';
import { wordsOf } from '../words/words';
import { shell } from './words';

/** How long the second key of a pair may take, ms. */
const PAIR_MS = 1200;

const isWriting = (element: EventTarget | null): boolean =>
  element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

/** Keys that work everywhere in the console, except where somebody writes; ? lists them. */
export function Shortcuts() {
  const t = wordsOf(shell);
  const { route } = useLocation();
  const [help, setHelp] = useState(false);
  const goUntil = useRef(0);
  const views = VIEWS.filter(({ navigation, permission }) => navigation && may(permission));
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      if (goUntil.current > event.timeStamp) {
        goUntil.current = 0;
        const view = views.find(({ navigation }) => navigation?.key === event.key);
        if (view) route(addressOf(view));
        return;
      }
      if (event.key === 'g') goUntil.current = event.timeStamp + PAIR_MS;
      else if (event.key === '?') setHelp(true);
      else if (event.key === 't') prefer({ theme: isDark() ? 'light' : 'dark' });
      else if (event.key === '/') focusOn(event, 'input[type=search]');
      else if (event.key === 'j' || event.key === 'k') stepRow(event.key === 'j' ? 1 : -1);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
  if (!help) return null;
  const rows: readonly (readonly [string, string])[] = [
    ['?', t.shortcutList.help],
    ['/', t.shortcutList.find],
    ['t', t.shortcutList.theme],
    ['j', t.shortcutList.next],
    ['k', t.shortcutList.previous],
    ...views.map((view) => [`g ${view.navigation?.key}`, t.shortcutList.go(view.title())] as const),
  ];
  return (
    <Dialog title={t.shortcuts} onClose={() => setHelp(false)}>
      <dl class="facts keys">
        {rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function isDark(): boolean {
  const { theme } = preferences.value;
  return theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}

function focusOn(event: KeyboardEvent, selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) return;
  event.preventDefault();
  element.focus();
}

/** Puts the focus on the link of the next or previous row of the view's table. */
function stepRow(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('main tr.leads td:first-child a')];
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}
