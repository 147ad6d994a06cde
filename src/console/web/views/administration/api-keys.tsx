import { useState } from 'preact/hooks';
import type { Role } from '../../../../access/permissions';
import type { ApiKeyList, CreatedApiKey } from '../../../../access/api-keys.controller';
import { api, ApiError } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, Notice, toast } from '../../ui/feedback';
import { CheckField, Form, problemAt, TextField } from '../../ui/form';
import { Await } from '../../ui/list';
import { ReasonDialog } from '../../ui/reason-dialog';
import { Table } from '../../ui/table';
import { Badge, Code, Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

type Key = ApiKeyList['items'][number];

const ROLES: readonly Role[] = ['ingest', 'viewer', 'analyst', 'officer', 'admin'];

/** The API keys of the tenant. A new one is shown once. */
export function ApiKeys() {
  const t = wordsOf(adminWords);
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Key | undefined>(undefined);
  const list = useLoad((signal) => api.get<ApiKeyList>('api-keys', {}, signal), []);
  return (
    <div class="stack">
      <p>
        <Button icon="plus" onClick={() => setAdding(true)}>
          {t.newKey}
        </Button>
      </p>
      <Await of={list}>
        {({ items }) => (
          <Table
            label={t.tabs['api-keys']}
            rows={items}
            keyOf={({ id }) => id}
            columns={[
              { key: 'name', title: t.name, cell: ({ name }) => name },
              { key: 'id', title: 'Id', cell: ({ id }) => <code>{id}</code> },
              { key: 'roles', title: t.roles, cell: ({ roles }) => roles.join(', ') },
              { key: 'made', title: t.made, cell: ({ createdAt }) => <Time at={createdAt} /> },
              {
                key: 'expires',
                title: t.expires,
                cell: ({ expiresAt }) => (expiresAt ? <Time at={expiresAt} /> : t.never),
              },
              {
                key: 'state',
                title: wordsOf(common).status,
                cell: ({ revokedAt }) => (
                  <Badge tone={revokedAt ? 'neutral' : 'good'}>{revokedAt ? t.revoked : t.inForce}</Badge>
                ),
              },
              {
                key: 'acts',
                title: t.revoke,
                cell: (key) => !key.revokedAt && <Button onClick={() => setRevoking(key)}>{t.revoke}</Button>,
              },
            ]}
          />
        )}
      </Await>
      {adding && (
        <Dialog title={t.newKey} onClose={() => setAdding(false)}>
          <KeyForm onMade={list.reload} />
        </Dialog>
      )}
      {revoking && (
        <ReasonDialog
          title={t.revoke}
          lead={t.revokeLead(revoking.name)}
          danger
          onClose={() => setRevoking(undefined)}
          act={async () => {
            await api.delete(`api-keys/${revoking.id}`);
            setRevoking(undefined);
            list.reload();
            toast(t.done);
          }}
        />
      )}
    </div>
  );
}

function KeyForm({ onMade }: { onMade: () => void }) {
  const t = wordsOf(adminWords);
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<readonly Role[]>(['viewer']);
  const [made, setMade] = useState<CreatedApiKey | undefined>(undefined);
  const save = useAction(async () => {
    setMade(await api.post<CreatedApiKey>('api-keys', { name: name.trim(), roles }));
    onMade();
  });
  if (made) {
    return (
      <Notice kind="good">
        <strong>{t.shownOnce}</strong>
        <Code text={made.key} />
      </Notice>
    );
  }
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  return (
    <Form onSubmit={() => void save.run()}>
      <TextField
        label={t.name}
        hint={t.nameHint}
        value={name}
        onValue={setName}
        problem={problemAt(problems, 'name')}
      />
      <fieldset>
        <legend>{t.roles}</legend>
        {ROLES.map((role) => (
          <CheckField
            key={role}
            label={role}
            checked={roles.includes(role)}
            onValue={(on) => setRoles(ROLES.filter((each) => (each === role ? on : roles.includes(each))))}
          />
        ))}
      </fieldset>
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={name.trim() === '' || roles.length === 0}>
        {t.newKey}
      </Button>
    </Form>
  );
}
