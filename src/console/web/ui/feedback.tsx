import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api';
import { common } from '../words/common';
import { wordsOf } from '../words/words';
import { Button } from './button';
import { Icon, IconName } from './icon';

/** What went wrong, in the words of the API, with the faulty fields. */
export function ErrorBox({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const t = wordsOf(common);
  if (error === undefined || error === null) return null;
  const problems = error instanceof ApiError ? error.problems : [];
  return (
    <div class="notice bad" role="alert">
      <strong>{t.failed}</strong>
      {error instanceof Error && <p>{error.message}</p>}
      {problems.length > 1 && (
        <ul>
          {problems.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {retry && <Button onClick={retry}>{t.retry}</Button>}
    </div>
  );
}

export const Loading = () => (
  <div class="loading" role="status">
    <span class="spinner" aria-hidden="true" />
    {wordsOf(common).loading}
  </div>
);

/** Shown where a list has nothing; `children` say how something comes to be there. */
export const Empty = ({
  icon = 'search',
  title,
  children,
}: {
  icon?: IconName;
  title?: string;
  children?: ComponentChildren;
}) => (
  <div class="empty">
    <Icon name={icon} size={32} />
    <strong>{title ?? wordsOf(common).nothing}</strong>
    {children && <p>{children}</p>}
  </div>
);

export const Notice = ({
  kind = 'info',
  children,
}: {
  kind?: 'info' | 'good' | 'warn' | 'bad';
  children: ComponentChildren;
}) => (
  <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);

const toasts = signal<readonly { id: number; text: string }[]>([]);
let lastToast = 0;

/** Tells in passing that something has been done. */
export function toast(text: string): void {
  const id = ++lastToast;
  toasts.value = [...toasts.value, { id, text }];
  setTimeout(() => (toasts.value = toasts.value.filter((each) => each.id !== id)), 5000);
}

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(({ id, text }) => (
      <div class="toast" key={id}>
        {text}
      </div>
    ))}
  </div>
);
