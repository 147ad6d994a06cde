import type { ComponentType } from 'preact';
import { useRoute } from 'preact-iso';
import type { Permission } from '../../../../access/permissions';
import { may } from '../../session';
import { Page, Tabs } from '../../ui/page';
import { wordsOf } from '../../words/words';
import { ApiKeys } from './api-keys';
import { Erasures } from './erasures';
import { Holds } from './holds';
import { Keys } from './keys';
import { Messages } from './messages';
import { Recipients } from './recipients';
import { Retention } from './retention';
import { adminWords } from './words';

type Name = keyof (typeof adminWords)['en']['tabs'];

const TABS: readonly { name: Name; permission: Permission; component: ComponentType }[] = [
  { name: 'retention', permission: 'retention:read', component: Retention },
  { name: 'holds', permission: 'holds:manage', component: Holds },
  { name: 'erasures', permission: 'privacy:erase', component: Erasures },
  { name: 'recipients', permission: 'settings:manage', component: Recipients },
  { name: 'messages', permission: 'alerts:read', component: Messages },
  { name: 'api-keys', permission: 'apikeys:manage', component: ApiKeys },
  { name: 'keys', permission: 'keys:manage', component: Keys },
];

/** What administers the log, one tab for each subject; tabs that the key does not allow are not there. */
export default function Administration() {
  const t = wordsOf(adminWords);
  const rest = useRoute().params.rest ?? '';
  const allowed = TABS.filter(({ permission }) => may(permission));
  const current = allowed.find(({ name }) => name === rest) ?? allowed[0];
  return (
    <Page title={t.title} lead={t.lead}>
      <Tabs
        label={t.title}
        items={allowed.map((tab) => ({
          href: `/console/administration/${tab.name}`,
          title: t.tabs[tab.name],
          current: tab === current,
        }))}
      />
      {current && <current.component key={current.name} />}
    </Page>
  );
}
