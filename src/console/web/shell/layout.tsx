import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { chosenTenant } from '../api';
import { may, session } from '../session';
import { IconButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { addressOf, Group, View, VIEWS } from '../views/views';
import { wordsOf } from '../words/words';
import { Mark } from './mark';
import { Settings } from './settings';
import { Shortcuts } from './shortcuts';
import { shell } from './words';

const GROUPS: readonly Group[] = ['watch', 'evidence', 'system'];

/** Navigation at the side, who and which tenant at its foot, and the view beside it. */
export function Layout({ children }: { children: ComponentChildren }) {
  const t = wordsOf(shell);
  const { path } = useLocation();
  const [open, setOpen] = useState(false);
  const [settings, setSettings] = useState(false);
  const who = session.value;
  useEffect(() => setOpen(false), [path]);
  return (
    <div class="layout">
      <a class="skip" href="#content">
        {t.skip}
      </a>
      <header class="top">
        <IconButton label={t.menu} icon="menu" aria-expanded={open} onClick={() => setOpen(!open)} />
        <a class="brand" href="/console">
          <Mark />
          {t.product}
        </a>
      </header>
      <aside class={open ? 'side open' : 'side'}>
        <a class="brand" href="/console">
          <Mark />
          {t.product}
        </a>
        <nav aria-label={t.navigation}>
          {GROUPS.map((group) => (
            <GroupOfViews key={group} group={group} path={path} />
          ))}
        </nav>
        <button type="button" class="who" onClick={() => setSettings(true)} title={t.settings}>
          <Icon name="key" />
          <span>
            <b>{who?.name}</b>
            <small>{chosenTenant.value ?? who?.tenant}</small>
          </span>
        </button>
      </aside>
      {open && <div class="backdrop" onClick={() => setOpen(false)} />}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      {settings && <Settings onClose={() => setSettings(false)} />}
      <Shortcuts />
    </div>
  );
}

function GroupOfViews({ group, path }: { group: Group; path: string }) {
  const views = VIEWS.filter((view) => view.navigation?.group === group && may(view.permission));
  if (views.length === 0) return null;
  return (
    <section>
      <h2>{wordsOf(shell).groups[group]}</h2>
      <ul>
        {views.map((view) => (
          <li key={view.path}>
            <a href={addressOf(view)} aria-current={isAt(view, path) ? 'page' : undefined}>
              {view.navigation && <Icon name={view.navigation.icon} />}
              {view.title()}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function isAt(view: View, path: string): boolean {
  const address = addressOf(view);
  const here = path.replace(/\/$/, '') || '/console';
  return here === address || (view.path !== address && here.startsWith(`${address}/`));
}
