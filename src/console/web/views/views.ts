import type { ComponentType } from 'preact';
import { lazy } from 'preact-iso';
import type { Permission } from '../../../access/permissions';
import { shell } from '../shell/words';
import type { IconName } from '../ui/icon';
import { wordsOf } from '../words/words';

export type Group = 'watch' | 'evidence' | 'system';

/** One view: where it lives, who may see it, and how the navigation shows it. Its code is loaded when it is first opened. */
export interface View {
  /** Pattern of the address; the part before any : is the view's own. */
  path: string;
  title: () => string;
  permission: Permission;
  component: ComponentType;
  /** Absent for what is reached from other views only. `keys` follow g. */
  navigation?: { group: Group; icon: IconName; key: string };
}

type Name = keyof (typeof shell)['en']['views'];

const view = (
  name: Name & IconName,
  group: Group,
  key: string,
  permission: Permission,
  load: () => Promise<{ default: ComponentType }>,
  path = `/console/${name}/:rest*`,
): View => ({
  path,
  title: () => wordsOf(shell).views[name],
  permission,
  component: lazy(load),
  navigation: { group, icon: name, key },
});

export const VIEWS: readonly View[] = [
  view('overview', 'watch', 'o', 'events:read', () => import('./overview/overview'), '/console'),
  view('live', 'watch', 'l', 'events:read', () => import('./live/live')),
  view('search', 'watch', 's', 'events:read', () => import('./search/search')),
  view('alerts', 'watch', 'a', 'alerts:read', () => import('./alerts/alerts')),
  view('rules', 'watch', 'r', 'rules:read', () => import('./rules/rules')),
  view('compliance', 'evidence', 'c', 'reports:read', () => import('./compliance/compliance')),
  view('requests', 'evidence', 'q', 'reports:read', () => import('./requests/requests')),
  view('breaches', 'evidence', 'b', 'reports:read', () => import('./breaches/breaches')),
  view('consents', 'evidence', 'n', 'reports:read', () => import('./consents/consents')),
  view('lineage', 'evidence', 'd', 'reports:read', () => import('./lineage/lineage')),
  view('reports', 'evidence', 'p', 'reports:read', () => import('./reports/reports')),
  view('integrity', 'evidence', 'i', 'ledger:read', () => import('./integrity/integrity')),
  view('health', 'system', 'h', 'events:read', () => import('./health/health')),
  view('administration', 'system', 'm', 'retention:read', () => import('./administration/administration')),
  {
    path: '/console/events/:id',
    title: () => wordsOf(shell).event,
    permission: 'events:read',
    component: lazy(() => import('./event/event')),
  },
];

/** The address of a view without what follows it. */
export const addressOf = ({ path }: View): string => path.replace(/\/:.*$/, '');
