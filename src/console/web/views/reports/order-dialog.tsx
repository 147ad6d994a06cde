import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { ComplianceReport } from '../../../../reports/reports.schema';
import { api, ApiError } from '../../api';
import { preferences, zones } from '../../preferences';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorBox, toast } from '../../ui/feedback';
import { CheckField, Form, problemAt, SelectField, TextField } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { wordsOf } from '../../words/words';
import { wallTime } from '../../words/zoned';
import { complianceWords } from '../compliance/words';
import { reportWords } from './words';

export const FORMATS: readonly ComplianceReport['formats'][number][] = ['pdf', 'xlsx', 'csv', 'json'];
const DAY = 86_400_000;

/** The day after `day`, as the API takes the end of a period. */
const dayAfter = (day: string): string => {
  const at = Date.parse(`${day}T00:00Z`);
  return Number.isNaN(at) ? day : new Date(at + DAY).toISOString().slice(0, 10);
};

/** Orders a report and leads to it. */
export function OrderDialog({ regulation: asked, onClose }: { regulation: string; onClose: () => void }) {
  const t = wordsOf(reportWords);
  const { route } = useLocation();
  const { language: spoken, zone: ownZone } = preferences.value;
  const today = wallTime(Date.now(), ownZone).slice(0, 10);
  const [regulation, setRegulation] = useState(asked);
  const [from, setFrom] = useState(wallTime(Date.now() - 30 * DAY, ownZone).slice(0, 10));
  const [until, setUntil] = useState(today);
  const [timeZone, setZone] = useState(ownZone);
  const [language, setLanguage] = useState<string>(spoken);
  const [formats, setFormats] = useState<readonly string[]>(['pdf']);
  const order = useAction(async () => {
    // The end is not part of the period; of today, what has happened so far is.
    const to = until >= today ? new Date().toISOString() : dayAfter(until);
    const body = { regulation, from, to, timeZone, language, formats };
    const report = await api.post<ComplianceReport>('compliance/reports/generate', body);
    toast(t.ordered);
    route(`/console/reports/${report.id}`);
  });
  const problems = order.error instanceof ApiError ? order.error.problems : [];
  return (
    <Dialog title={t.order} onClose={onClose}>
      <Form onSubmit={() => void order.run()}>
        <SelectField
          label={t.regulation}
          value={regulation}
          options={Object.entries(wordsOf(complianceWords).regulations)}
          onValue={setRegulation}
        />
        <div class="row">
          <TextField
            type="date"
            label={t.fromHint}
            value={from}
            max={today}
            onValue={setFrom}
            problem={problemAt(problems, 'from')}
          />
          <TextField
            type="date"
            label={t.toHint}
            value={until}
            max={today}
            onValue={setUntil}
            problem={problemAt(problems, 'to')}
          />
        </div>
        <SelectField label={t.zone} value={timeZone} options={zones.map((name) => [name, name])} onValue={setZone} />
        <SelectField label={t.language} value={language} options={Object.entries(t.languages)} onValue={setLanguage} />
        <fieldset>
          <legend>{t.formats}</legend>
          <div class="row">
            {FORMATS.map((format) => (
              <CheckField
                key={format}
                label={format}
                checked={formats.includes(format)}
                onValue={(on) => setFormats(FORMATS.filter((each) => (each === format ? on : formats.includes(each))))}
              />
            ))}
          </div>
        </fieldset>
        <ErrorBox error={order.error} />
        <Button type="submit" kind="primary" busy={order.busy} disabled={formats.length === 0}>
          {t.order}
        </Button>
      </Form>
    </Dialog>
  );
}
