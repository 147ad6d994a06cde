import { useState } from 'preact/hooks';
import type { RecipientGroup, RecipientGroupList } from '../../../../channels/recipients.controller';
import { api, ApiError } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, toast } from '../../ui/feedback';
import { Form, problemAt, TextArea, TextField } from '../../ui/form';
import { Await } from '../../ui/list';
import { Card, Facts } from '../../ui/page';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { adminWords } from './words';

/** The groups of people who are told of alerts and get reports. */
export function Recipients() {
  const t = wordsOf(adminWords);
  const [editing, setEditing] = useState<RecipientGroup | 'new' | undefined>(undefined);
  const list = useLoad((signal) => api.get<RecipientGroupList>('recipients', {}, signal), []);
  const done = () => {
    setEditing(undefined);
    list.reload();
    toast(t.done);
  };
  return (
    <div class="stack">
      <p>
        <Button icon="plus" onClick={() => setEditing('new')}>
          {t.newGroup}
        </Button>
      </p>
      <Await of={list}>
        {({ items }) => (
          <div class="grid">
            {items.length === 0 && (
              <Empty icon="alerts" title={t.noGroups}>
                {t.noGroupsHint}
              </Empty>
            )}
            {items.map((group) => (
              <GroupCard key={group.name} group={group} onEdit={() => setEditing(group)} />
            ))}
          </div>
        )}
      </Await>
      {editing && (
        <Dialog title={editing === 'new' ? t.newGroup : editing.name} onClose={() => setEditing(undefined)}>
          <GroupForm group={editing === 'new' ? undefined : editing} onDone={done} />
        </Dialog>
      )}
    </div>
  );
}

function GroupCard({ group, onEdit }: { group: RecipientGroup; onEdit: () => void }) {
  const t = wordsOf(adminWords);
  const test = useAction(async () => {
    await api.post('notifications/test', { group: group.name });
    toast(t.tested);
  });
  const { quietHours } = group;
  return (
    <Card title={group.name}>
      {group.description && <p>{group.description}</p>}
      <Facts
        items={[
          [
            t.channels,
            group.channels.map(({ name, type, minSeverity }) => `${name} (${type}, ${minSeverity}+)`).join(', ') ||
              t.noChannels,
          ],
          [t.quiet, quietHours && `${quietHours.start}–${quietHours.end} ${quietHours.timezone}`],
        ]}
      />
      <div class="row">
        <Button onClick={onEdit}>{t.edit}</Button>
        <Button busy={test.busy} disabled={group.channels.length === 0} onClick={() => void test.run()}>
          {t.test}
        </Button>
      </div>
      <ErrorBox error={test.error} />
    </Card>
  );
}

/** What of a group may be changed, as text; secrets are never shown, and kept when they are left out. */
function textOf(group: RecipientGroup | undefined): string {
  const channels = (group?.channels ?? []).map(({ secretsSet: _, ...channel }) => channel);
  const { description = '', enabled = true, quietHours } = group ?? {};
  return JSON.stringify({ description, enabled, ...(quietHours && { quietHours }), channels }, null, 2);
}

function GroupForm({ group, onDone }: { group: RecipientGroup | undefined; onDone: () => void }) {
  const t = wordsOf(adminWords);
  const [name, setName] = useState(group?.name ?? '');
  const [text, setText] = useState(() => textOf(group));
  const [unreadable, setUnreadable] = useState(false);
  const save = useAction(async () => {
    const body = parsed(text);
    setUnreadable(body === undefined);
    if (body === undefined) return;
    const version = group ? `?version=${group.version}` : '';
    await api.put(`recipients/${encodeURIComponent(name)}${version}`, body);
    onDone();
  });
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  return (
    <Form onSubmit={() => void save.run()}>
      {!group && <TextField label={t.groupName} value={name} onValue={setName} problem={problemAt(problems, 'name')} />}
      <TextArea
        label={t.groupJson}
        hint={t.groupHint}
        rows={16}
        code
        value={text}
        onValue={setText}
        problem={unreadable ? t.badJson : undefined}
      />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy} disabled={name.trim() === ''}>
        {wordsOf(common).save}
      </Button>
    </Form>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
