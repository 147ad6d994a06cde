import { useState } from 'preact/hooks';
import type { KeyList } from '../../../../keys/keys.controller';
import { api } from '../../api';
import { session } from '../../session';
import { Button } from '../../ui/button';
import { toast } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Facts } from '../../ui/page';
import { ReasonDialog } from '../../ui/reason-dialog';
import { Table } from '../../ui/table';
import { Badge, Code, Time } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

const OF_THE_SYSTEM = ['root', 'signing', 'checkpoint'] as const;

/** The cryptographic keys, never with a secret, and their replacement. */
export function Keys() {
  const t = wordsOf(adminWords);
  const [rotating, setRotating] = useState<keyof typeof t.kinds | undefined>(undefined);
  const list = useLoad((signal) => api.get<KeyList>('keys', {}, signal), []);
  const kinds = ['tenant', ...(session.value?.system ? OF_THE_SYSTEM : [])] as const;
  return (
    <div class="stack">
      <div class="row">
        {kinds.map((kind) => (
          <Button key={kind} onClick={() => setRotating(kind)}>
            {t.rotate}: {t.kinds[kind]}
          </Button>
        ))}
      </div>
      <Await of={list}>
        {({ items, rootKeys }) => (
          <>
            <Table
              label={t.tabs.keys}
              rows={items}
              keyOf={({ kind, number: count, tenant }) => `${kind} ${tenant} ${count}`}
              columns={[
                { key: 'kind', title: t.kind, cell: ({ kind }) => t.kinds[kind] },
                { key: 'number', title: t.number, align: 'end', cell: (key) => key.number },
                {
                  key: 'state',
                  title: wordsOf(common).status,
                  cell: ({ state }) => (
                    <Badge tone={state === 'active' ? 'good' : 'neutral'}>
                      {state === 'active' ? t.active : t.retired}
                    </Badge>
                  ),
                },
                { key: 'made', title: t.made, cell: ({ createdAt }) => <Time at={createdAt} /> },
                {
                  key: 'public',
                  title: 'Ed25519',
                  cell: ({ publicKey }) => (publicKey ? <Code text={publicKey} short={16} /> : '–'),
                },
              ]}
            />
            <Facts items={[[t.rootKeys, rootKeys.join(', ')]]} />
          </>
        )}
      </Await>
      {rotating && (
        <ReasonDialog
          title={`${t.rotate}: ${t.kinds[rotating]}`}
          lead={t.rotateLead}
          danger
          onClose={() => setRotating(undefined)}
          act={async () => {
            await api.post('keys/rotate', { kind: rotating });
            setRotating(undefined);
            list.reload();
            toast(t.done);
          }}
        />
      )}
    </div>
  );
}
