import { ErrorBoundary, LocationProvider, Route, Router } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { chosenTenant, signedOut } from './api';
import { loadSession, may, session } from './session';
import { Layout } from './shell/layout';
import { SignIn } from './shell/sign-in';
import { Empty, ErrorBox, Loading, Toasts } from './ui/feedback';
import { Page } from './ui/page';
import { useAction } from './ui/use-load';
import { View, VIEWS } from './views/views';
import { common } from './words/common';
import { wordsOf } from './words/words';

/** The console: the sign-in for who is not known, and else the view that the address names. */
export function App() {
  const start = useAction(loadSession);
  // An answer of 401 in any view means that the session has ended.
  useEffect(() => void start.run(), [signedOut.value]);
  const who = session.value;
  return (
    // The API has addresses of its own beside those of the views: files, and the way to the identity provider.
    <LocationProvider scope={/^(?!\/audit\/)/}>
      {start.error !== undefined && <ErrorBox error={start.error} retry={() => void start.run()} />}
      {who === undefined && start.error === undefined && <Loading />}
      {who === null && <SignIn />}
      {who && (
        <Layout>
          {/* Another tenant is another log: nothing that is shown stays. */}
          <ErrorBoundary key={chosenTenant.value ?? who.tenant}>
            <Router>
              {VIEWS.map((view) => (
                <Route key={view.path} path={view.path} component={guarded(view)} />
              ))}
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        </Layout>
      )}
      <Toasts />
    </LocationProvider>
  );
}

const components = new Map<View, () => preact.JSX.Element>();

/** The view for who may see it, and the reason for who may not. One component for each view, so that it keeps its state. */
function guarded(view: View): () => preact.JSX.Element {
  const known = components.get(view);
  if (known) return known;
  const made = () => (may(view.permission) ? <view.component /> : <Forbidden view={view} />);
  components.set(view, made);
  return made;
}

function Forbidden({ view }: { view: View }) {
  const t = wordsOf(common);
  return (
    <Page title={view.title()}>
      <Empty icon="key" title={t.forbidden}>
        {t.forbiddenHint(view.permission)}
      </Empty>
    </Page>
  );
}

function NotFound() {
  const t = wordsOf(common);
  return (
    <Page title={t.notFound}>
      <Empty title={t.notFound} />
    </Page>
  );
}
