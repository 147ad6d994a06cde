import { useState } from 'preact/hooks';
import type { ReportSchedule } from '../../../../reports/schedules.controller';
import { api, ApiError } from '../../api';
import { preferences, zones } from '../../preferences';
import { Button } from '../../ui/button';
import { ErrorBox } from '../../ui/feedback';
import { CheckField, Form, problemAt, SelectField, TextField } from '../../ui/form';
import { useAction } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { complianceWords } from '../compliance/words';
import { FORMATS } from './order-dialog';
import { reportWords } from './words';

const namesIn = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

/** Makes a schedule, or changes the one that is given. */
export function ScheduleForm({ schedule, onDone }: { schedule: ReportSchedule | undefined; onDone: () => void }) {
  const t = wordsOf(reportWords);
  const { language: spoken, zone } = preferences.value;
  const [name, setName] = useState(schedule?.name ?? '');
  const [fields, setFields] = useState({
    description: schedule?.description ?? '',
    regulation: schedule?.regulation ?? 'gdpr',
    period: schedule?.period ?? 'previous_month',
    cron: schedule?.cron ?? '0 6 1 * *',
    timeZone: schedule?.timeZone ?? zone,
    language: schedule?.language ?? spoken,
    enabled: schedule?.enabled ?? true,
  });
  const [formats, setFormats] = useState<readonly string[]>(schedule?.formats ?? ['pdf']);
  const [groups, setGroups] = useState((schedule?.groups ?? ['dpo']).join(', '));
  const [mail, setMail] = useState((schedule?.mail ?? []).join(', '));
  const set = (field: keyof typeof fields) => (value: string) => setFields({ ...fields, [field]: value });
  const save = useAction(async () => {
    const body = { ...fields, formats, groups: namesIn(groups), mail: namesIn(mail) };
    if (schedule) await api.put(`compliance/schedules/${encodeURIComponent(schedule.name)}`, body);
    else await api.post('compliance/schedules', { name, ...body });
    onDone();
  });
  const problems = save.error instanceof ApiError ? save.error.problems : [];
  const at = (path: string) => problemAt(problems, path);
  return (
    <Form onSubmit={() => void save.run()}>
      {!schedule && <TextField label={t.name} hint={t.nameHint} value={name} onValue={setName} problem={at('name')} />}
      <TextField
        label={wordsOf(common).description}
        value={fields.description}
        onValue={set('description')}
        problem={at('description')}
      />
      <SelectField
        label={t.regulation}
        value={fields.regulation}
        options={Object.entries(wordsOf(complianceWords).regulations)}
        onValue={set('regulation')}
      />
      <SelectField
        label={t.lastWhole}
        value={fields.period}
        options={Object.entries(t.periods)}
        onValue={set('period')}
      />
      <TextField label={t.cron} hint={t.cronHint} value={fields.cron} onValue={set('cron')} problem={at('cron')} />
      <SelectField
        label={t.zone}
        value={fields.timeZone}
        options={zones.map((each) => [each, each])}
        onValue={set('timeZone')}
      />
      <SelectField
        label={t.language}
        value={fields.language}
        options={Object.entries(t.languages)}
        onValue={set('language')}
      />
      <TextField label={t.groups} hint={t.groupsHint} value={groups} onValue={setGroups} problem={at('groups')} />
      <TextField label={t.mail} value={mail} onValue={setMail} problem={at('mail') ?? at('mail.0')} />
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
      <CheckField label={t.enabled} checked={fields.enabled} onValue={(enabled) => setFields({ ...fields, enabled })} />
      <ErrorBox error={save.error} />
      <Button type="submit" kind="primary" busy={save.busy}>
        {wordsOf(common).save}
      </Button>
    </Form>
  );
}
