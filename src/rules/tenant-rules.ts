import { setImmediate as turn } from 'node:timers/promises';
import type { AlertRaiser } from '../alerts/alert-raiser';
import type { EventFeed } from './event-feed';
import { EventScope, scopeOf } from './event-scope';
import { HitCounter } from './group-hits';
import type { RuleRecord } from './rule-record';
import { Group, pack, Remembered, RuleEvaluator } from './rule-evaluator';
import type { RuleStateStore } from './rule-state-store';
import type { RuleStore } from './rule-store';

/** Events that are evaluated at a time. */
const STEP = 20_000;
/** Events or groups after which whatever else this process does gets its turn. */
const SLICE = 1000;
/** Rules are read anew after so long, also if nobody said that they changed. */
const RULES_FRESH_MS = 30_000;

/** What evaluating the rules of a tenant needs. */
export interface RuleServices {
  rules: RuleStore;
  states: RuleStateStore;
  feed: EventFeed;
  raiser: AlertRaiser;
  latenessMs: number;
  now: () => number;
}

/** What a step did. */
export interface Step {
  events: number;
  hits: number;
  opened: number;
  /** When the newest of its events was received, ms; undefined if rules looked at none. */
  newest: number | undefined;
  /** Whether more events are stored that rules have not seen. */
  more: boolean;
}

/**
 * The rules of one tenant at work, in the memory of the process that leads.
 *
 * Events are evaluated in the order of their leaves, and alerts are raised together with moving the cursor, in one step: each
 * event is counted once. What rules remember follows later (`keep`): after a crash it is taken up where it was kept, and the
 * events between there and the cursor are evaluated again without raising anything.
 */
export class TenantRules {
  private revision: string | undefined;
  private readAt = Number.NEGATIVE_INFINITY;
  private versions = new Map<string, number>();
  private scope: EventScope = scopeOf([]);
  private evaluator: RuleEvaluator;
  private keptCursor = -1;
  private isAnew = false;
  lastUsed = 0;

  private constructor(
    private readonly tenant: string,
    private readonly services: RuleServices,
    private cursor: number,
  ) {
    this.evaluator = new RuleEvaluator([], services.latenessMs);
  }

  /** Takes up where rules stand at `cursor`. */
  static async load(tenant: string, services: RuleServices, cursor: number): Promise<TenantRules> {
    const loaded = new TenantRules(tenant, services, cursor);
    const kept = await services.states.load(tenant);
    await loaded.refreshRules(kept && kept.cursor <= cursor ? kept : undefined);
    return loaded;
  }

  get position(): number {
    return this.cursor;
  }

  /** Evaluates the next events below `stored`. @returns undefined if another process has gone on from here; then forget this. */
  async step(stored: number): Promise<Step | undefined> {
    const { feed, latenessMs, now } = this.services;
    this.lastUsed = now();
    await this.refreshRules();
    const to = Math.min(stored, this.cursor + STEP);
    const counter = new HitCounter();
    let events = 0;
    let hits = 0;
    let newest: number | undefined;
    for (const event of await feed.byLeaf(this.tenant, this.cursor, to, this.scope)) {
      events += 1;
      if (events % SLICE === 0) await turn();
      newest = event.receivedAt;
      if (event.receivedAt - event.occurredAt > latenessMs) continue;
      for (const hit of this.evaluator.observe(event, event.receivedAt)) {
        counter.add(hit);
        hits += 1;
      }
    }
    const raised = await this.raise(counter, to);
    return raised && { events, hits, opened: raised.opened, newest, more: to < stored };
  }

  /** Raises what time alone has brought about up to `now`, when rules have seen everything received before. */
  async tick(now: number): Promise<number | undefined> {
    await this.refreshRules();
    const counter = new HitCounter();
    for (const hit of this.evaluator.tick(now)) counter.add(hit);
    if (counter.all().length === 0) return 0;
    return (await this.raise(counter, this.cursor))?.opened;
  }

  /** Keeps what rules remember, if they have seen anything since. */
  async keep(): Promise<void> {
    if (this.cursor === this.keptCursor && !this.isAnew) return;
    const { triggerKeys } = this.evaluator;
    const changed = this.evaluator.takeChanges();
    const changes = await packAll(this.isAnew ? this.evaluator.memory() : changed);
    const isKept = await this.services.states.keep(this.tenant, this.cursor, triggerKeys, changes, this.isAnew);
    if (!isKept) throw new Error(`another process has kept a newer state of the rules of ${this.tenant}`);
    this.keptCursor = this.cursor;
    this.isAnew = false;
  }

