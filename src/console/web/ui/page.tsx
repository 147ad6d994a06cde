import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

/** The frame of a view: its heading, what can be done on it, and its content. Names the browser's tab. */
export function Page({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · MCP Audit`;
  }, [title]);
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** A part of a page on a surface of its own. */
export const Card = ({
  title,
  actions,
  children,
  wide = false,
}: {
  title?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
}) => (
  <section class={wide ? 'card wide' : 'card'}>
    {(title || actions) && (
      <header>
        {title && <h2>{title}</h2>}
        {actions && <div class="actions">{actions}</div>}
      </header>
    )}
    {children}
  </section>
);

/** One figure with its name; `kind` colours it when it asks for attention. */
export const Stat = ({
  label,
  value,
  note,
  kind,
  href,
}: {
  label: string;
  value: ComponentChildren;
  note?: ComponentChildren;
  kind?: 'good' | 'warn' | 'bad' | undefined;
  href?: string;
}) => {
  const body = (
    <>
      <span class="stat-label">{label}</span>
      <span class={`stat-value ${kind ?? ''}`}>{value}</span>
      {note && <span class="stat-note">{note}</span>}
    </>
  );
  return href ? (
    <a class="stat" href={href}>
      {body}
    </a>
  ) : (
    <div class="stat">{body}</div>
  );
};

/** Names and values, one pair a row. Pairs without a value are left out. */
export const Facts = ({ items }: { items: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {items
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/** Views beside each other, each with a link of its own. */
export const Tabs = ({
  label,
  items,
}: {
  label: string;
  items: readonly { href: string; title: string; current: boolean; count?: number | undefined }[];
}) => (
  <nav class="tabs" aria-label={label}>
    {items.map(({ href, title, current, count }) => (
      <a key={href} href={href} aria-current={current ? 'page' : undefined}>
        {title}
        {count !== undefined && <span class="count">{count}</span>}
      </a>
    ))}
  </nav>
);
