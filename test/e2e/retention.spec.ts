import { mcpAudit } from '../support/cli';
import { testDataDir } from '../support/engines';
import { TestTenant, waitFor } from '../support/system';

let tenant: TestTenant;
beforeAll(async () => {
  tenant = await TestTenant.create();
});

const run = async (command: string, ...args: string[]) => {
  const [name = '', ...rest] = command.split(' ');
  const result = await mcpAudit(testDataDir(), name, ...rest, '--tenant', tenant.name, ...args);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return result.stdout;
};

describe('retention from the command line', () => {
  it('is shown and changed, for new events at once and for stored ones by a command of its own', async () => {
    await tenant.post('events', { eventType: 'DATA_READ', description: 'a' });
    await tenant.waitForCount(1, 'eventType=DATA_READ');
    expect(await run('retention show')).toMatch(/^user_action +365 +configuration +1 +as each says itself$/m);
    const set = await run('retention set', '--class', 'user_action', '--days', '180', '--reason', 'policy 2027-1');
    expect(set).toMatch(/^user_action +180 +tenant +1 +as each says itself$/m);

    const later = await waitFor(async () => {
      await tenant.post('events', { eventType: 'DATA_READ', description: 'b' });
      const { items } = await tenant.get<{ items: { receivedAt: string; retainUntil: string }[] }>(
        'events?eventType=DATA_READ&text=b',
      );
      const days = items.map((item) =>
        Math.floor((Date.parse(item.retainUntil) - Date.parse(item.receivedAt)) / 86_400_000),
      );
      return days.includes(180) ? days : undefined;
    });
    expect(later.at(0)).toBe(180);

    expect(await run('retention apply', '--class', 'user_action')).toContain('nothing was changed');
    expect(await run('retention apply', '--class', 'user_action', '--yes', '--reason', 'policy 2027-1')).toMatch(
      /are kept for 180 days; 0 of them go with the next run, 0 are held/,
    );
    expect(await run('retention show')).toMatch(/^user_action .* 180 if received before 20/m);
    await tenant.waitForCount(2, 'eventType=AUDIT_POLICY_CHANGED');
  });

  it('says what the next days will remove, and what a hold keeps of it', async () => {
    expect(await run('retention preview', '--days', '30')).toBe('the next 30 days remove nothing\n');
    const added = await run('hold add', '--name', 'Case 9', '--reason', 'court order', '--type', 'DATA_READ');
    const id = added.split(' ')[0] ?? '';
    expect(await run('retention preview', '--days', '181')).toMatch(/user_action +0 +[1-9]\d*$/m);
    expect(await run('hold list')).toContain(`${id}  Case 9`);
    expect(await run('hold release', id, '--reason', 'closed')).toContain(`released ${id}`);
    expect(await run('retention preview', '--days', '181')).toMatch(/user_action +[1-9]\d* +0$/m);
    expect(await run('retention run')).toBe('removed 0 event(s) under 0 manifest(s)\n');
    expect(await run('retention manifests')).toBe('nothing was removed yet\n');
  });

  it('refuses to hold everything by mistake', async () => {
    const result = await mcpAudit(testDataDir(), 'hold', 'add', '--name', 'x', '--reason', 'y');
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('--all for the whole tenant') as string });
  });
});
