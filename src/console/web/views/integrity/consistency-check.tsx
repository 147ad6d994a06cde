import { useState } from 'preact/hooks';
import type { CheckpointList, ConsistencyProof } from '../../../../ledger/ledger.controller';
import { api } from '../../api';
import { fromHex, same } from '../../ledger/bytes';
import { parseCheckpoint } from '../../ledger/checkpoint';
import { verifyConsistency } from '../../ledger/merkle';
import { Button } from '../../ui/button';
import { ErrorBox, Notice } from '../../ui/feedback';
import { Form, SelectField } from '../../ui/form';
import { Card } from '../../ui/page';
import { useAction } from '../../ui/use-load';
import { number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { integrityWords } from './words';

/** Checks in the browser that the ledger only grew between two of its checkpoints. */
export function ConsistencyCheck({ checkpoints }: { checkpoints: CheckpointList['items'] }) {
  const t = wordsOf(integrityWords);
  const bySize = new Map(checkpoints.map(({ size, note }) => [size, note]));
  const sizes = [...bySize.keys()].filter((size) => size > 0).sort((a, b) => a - b);
  const [from, setFrom] = useState(String(sizes[0] ?? ''));
  const [to, setTo] = useState(String(sizes.at(-1) ?? ''));
  const [grew, setGrew] = useState<boolean | undefined>(undefined);
  const check = useAction(async () => {
    setGrew(undefined);
    const proof = await api.get<ConsistencyProof>('ledger/consistency', { from, to });
    // The roots are those of the signed checkpoints, not those that come with the proof.
    const [older, newer] = [
      parseCheckpoint(bySize.get(Number(from)) ?? ''),
      parseCheckpoint(bySize.get(Number(to)) ?? ''),
    ];
    const hashes = proof.proof.map(fromHex);
    const claimed = same(older.root, fromHex(proof.fromRoot)) && same(newer.root, fromHex(proof.toRoot));
    setGrew(claimed && (await verifyConsistency(older, newer, hashes)));
  });
  const options = sizes.map((size) => [String(size), number(size)] as const);
  return (
    <Card title={t.consistency}>
      <p class="quiet">{t.consistencyLead}</p>
      {sizes.length < 2 ? (
        <p>–</p>
      ) : (
        <Form inline onSubmit={() => void check.run()}>
          <SelectField label={t.older} value={from} options={options} onValue={setFrom} />
          <SelectField label={t.newer} value={to} options={options} onValue={setTo} />
          <Button type="submit" busy={check.busy}>
            {t.check}
          </Button>
        </Form>
      )}
      <ErrorBox error={check.error} />
      {grew !== undefined && <Notice kind={grew ? 'good' : 'bad'}>{grew ? t.grew : t.forked}</Notice>}
    </Card>
  );
}
