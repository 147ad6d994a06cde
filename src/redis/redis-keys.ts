/** Every Redis key of the system, in one place. `prefix` is `AUDIT_REDIS_PREFIX`. */
export class RedisKeys {
  constructor(readonly prefix: string) {}

  /** Payload of a segment: raw rows, see events/row.ts. There from the moment the books have it until its batch is committed. */
  segment = (id: string) => `${this.prefix}:seg:${id}`;
  /** Payload of a segment that is not in the books yet; expires. */
  payload = (id: string) => `${this.prefix}:payload:${id}`;
  /** Sorted set: segment id → accepted at (ms). All segments accepted and not yet committed; feeds age and the orphan sweep. */
  segments = () => `${this.prefix}:segments`;
  /** Hash: segment id → pointer (JSON), so that a segment whose job was lost can be queued again. */
  pointers = () => `${this.prefix}:pointers`;
  /** Hash of totals over all tenants: accepted, stored, duplicates, deadLettered, waitingRows, waitingBytes. */
  totals = () => `${this.prefix}:totals`;
  /** The same hash for one tenant. */
  tenantTotals = (tenant: string) => `${this.prefix}:totals:${tenant}`;
  /** An answer kept for Idempotency-Key. */
  idempotency = (tenant: string, key: string) => `${this.prefix}:idem:${tenant}:${key}`;
  /** Hash: key id → JSON of the API key record (projection of ClickHouse's api_keys). */
  apiKeys = () => `${this.prefix}:apikeys`;
  /** String with a time to live: JSON {keyId, openedAt} of a browser's session, by the SHA-256 of its id. */
  session = (hash: string) => `${this.prefix}:session:${hash}`;
  /** String with a time to live: JSON {verifier, nonce} of a sign-in at the identity provider that has begun, by its state. */
  oidcSignIn = (state: string) => `${this.prefix}:session:oidc:${state}`;
  /** String with a time to live: how many sign-ins from an address failed lately. */
  failedSignIns = (address: string) => `${this.prefix}:session:failed:${address}`;
  /** String: next leaf index of a tenant. */
  nextLeaf = (tenant: string) => `${this.prefix}:leaf:${tenant}`;
  /** String: last batch number given out. */
  batchNumber = () => `${this.prefix}:batchno`;
  /** Exists once the counters are known to be right; absent in a new or lost Redis. */
  ready = () => `${this.prefix}:ready`;
  /** Hash: a batch's manifest. */
  manifest = (batch: string) => `${this.prefix}:batch:${batch}`;
  /** Hash: segment id → batch number, while the batch is not committed. */
  assigned = () => `${this.prefix}:assigned`;
  /** Sorted set per tenant: batch number → first leaf index of it there, while not committed. Its minimum is the frontier. */
  inFlight = (tenant: string) => `${this.prefix}:inflight:${tenant}`;
  /** Hash per tenant: event id (16 raw bytes) → segment id, from first sight by a writer until commit. */
  claims = (tenant: string) => `${this.prefix}:claims:${tenant}`;
  /** Pub/sub channel: a batch was committed; message is JSON {batch, tenants:[{tenant,start,count}]}. */
  landed = () => `${this.prefix}:landed`;
  /** String: what was decided about a dead letter (`replayed`, `discarded`); expires once ClickHouse has it. */
  letter = (id: string) => `${this.prefix}:letter:${id}`;
  /** Hash: process name → JSON {at, metrics}, for /metrics over all processes. */
  metrics = () => `${this.prefix}:metrics`;

