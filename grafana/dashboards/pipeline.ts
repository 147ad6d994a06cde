import { frame, UIDS } from './frame';
import { NEUTRAL, number, rows, series, worse, ZERO } from './panels';
import { gauges, grownBy, inTime, newest, quantiles, rates, TENANT } from './sql';

const STEP = '1m';

export const pipeline = frame({
  uid: UIDS.pipeline,
  title: 'Audit pipeline',
  description:
    'How events get from the API into the store and the ledger, and that none is missing. Of the whole system, from samples of its metrics that a worker takes every minute; a Grafana that is bound to one tenant does not see them',
  variables: 'tenant',
  from: 'now-6h',
  panels: [
    number({
      title: 'Unaccounted',
      description:
        'Accepted less stored, waiting, repeated and dead-lettered events. Anything but 0 for a minute is an alarm.',
      unit: 'short',
      steps: ['red', [0, 'green'], [1, 'red']],
      sql: newest('audit_pipeline_unaccounted', 'unaccounted'),
    }),
    number({
      title: 'Waiting',
      description: 'Events that are acknowledged and wait in Redis, on disk, to be stored.',
      unit: 'short',
      steps: worse(50_000, 500_000),
      sql: newest('audit_pipeline_waiting', 'waiting'),
    }),
    number({
      title: 'Oldest waiting',
      description:
        'How long the oldest event has been waiting: beyond a minute the writer does not keep up, or ClickHouse is away.',
      unit: 'ms',
      steps: worse(10_000, 60_000),
      sql: newest('audit_pipeline_oldest_waiting_ms', 'oldest'),
    }),
    number({
      title: 'Dead letters',
      description: 'Dead letters of the tenant that somebody has to decide on: mcp-audit dlq list.',
      unit: 'short',
      steps: ZERO,
      sql: `SELECT count() AS waiting FROM dead_letters FINAL WHERE ${TENANT} AND state = 'waiting'`,
    }),
    number({
      title: 'Ledger is behind',
      description: 'Age of the oldest stored events that no checkpoint covers yet.',
      unit: 's',
      steps: worse(15, 60),
      sql: newest('audit_ledger_lag_seconds', 'lag'),
    }),
    number({
      title: 'Ledgers that halted',
      description: 'Ledgers that are not sealed because of a contradiction: call an operator.',
      unit: 'short',
      steps: ZERO,
      sql: newest('audit_ledger_halted', 'halted'),
    }),
    series({
      title: 'Ingest and store',
      description: 'Events a second that were acknowledged, and that came into ClickHouse.',
      unit: 'reqps',
      step: STEP,
      steps: NEUTRAL,
      sql: rates({ accepted: 'audit_pipeline_accepted', stored: 'audit_pipeline_stored' }),
    }),
    series({
      title: 'Queue',
      description: 'Events and segments that wait in Redis.',
      unit: 'short',
      step: STEP,
      steps: worse(50_000, 500_000),
      sql: gauges({ events: 'audit_pipeline_waiting', segments: 'audit_pipeline_waiting_segments' }),
    }),
    series({
      title: 'Time of an insert',
      description:
        'How long an INSERT of a batch into ClickHouse takes: half of them, 95 % and 99 % of them less than this.',
      unit: 's',
      step: STEP,
      steps: worse(2, 10),
      sql: quantiles('audit_writer_insert_seconds'),
    }),
    series({
      title: 'Time until Redis has a segment',
      description:
        'How long it takes until Redis has a group of events on disk, which is most of the time that a sender waits.',
      unit: 's',
      step: STEP,
      steps: worse(0.1, 1),
      sql: quantiles('audit_ingest_commit_seconds'),
    }),
    series({
      title: 'Lag',
      description: 'How far behind what comes in the store, the ledger and the statistics are, at most.',
      unit: 's',
      step: STEP,
      steps: worse(15, 60),
      sql: `SELECT time, store / 1000 AS store, ledger, statistics FROM (${gauges({
        store: 'audit_pipeline_oldest_waiting_ms',
        ledger: 'audit_ledger_lag_seconds',
        statistics: 'audit_rollup_lag_seconds',
      })})`,
    }),
    series({
      title: 'Bytes that wait',
      description: 'Bytes that wait in Redis. At AUDIT_BUFFER_MAX_BYTES (by default 1 GiB) the API answers 503.',
      unit: 'bytes',
      step: STEP,
      steps: worse(536_870_912, 1_000_000_000),
      sql: gauges({ waiting: 'audit_pipeline_waiting_bytes' }),
    }),
    series({
      title: 'Loss accounting',
      description:
        'Accepted events are stored, waiting, repeats of stored ones, or dead letters; what is left is unaccounted and must be 0.',
      unit: 'short',
      step: STEP,
      steps: NEUTRAL,
      sql: gauges({
        accepted: 'audit_pipeline_accepted',
        stored: 'audit_pipeline_stored',
        waiting: 'audit_pipeline_waiting',
        duplicates: 'audit_pipeline_duplicates',
        'dead-lettered': 'audit_pipeline_dead_lettered',
        unaccounted: 'audit_pipeline_unaccounted',
      }),
    }),
    series({
      title: 'Growth of the ledger',
      description: 'Events of the tenant a second that came under signed checkpoints.',
      unit: 'reqps',
      step: STEP,
      steps: NEUTRAL,
      sql: `SELECT time, (last - lagInFrame(last, 1, first) OVER (ORDER BY time)) / $__interval_s AS sealed
FROM (SELECT $__timeInterval(signed_at) AS time, max(size) AS last, min(size) AS first
  FROM checkpoints WHERE ${inTime('signed_at')} GROUP BY time) ORDER BY time`,
    }),
    series({
      title: 'Time until sealed',
      description:
        'From the landing of a batch to the checkpoint over it: half of them, 95 % and 99 % of them less than this.',
      unit: 's',
      step: STEP,
      steps: worse(10, 30),
      sql: quantiles('audit_ledger_seal_seconds'),
    }),
    series({
      title: 'Time until rules have seen an event',
      description: 'From the receipt of an event until rules had seen it and its alerts were open.',
      unit: 's',
      step: STEP,
      steps: worse(5, 30),
      sql: quantiles('audit_rules_lag_seconds'),
    }),
    rows({
      title: 'Items of requests',
      description: 'What became of the events that senders sent, in the chosen time.',
      unit: 'short',
      width: 8,
      steps: NEUTRAL,
      sql: grownBy('audit_ingest_events_total', 'result', 'result'),
    }),
    rows({
      title: 'Messages about alerts',
      description: 'Notifications of the chosen time by outcome; "failed" means that somebody was not told.',
      unit: 'short',
      width: 8,
      steps: NEUTRAL,
      sql: grownBy('audit_notifications_total', 'outcome', 'outcome'),
    }),
    rows({
      title: 'Dead letters by reason',
      description:
        'Dead letters of the tenant, whenever they came, by why the store refused them and what was decided.',
      unit: 'short',
      width: 8,
      steps: ZERO,
      sql: `SELECT reason_code, toString(state) AS state, count() AS letters, max(created_at) AS newest
FROM dead_letters FINAL WHERE ${TENANT} GROUP BY reason_code, state ORDER BY letters DESC`,
    }),
    series({
      title: 'Trouble of writers',
      description:
        'Attempts a second that failed and were repeated, batches taken over from another writer, and batches with rows that should not be there.',
      unit: 'short',
      width: 24,
      step: STEP,
      steps: ZERO,
      sql: rates({
        retries: 'audit_writer_retries_total',
        takeovers: 'audit_writer_takeovers_total',
        anomalies: 'audit_writer_anomalies_total',
      }),
    }),
  ],
});
