import { useState } from 'preact/hooks';
import { chosenTenant } from '../api';
import { Language, LANGUAGES, prefer, preferences, Theme, THEMES, zones } from '../preferences';
import { session, signOut } from '../session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ErrorBox } from '../ui/feedback';
import { Form, SelectField, TextField } from '../ui/form';
import { Facts } from '../ui/page';
import { useAction } from '../ui/use-load';
import { common } from '../words/common';
import { wordsOf } from '../words/words';
import { shell } from './words';

const NAMES: Record<Language, string> = { en: 'English', pt: 'Português' };

/** Who is signed in, how the console looks, and the way out. */
export function Settings({ onClose }: { onClose: () => void }) {
  const t = wordsOf(shell);
  const c = wordsOf(common);
  const { language, theme, zone } = preferences.value;
  const who = session.value;
  const [tenant, setTenant] = useState(chosenTenant.value ?? '');
  const leave = useAction(signOut);
  return (
    <Dialog title={t.settings} onClose={onClose} drawer>
      <Facts
        items={[
          [t.key, who?.name],
          [c.tenant, who?.tenant],
          [t.roles, who?.roles.join(', ')],
        ]}
      />
      <div class="form">
        <SelectField
          label={t.language}
          value={language}
          options={LANGUAGES.map((each) => [each, NAMES[each]])}
          onValue={(value) => prefer({ language: value as Language })}
        />
        <SelectField
          label={t.theme}
          value={theme}
          options={THEMES.map((each) => [each, t.themes[each]])}
          onValue={(value) => prefer({ theme: value as Theme })}
        />
        <SelectField
          label={t.zone}
          value={zone}
          options={zones.map((each) => [each, each])}
          onValue={(value) => prefer({ zone: value })}
        />
      </div>
      {who?.system && (
        <Form
          inline
          onSubmit={() => {
            chosenTenant.value = tenant.trim() || undefined;
            onClose();
          }}
        >
          <TextField label={c.tenant} hint={t.tenantHint} value={tenant} onValue={setTenant} placeholder={who.tenant} />
          <Button type="submit">{c.apply}</Button>
        </Form>
      )}
      <ErrorBox error={leave.error} />
      <Button busy={leave.busy} onClick={() => void leave.run()}>
        {t.signOut}
      </Button>
    </Dialog>
  );
}