  /** Hash: `<kind>:<tenant>:<number>` → JSON of a wrapped key (projection of ClickHouse's keys). */
  cryptoKeys = () => `${this.prefix}:keys`;
  /** Set: names in the hash `cryptoKeys` that are not in ClickHouse yet. */
  unsavedCryptoKeys = () => `${this.prefix}:keys:unsaved`;
  /** Set: names in the hash `cryptoKeys` whose making no audit event tells of yet. */
  unrecordedCryptoKeys = () => `${this.prefix}:keys:unrecorded`;
  /** String: id of the root key that new keys have to be wrapped by, once it was rotated. */
  rootInForce = () => `${this.prefix}:keys:root`;
  /** Hash: process → JSON of the root keys that it knows, for as long as it says so. */
  knownRoots = () => `${this.prefix}:keys:roots`;
  /** String with a time to live: who rotates the root key right now. */
  rootLock = () => `${this.prefix}:keys:rootlock`;
  /** String that changes with every change of a key and every erasure. Absent: this Redis has no keys (yet). */
  keyEpoch = () => `${this.prefix}:keys:epoch`;
  /** String with a time to live: who changes keys, subjects or their tables as a whole right now. */
  keyLock = () => `${this.prefix}:keys:lock`;
  /** Hash: keyed hash of an id → subject record (projection of ClickHouse's subjects). */
  subjects = (tenant: string) => `${this.prefix}:subjects:${tenant}`;
  /** Set: `<tenant>/<keyed hash>` of subjects that are not in ClickHouse yet. */
  unsavedSubjects = () => `${this.prefix}:subjects:unsaved`;

  /** Hash: `<tenant>/<class>` → days, where a tenant has a retention policy of its own (projection of tenant_retention). */
  retentionDays = () => `${this.prefix}:retention`;
  /** String with a time to live: who erases, removes what is due, or changes holds and policies right now. */
  privacyLock = () => `${this.prefix}:privacy:lock`;
  /** String: the day (UTC) on which the last complete run of retention began. */
  retentionRun = () => `${this.prefix}:retention:day`;
  /** Hash: tenant → number that changes with every change of its alert rules. */
  ruleRevisions = () => `${this.prefix}:rules:revisions`;
  /** String with a time to live: who changes the alert rules of a tenant right now. */
  ruleLock = (tenant: string) => `${this.prefix}:rules:lock:${tenant}`;
  /** String with a time to live: which worker seals the ledgers; `<fence>/<process>`. */
  ledgerLeader = () => `${this.prefix}:ledger:leader`;
  /** String: the last fence given to a leader. */
  ledgerFence = () => `${this.prefix}:ledger:fence`;
  /** Hash: tenant → signed note of the newest checkpoint. Set before anybody can see that checkpoint. */
  ledgerHeads = () => `${this.prefix}:ledger:heads`;
  /** String: JSON of how sealing goes, written every second by the worker that seals. */
  ledgerState = () => `${this.prefix}:ledger:state`;
  /** String: the day (UTC) on which checkpoints were mailed last. */
  witnessMailDay = () => `${this.prefix}:ledger:mailed`;
  /** String with a time to live: which worker verifies the ledgers by schedule; `<fence>/<process>`. */
  verifyLeader = () => `${this.prefix}:verify:leader`;
  /** String: the last fence given to a leader. */
  verifyFence = () => `${this.prefix}:verify:fence`;

