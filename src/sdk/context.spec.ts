import { setTimeout as sleep } from 'node:timers/promises';
import { auditContext, currentAuditContext, extendAuditContext } from './context';

describe('auditContext', () => {
  it('reaches everything inside, also after awaiting, and nothing outside', async () => {
    const inner = await auditContext({ userId: 'anna', correlationId: 'r1' }, async () => {
      await sleep(1);
      return auditContext({ userId: 'bert', sessionId: 's', correlationId: undefined }, async () => {
        await sleep(1);
        return currentAuditContext();
      });
    });
    expect(inner).toEqual({ userId: 'bert', sessionId: 's', correlationId: 'r1' });
    expect(currentAuditContext()).toEqual({});
  });

  it('keeps what runs at the same time apart', async () => {
    const seen = await Promise.all(
      ['a', 'b', 'c'].map((userId, i) =>
        auditContext({ userId }, async () => {
          await sleep(3 - i);
          extendAuditContext({ sessionId: `${userId}-session` });
          await sleep(1);
          return currentAuditContext();
        }),
      ),
    );
    expect(seen).toEqual(['a', 'b', 'c'].map((userId) => ({ userId, sessionId: `${userId}-session` })));
  });

  it('gives back what the work gives, and throws what it throws', () => {
    expect(auditContext({}, () => 7)).toBe(7);
    const error = new Error('mine');
    expect(() =>
      auditContext({}, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(extendAuditContext({ userId: 'nobody' })).toBe(false);
  });
});