  private async raise(counter: HitCounter, to: number) {
    const raises = counter.all().map((hits) => ({
      ...hits,
      ruleVersion: this.versions.get(hits.rule.id) ?? 0,
    }));
    const raised = await this.services.raiser.raise(this.tenant, raises, { from: this.cursor, to });
    if (raised) this.cursor = to;
    return raised;
  }

  /** Makes the rules in force those that are evaluated. What was remembered for triggers that stay, stays. */
  private async refreshRules(kept?: Awaited<ReturnType<RuleStateStore['load']>>): Promise<void> {
    const { rules, now } = this.services;
    const revision = await rules.revision(this.tenant);
    if (revision === this.revision && now() - this.readAt < RULES_FRESH_MS) return;
    const records = await rules.load(this.tenant);
    const isSame = records.every((r) => this.versions.get(r.rule.id) === r.version);
    this.revision = revision;
    this.readAt = now();
    if (isSame && records.length === this.versions.size) return;
    await this.use(records, kept);
  }

  private async use(records: readonly RuleRecord[], kept: Awaited<ReturnType<RuleStateStore['load']>>): Promise<void> {
    const rules = records.map((record) => record.rule);
    const before = this.evaluator;
    const isFirst = this.versions.size === 0;
    this.evaluator = new RuleEvaluator(rules, this.services.latenessMs);
    this.scope = scopeOf(rules);
    this.versions = new Map(records.map(({ rule, version }) => [rule.id, version]));
    const known = isFirst ? (kept?.triggers ?? new Set<string>()) : new Set(before.triggerKeys);
    if (isFirst && kept) {
      for (const group of kept.groups) this.evaluator.restore(group);
      await this.replay(kept.cursor);
      this.keptCursor = kept.cursor;
    }
    for (const group of before.memory()) this.evaluator.restore(pack(group));
    const unknown = this.evaluator.triggerKeys.filter((key) => !known.has(key));
    await this.prime(rules, unknown);
    this.isAnew =
      !isFirst || kept === undefined || unknown.length > 0 || known.size > this.evaluator.triggerKeys.length;
  }

  /** Sees again what lies between the state that was kept and the cursor; its alerts are raised already. */
  private async replay(from: number): Promise<void> {
    const { feed, latenessMs } = this.services;
    for (let at = from; at < this.cursor; at += STEP) {
      const end = Math.min(this.cursor, at + STEP);
      for (const event of await feed.byLeaf(this.tenant, at, end, this.scope)) {
        if (event.receivedAt - event.occurredAt <= latenessMs) this.evaluator.observe(event, event.receivedAt);
      }
    }
  }

  /** Lets triggers that are new see what was stored before the cursor, so that their windows are full and values known. */
  private async prime(rules: RuleRecord['rule'][], triggers: readonly string[]): Promise<void> {
    const wanted = new Set(triggers.filter((key) => this.evaluator.reachOf(key) > 0));
    if (wanted.size === 0 || this.cursor === 0) return;
    const concerned = rules.filter((rule) => [...wanted].some((key) => key.startsWith(`${rule.id}/`)));
    const { feed, latenessMs, now } = this.services;
    const primed = new RuleEvaluator(concerned, latenessMs);
    const reach = Math.max(...[...wanted].map((key) => this.evaluator.reachOf(key)));
    const range = { from: now() - reach - latenessMs, to: now() + DAY, endLeaf: this.cursor };
    for await (const event of feed.byTime(this.tenant, range, scopeOf(concerned))) {
      primed.observe(event, event.occurredAt);
    }
    for (const key of wanted) for (const group of primed.memory(key)) this.evaluator.restore(pack(group));
  }
}

/** Events may be dated so far ahead. */
const DAY = 86_400_000;

async function packAll(groups: readonly Group[]): Promise<Remembered[]> {
  const packed: Remembered[] = [];
  for (const group of groups) {
    packed.push(pack(group));
    if (packed.length % SLICE === 0) await turn();
  }
  return packed;
}