  /** Hash per tenant: alert id → `<revision>|<JSON>`. Unresolved alerts, and those resolved lately. */
  alerts = (tenant: string) => `${this.prefix}:alerts:of:${tenant}`;
  /** Hash per tenant: rule and group → `<revision>|<JSON>` of their newest alert, while it matters to the next hit. */
  alertSlots = (tenant: string) => `${this.prefix}:alerts:slots:${tenant}`;
  /** Hash per tenant: what an evaluation of history has found → `<counter>|<alert id>`. */
  alertHistory = (tenant: string) => `${this.prefix}:alerts:history:${tenant}`;
  /** Sorted set: `<tenant>/<alert id>` → when its next escalation is due (ms). */
  alertsDue = () => `${this.prefix}:alerts:due`;
  /** Sorted set: `<tenant>/<alert id>` → when it was resolved (ms). */
  alertsResolved = () => `${this.prefix}:alerts:resolved`;
  /** Set: `<tenant>/<alert id>` of alerts whose last change is not in ClickHouse yet. */
  alertsUnsaved = () => `${this.prefix}:alerts:unsaved`;
  /** Stream: steps of alerts that are neither in the log nor on the queue of channels yet. */
  alertOutbox = () => `${this.prefix}:alerts:outbox`;
  /** Hash: tenant → `<leaf index>|`, below which rules have seen all events and all alerts are raised. */
  ruleCursors = () => `${this.prefix}:rules:cursors`;
  /** Set: tenants that may have events which rules have not seen. */
  rulesPending = () => `${this.prefix}:rules:pending`;
  /** Hash per tenant: `<trigger>\n<group>` → what a rule remembers of the group; `@` → JSON {cursor, triggers}. */
  ruleState = (tenant: string) => `${this.prefix}:rules:state:${tenant}`;
  /** Exists once it is settled where rules begin to look at events; absent in a new or lost Redis. */
  rulesBegun = () => `${this.prefix}:rules:begun`;
  /** String with a time to live: which worker evaluates rules; `<fence>/<process>`. */
  rulesLeader = () => `${this.prefix}:rules:leader`;
  /** String: the last fence given to a leader. */
  rulesFence = () => `${this.prefix}:rules:fence`;

  /** String with a time to live: who changes the schedules of a tenant's reports right now. */
  scheduleLock = (tenant: string) => `${this.prefix}:schedules:lock:${tenant}`;
  /** String with a time to live: which worker starts reports by schedule; `<fence>/<process>`. */
  scheduleLeader = () => `${this.prefix}:schedules:leader`;
  /** String: the last fence given to a leader. */
  scheduleFence = () => `${this.prefix}:schedules:fence`;

  /** String: JSON {upTo, holes} of the batches that statistics have counted; found again in ClickHouse. */
  rollupProgress = () => `${this.prefix}:rollup:progress`;
  /** String with a time to live: which worker counts events for statistics; `<fence>/<process>`. */
  rollupLeader = () => `${this.prefix}:rollup:leader`;
  /** String: the last fence given to a leader. */
  rollupFence = () => `${this.prefix}:rollup:fence`;

  /** String: JSON of a notification, while it is on its way and for a week after. */
  notification = (id: string) => `${this.prefix}:notify:one:${id}`;
  /** Set: ids of notifications whose last change is not in ClickHouse yet. */
  notificationsUnlogged = () => `${this.prefix}:notify:unlogged`;
  /** Sorted set: id of a digest that still takes notifications → when it goes out (ms). */
  openDigests = () => `${this.prefix}:notify:digests`;
  /** Set: ids of the notifications that a digest tells of. */
  digestItems = (digest: string) => `${this.prefix}:notify:digest:${digest}`;
  /** Sorted set per address: notification → when it was planned (ms), for a window; what is too much becomes a digest. */
  notificationFlood = (target: string) => `${this.prefix}:notify:flood:${target}`;
  /** String per address: when the next message may go (ms). */
  notificationRate = (target: string) => `${this.prefix}:notify:rate:${target}`;
  /** Hash: tenant → number that changes with every change of its recipients. */
  recipientRevisions = () => `${this.prefix}:recipients:revisions`;
  /** String with a time to live: who changes the recipients of a tenant right now. */
  recipientLock = (tenant: string) => `${this.prefix}:recipients:lock:${tenant}`;
  /** Stream per tenant: the latest steps of its alerts, for those who watch. */
  alertSteps = (tenant: string) => `${this.prefix}:alerts:steps:${tenant}`;
  /** Exists for a week once a step of an alert is in that stream. */
  alertStepSeen = (tenant: string, step: string) => `${this.prefix}:alerts:steps:${tenant}:${step}`;

  /** String with a time to live: who changes the registers of a tenant right now. */
  registerLock = (tenant: string) => `${this.prefix}:registers:lock:${tenant}`;
}
