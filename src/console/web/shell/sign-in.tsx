import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { signIn, signInOptions } from '../session';
import { Button } from '../ui/button';
import { ErrorBox, Notice } from '../ui/feedback';
import { Form, TextField } from '../ui/form';
import { useAction, useLoad } from '../ui/use-load';
import { wordsOf } from '../words/words';
import { Mark } from './mark';
import { shell } from './words';

/** Asks for an API key, or sends to the identity provider where one is configured. */
export function SignIn() {
  const t = wordsOf(shell);
  const [key, setKey] = useState('');
  const { path, query, route } = useLocation();
  const options = useLoad(signInOptions, []);
  const enter = useAction(async () => {
    await signIn(key.trim());
    if (path === '/console/sign-in') route('/console', true);
  });
  const oidc = options.data?.oidc;
  const refused = query.error;
  const reasons: Record<string, string> = t.signInErrors;
  return (
    <main class="sign-in">
      <div class="card">
        <Mark />
        <h1>{t.signIn}</h1>
        <p class="lead">{t.signInLead}</p>
        {refused && <Notice kind="bad">{reasons[refused] ?? t.signInErrors.OIDC_FAILED}</Notice>}
        <Form onSubmit={() => void enter.run()}>
          <TextField
            label={t.key}
            hint={t.keyHint}
            value={key}
            onValue={setKey}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            autofocus
          />
          <ErrorBox error={enter.error} />
          <Button kind="primary" type="submit" busy={enter.busy} disabled={key.trim() === ''}>
            {t.signIn}
          </Button>
        </Form>
        {oidc && (
          <>
            <p class="or">{t.or}</p>
            <a class="button plain" href="/audit/api/session/oidc">
              {t.signInWith(oidc.name)}
            </a>
          </>
        )}
      </div>
    </main>
  );
}
