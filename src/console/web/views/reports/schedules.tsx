import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { ReportSchedule } from '../../../../reports/schedules.controller';
import type { ComplianceReport } from '../../../../reports/reports.schema';
import { api } from '../../api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorBox, toast } from '../../ui/feedback';
import { Await } from '../../ui/list';
import { Card, Facts } from '../../ui/page';
import { Time } from '../../ui/text';
import { useAction, useLoad } from '../../ui/use-load';
import { common } from '../../words/common';
import { wordsOf } from '../../words/words';
import { complianceWords } from '../compliance/words';
import { ScheduleForm } from './schedule-form';
import { reportWords } from './words';

/** The schedules by which reports are made and mailed. */
export function Schedules() {
  const t = wordsOf(reportWords);
  const list = useLoad((signal) => api.get<{ items: ReportSchedule[] }>('compliance/schedules', {}, signal), []);
  const [editing, setEditing] = useState<ReportSchedule | 'new' | undefined>(undefined);
  const done = () => {
    setEditing(undefined);
    list.reload();
    toast(t.scheduleSaved);
  };
  return (
    <div class="stack">
      <p>
        <Button icon="plus" onClick={() => setEditing('new')}>
          {t.newSchedule}
        </Button>
      </p>
      <Await of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="reports" title={t.noSchedules}>
              {t.noneHint}
            </Empty>
          ) : (
            <div class="grid">
              {items.map((schedule) => (
                <ScheduleCard
                  key={schedule.name}
                  schedule={schedule}
                  onEdit={() => setEditing(schedule)}
                  onChanged={list.reload}
                />
              ))}
            </div>
          )
        }
      </Await>
      {editing && (
        <Dialog title={editing === 'new' ? t.newSchedule : editing.name} onClose={() => setEditing(undefined)}>
          <ScheduleForm schedule={editing === 'new' ? undefined : editing} onDone={done} />
        </Dialog>
      )}
    </div>
  );
}

interface CardProps {
  schedule: ReportSchedule;
  onEdit: () => void;
  onChanged: () => void;
}

function ScheduleCard({ schedule, onEdit, onChanged }: CardProps) {
  const t = wordsOf(reportWords);
  const c = wordsOf(common);
  const { route } = useLocation();
  const [asking, setAsking] = useState(false);
  const path = `compliance/schedules/${encodeURIComponent(schedule.name)}`;
  const run = useAction(async () => route(`/console/reports/${(await api.post<ComplianceReport>(`${path}/run`)).id}`));
  const remove = useAction(async () => {
    await api.delete(path);
    toast(t.scheduleGone);
    onChanged();
  });
  return (
    <Card title={schedule.name}>
      {schedule.description && <p>{schedule.description}</p>}
      <Facts
        items={[
          [t.regulation, wordsOf(complianceWords).regulations[schedule.regulation]],
          [t.lastWhole, t.periods[schedule.period]],
          [t.cron, `${schedule.cron} (${schedule.timeZone})`],
          [t.next, schedule.nextRunAt ? <Time at={schedule.nextRunAt} /> : t.paused],
          [t.groups, schedule.groups.join(', ')],
          [t.mail, schedule.mail.join(', ')],
          [t.formats, schedule.formats.join(', ')],
        ]}
      />
      <div class="row">
        <Button icon="play" busy={run.busy} onClick={() => void run.run()}>
          {t.run}
        </Button>
        <Button onClick={onEdit}>{t.edit}</Button>
        <Button kind="danger" onClick={() => setAsking(true)}>
          {c.remove}
        </Button>
      </div>
      <ErrorBox error={run.error} />
      {asking && (
        <Dialog title={c.remove} onClose={() => setAsking(false)}>
          <p>{t.removeQuestion(schedule.name)}</p>
          <ErrorBox error={remove.error} />
          <Button kind="danger" busy={remove.busy} onClick={() => void remove.run()}>
            {c.remove}
          </Button>
        </Dialog>
      )}
    </Card>
  );
}
