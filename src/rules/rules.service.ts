import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { SelfAudit } from '../ingest/self-audit';
import { SubjectDirectory } from '../keys/subject-directory';
import { isReference } from '../keys/subject-record';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { mapPeople, peopleIn } from './people-in-rules';
import type { Rule } from './rule';
import { defaultRecord, RuleRecord } from './rule-record';
import { RuleStore } from './rule-store';

const LOCK_WAIT_MS = 5000;

/** Keeps the alert rules of tenants. Every change is a new version and an event in the log. */
@Injectable()
export class RulesService {
  constructor(
    private readonly store: RuleStore,
    private readonly subjects: SubjectDirectory,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  list(tenant: string): Promise<RuleRecord[]> {
    return this.store.load(tenant);
  }

  /** @throws AppError 404 */
  async get(tenant: string, id: string): Promise<RuleRecord> {
    const record = (await this.store.load(tenant)).find((r) => r.rule.id === id);
    if (!record) throw new AppError('RULE_UNKNOWN', 404, `there is no rule ${id}`);
    return record;
  }

  /** All versions, newest first; of a default rule also the one that it came with. @throws AppError 404 */
  async versions(tenant: string, id: string): Promise<RuleRecord[]> {
    const shipped = defaultRecord(id);
    const versions = [...(await this.store.versions(tenant, id)), ...(shipped ? [shipped] : [])];
    if (versions.length === 0) throw new AppError('RULE_UNKNOWN', 404, `there is no rule ${id}`);
    return versions;
  }

  /** @throws AppError 409 if there is one of this id */
  async create(caller: Principal, rule: Rule): Promise<RuleRecord> {
    return this.change(caller, rule.id, 'created', (current) => {
      if (current && !current.deleted) {
        throw new AppError('RULE_EXISTS', 409, `there is a rule ${rule.id} already; change that, or use another id`);
      }
      return rule;
    });
  }

  /**
   * Makes all of the rules or, if one of them exists and may not be replaced, none.
   * @throws AppError 409
   */
  async importAll(caller: Principal, rules: readonly Rule[], replace: boolean): Promise<Rule[]> {
    const known = new Set((await this.store.load(caller.tenant)).map((record) => record.rule.id));
    const taken = rules.filter((rule) => known.has(rule.id)).map((rule) => rule.id);
    if (taken.length > 0 && !replace) {
      throw new AppError('RULE_EXISTS', 409, `there are rules ${taken.join(', ')} already; ask to replace them`);
    }
    const made: Rule[] = [];
    for (const rule of rules) {
      const record = known.has(rule.id)
        ? await this.update(caller, rule.id, () => rule)
        : await this.create(caller, rule);
      made.push(record.rule);
    }
    return made;
  }

  /**
   * @param expected the version that the caller has seen
   * @throws AppError 404, or 409 if the rule has another version by now
   */
  async update(caller: Principal, id: string, edit: (rule: Rule) => Rule, expected?: number): Promise<RuleRecord> {
    return this.change(caller, id, 'changed', (current) => edit(existing(current, id, expected).rule));
  }

  /** A default rule that was deleted comes back by creating it. @throws AppError 404 */
  async remove(caller: Principal, id: string): Promise<RuleRecord> {
    return this.change(caller, id, 'deleted', (current) => existing(current, id).rule);
  }

  /** The rule with ids of people replaced by the references that stand in events. New people get theirs. */
  async withReferences(tenant: string, rule: Rule): Promise<Rule> {
    if (!this.config.encryption.enabled) return rule;
    const people = new Set([...peopleIn(rule)].filter((id) => !isReference(id)));
    if (people.size === 0) return rule;
    const known = await this.subjects.resolve(tenant, people);
    return mapPeople(rule, (id) => known.get(id)?.reference ?? id);
  }

  private async change(
    caller: Principal,
    id: string,
    what: 'created' | 'changed' | 'deleted',
    next: (current: RuleRecord | undefined) => Rule,
  ): Promise<RuleRecord> {
    const { tenant, keyId } = caller;
    const record = await withLock(this.redis, this.keys.ruleLock(tenant), LOCK_WAIT_MS, async () => {
      const [newest] = await this.store.versions(tenant, id);
      const current = newest ?? defaultRecord(id);
      const rule = await this.withReferences(tenant, next(current));
      const made: RuleRecord = {
        rule,
        version: (current?.version ?? 0) + 1,
        deleted: what === 'deleted',
        changedBy: `apikey:${keyId}`,
        changedAt: this.clock.now(),
      };
      await this.store.add(tenant, made);
      return made;
    });
    await this.selfAudit.record(
      tenant,
      {
        eventType: 'AUDIT_RULE_CHANGED',
        description: `Alert rule ${id} was ${what}`,
        context: { resourceType: 'alert_rule', resourceId: id },
        details: { version: record.version, enabled: record.rule.enabled },
      },
      caller,
    );
    return record;
  }
}

function existing(current: RuleRecord | undefined, id: string, expected?: number): RuleRecord {
  if (!current || current.deleted) throw new AppError('RULE_UNKNOWN', 404, `there is no rule ${id}`);
  if (expected !== undefined && expected !== current.version) {
    throw new AppError(
      'RULE_CHANGED',
      409,
      `rule ${id} has version ${current.version} by now, not ${expected}; read it again and repeat the change`,
    );
  }
  return current;
}
