import { useEffect, useState } from 'preact/hooks';
import type { Health } from '../../../../health/health.controller';
import { ApiError } from '../../api';
import { may } from '../../session';
import { Button } from '../../ui/button';
import { ErrorBox, Loading, Notice } from '../../ui/feedback';
import { Card, Facts, Page, Stat } from '../../ui/page';
import { Badge } from '../../ui/text';
import { useLoad } from '../../ui/use-load';
import { duration, number } from '../../words/format';
import { wordsOf } from '../../words/words';
import { DeadLetters } from './dead-letters';
import { healthWords } from './words';

const LOOK_MS = 10_000;

/** The state of the system and of what it has set aside; looks again by itself while the tab is in sight. */
export default function HealthView() {
  const t = wordsOf(healthWords);
  const [paused, setPaused] = useState(false);
  const health = useLoad((signal) => read(signal), []);
  useEffect(() => {
    if (paused) return;
    const timer = setInterval(() => document.visibilityState === 'visible' && health.reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [paused]);
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <Button icon={paused ? 'play' : 'pause'} onClick={() => setPaused(!paused)}>
          {paused ? t.resume : t.pause}
        </Button>
      }
    >
      <div class="stack">
        <ErrorBox error={health.error} retry={health.reload} />
        {!health.data && health.error === undefined && <Loading />}
        {health.data && <Shown health={health.data} />}
        {may('deadletters:manage') && <DeadLetters />}
      </div>
    </Page>
  );
}

/** The health, also where it says that the system is down, which is no failure to tell it. */
async function read(signal: AbortSignal): Promise<Health> {
  const response = await fetch('/audit/api/health', { signal });
  const text = await response.text();
  if (response.ok || response.status === 503) return JSON.parse(text) as Health;
  throw new ApiError(response.status, `HTTP_${response.status}`, text.slice(0, 300));
}

function Shown({ health }: { health: Health }) {
  const t = wordsOf(healthWords);
  const { pipeline, ledger, status, dependencies } = health;
  return (
    <>
      <Notice kind={status === 'ok' ? 'good' : status === 'degraded' ? 'warn' : 'bad'}>
        <strong>{t.states[status]}</strong>
      </Notice>
      <div class="stats">
        <Stat label={t.waiting} value={pipeline ? number(pipeline.waiting) : '–'} />
        <Stat label={t.oldest} value={pipeline ? duration(pipeline.oldestWaitingMs) : '–'} />
        <Stat
          label={t.unaccounted}
          value={pipeline ? number(pipeline.unaccounted) : '–'}
          note={t.unaccountedHint}
          kind={pipeline && pipeline.unaccounted !== 0 ? 'bad' : undefined}
        />
        <Stat label={t.lag} value={ledger ? duration(ledger.lagMs) : '–'} />
        <Stat
          label={t.halted}
          value={ledger ? number(ledger.halted) : '–'}
          kind={ledger && ledger.halted > 0 ? 'bad' : undefined}
        />
      </div>
      <div class="grid">
        <Card title={t.parts}>
          <ul class="pairs">
            {(['redis', 'clickhouse', 'worker'] as const).map((name) => {
              const { status: state, latencyMs, detail } = dependencies[name];
              return (
                <li key={name}>
                  <span>{t.names[name]}</span>
                  <span>
                    {detail} {latencyMs !== null && `${number(latencyMs, 1)} ms`}{' '}
                    <Badge tone={state === 'up' ? 'good' : 'critical'}>{state === 'up' ? t.up : t.down}</Badge>
                  </span>
                </li>
              );
            })}
          </ul>
          <Facts
            items={[
              [t.version, health.version],
              [t.uptime, duration(health.uptimeSeconds * 1000)],
            ]}
          />
        </Card>
        <Card title={t.warnings}>
          {health.warnings.length === 0 && <p class="quiet">{t.noWarnings}</p>}
          <ul class="stack">
            {health.warnings.map((warning) => (
              <li key={warning}>
                <Notice kind="warn">{warning}</Notice>
              </li>
            ))}
          </ul>
        </Card>
      </div>
    </>
  );
}
