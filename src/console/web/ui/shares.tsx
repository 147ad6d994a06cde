import { number } from '../words/format';

export interface Share {
  name: string;
  count: number;
  href?: string | undefined;
  /** CSS custom property of the theme. */
  color?: string;
}

/** Counts as bars beside their names, the longest as wide as the space. */
export function Shares({ items, label }: { items: readonly Share[]; label: string }) {
  const most = Math.max(1, ...items.map(({ count }) => count));
  return (
    <ul class="shares" aria-label={label}>
      {items.map(({ name, count, href, color }) => (
        <li key={name}>
          <span class="bar" style={{ width: `${(100 * count) / most}%`, background: `var(${color ?? '--chart-1'})` }} />
          {href ? <a href={href}>{name}</a> : <span>{name}</span>}
          <b>{number(count)}</b>
        </li>
      ))}
    </ul>
  );
}
