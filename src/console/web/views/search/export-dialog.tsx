import { apiUrl, chosenTenant, download } from '../../api';
import type { Query } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox } from '../../ui/feedback';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { searchWords } from './words';

const FORMATS = ['csv', 'xlsx', 'json', 'ndjson', 'parquet'] as const;

/** Saves everything that the filters choose as a file. */
export function ExportDialog({ query, onClose }: { query: Query; onClose: () => void }) {
  const t = wordsOf(searchWords);
  const c = wordsOf(common);
  const save = useAction((format: string) => download('events/export', `events.${format}`, { ...query, format }));
  return (
    <Dialog title={t.export} onClose={onClose}>
      {may('events:export') ? (
        <>
          <p>{t.exportHint}</p>
          <div class="row">
            {FORMATS.map((format) =>
              // The browser itself saves files of any size; only another tenant has to be named in a header.
              chosenTenant.value === undefined ? (
                <a key={format} class="button plain" href={apiUrl('events/export', { ...query, format })} download>
                  {format}
                </a>
              ) : (
                <Button key={format} busy={save.busy} onClick={() => void save.run(format)}>
                  {format}
                </Button>
              ),
            )}
          </div>
          <ErrorBox error={save.error} />
        </>
      ) : (
        <Empty icon="key" title={c.forbidden}>
          {c.forbiddenHint('events:export')}
        </Empty>
      )}
    </Dialog>
  );
}
