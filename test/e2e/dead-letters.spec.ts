import { createClient } from '@clickhouse/client';
import { uuidV7 } from '../../src/events/uuid';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { mcpAudit } from '../support/cli';
import { runningSystem, TestTenant, waitFor } from '../support/system';

interface Letter {
  id: string;
  eventId: string;
  state: string;
}

describe('mcp-audit dlq', () => {
  let dataDir: string;
  let tenant: TestTenant;
  beforeAll(async () => {
    ({ dataDir } = await runningSystem());
    tenant = await TestTenant.create();
  });

  const dlq = (command: string, ...args: string[]) =>
    mcpAudit(dataDir, 'dlq', command, '--tenant', tenant.name, ...args);
  const letters = async (...args: string[]) => JSON.parse((await dlq('list', '--json', ...args)).stdout) as Letter[];

  /** Events that share one id: all but the first become dead letters. */
  async function sendUnderOneId(descriptions: string[]): Promise<string> {
    const id = uuidV7(Date.now());
    for (const description of descriptions) {
      expect((await tenant.post('events', { id, eventType: 'DATA_READ', description })).status).toBe(202);
    }
    await waitFor(async () => ((await letters('--event', id)).length === descriptions.length - 1 ? true : undefined));
    return id;
  }

  it('shows what a dead letter is about, and replays it once its cause is gone', async () => {
    const id = await sendUnderOneId(['the first', 'the second']);
    const [letter] = await letters('--state', 'waiting', '--event', id);
    expect((await dlq('list', '--event', id)).stdout).toMatch(/ID +CREATED +STATE +CODE +REASON\n.+ID_CONFLICT/);
    const shown = JSON.parse((await dlq('show', letter?.id ?? '')).stdout) as { envelope: string };
    expect(shown.envelope).toContain('the second');

    const refused = await dlq('replay', letter?.id ?? '');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('send this one under a new id')]);

    const { clickhouseUrl = '' } = (await readRuntime(dataDir)) ?? {};
    const clickhouse = createClient({ url: clickhouseUrl, database: 'audit' });
    await clickhouse.command({
      query: 'ALTER TABLE events DELETE WHERE tenant = {tenant:String} AND id = {id:UUID} SETTINGS mutations_sync = 1',
      query_params: { tenant: tenant.name, id },
    });
    await clickhouse.close();
    const replayed = await dlq('replay', letter?.id ?? '');
    expect([replayed.code, replayed.stdout]).toEqual([0, `replayed ${letter?.id}\n`]);
    await tenant.waitForCount(1, `id=${id}`);
    expect((await letters('--event', id)).map((each) => each.state)).toEqual(['replayed']);
    await tenant.waitForCount(1, 'eventType=AUDIT_DEAD_LETTER_REPLAYED');
  });

  it('discards with a reason, and not without', async () => {
    const id = await sendUnderOneId(['the first', 'the second', 'the third']);
    const ids = (await letters('--event', id)).map((letter) => letter.id);
    expect((await dlq('discard', ...ids)).code).toBe(2);
    expect((await dlq('discard', ...ids, '--reason', 'TICKET-4711')).code).toBe(0);
    expect(await letters('--event', id, '--state', 'waiting')).toEqual([]);
    expect((await dlq('replay', ...ids)).stderr).toContain('was discarded');
    await tenant.waitForCount(2, 'eventType=AUDIT_DEAD_LETTER_DISCARDED');
  });
});
