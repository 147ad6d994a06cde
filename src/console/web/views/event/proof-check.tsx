import type { EventItem } from '../../../../search/event-item';
import { useState } from 'preact/hooks';
import { api, download } from '../../api';
import { Proof, Step, verifyProof } from '../../ledger/proof';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { ErrorBox, Notice } from '../../ui/feedback';
import { Icon } from '../../ui/icon';
import { Facts } from '../../ui/page';
import { Code } from '../../ui/text';
import { useAction } from '../../ui/use-load';
import { wordsOf } from '../../words/words';
import { eventWords } from './words';

/** Fetches the proof of an event and verifies it here, in the browser. */
export function ProofCheck({ event }: { event: EventItem }) {
  const t = wordsOf(eventWords);
  const [steps, setSteps] = useState<Step[] | undefined>(undefined);
  const path = `events/${event.id}/proof`;
  const verify = useAction(async () => setSteps(await verifyProof(await api.get<Proof>(path))));
  const save = useAction(() => download(path, `proof-${event.id}.json`));
  return (
    <section class="stack">
      <h3>{t.proof}</h3>
      <Facts
        items={[
          [t.leaf, event.leafIndex],
          [t.checksum, <Code text={event.checksum} short={24} />],
          [t.signed, event.keyId],
        ]}
      />
      {may('ledger:read') && (
        <>
          <p class="quiet">{isSecureContext ? t.proofLead : t.insecure}</p>
          <div class="row">
            {isSecureContext && (
              <Button kind="primary" icon="check" busy={verify.busy} onClick={() => void verify.run()}>
                {t.verify}
              </Button>
            )}
            <Button icon="download" busy={save.busy} onClick={() => void save.run()}>
              {t.file}
            </Button>
          </div>
          <ErrorBox error={verify.error ?? save.error} />
          {steps && <Steps steps={steps} />}
        </>
      )}
    </section>
  );
}

function Steps({ steps }: { steps: readonly Step[] }) {
  const t = wordsOf(eventWords);
  const broken = steps.some(({ holds }) => holds === false);
  return (
    <>
      <Notice kind={broken ? 'bad' : 'good'}>
        <strong>{broken ? t.broken : t.sound}</strong>
      </Notice>
      <ol class="steps">
        {steps.map(({ name, holds, shown }) => (
          <li key={name} class={holds === false ? 'fails' : 'holds'}>
            <Icon name={holds === false ? 'close' : 'check'} />
            <div>
              {t.steps[name]}: <b>{holds === undefined ? t.unknown : holds ? t.holds : t.fails}</b>
              <code>{shown}</code>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
