interface Bucket {
  tokens: number;
  at: number;
}

export interface RateDecision {
  allowed: boolean;
  /** Whole requests left now. */
  remaining: number;
  /** Seconds until the next request is allowed, or, if one is, until the bucket is full. */
  seconds: number;
}

const MINUTE = 60_000;
const MANY = 10_000;

/** Token buckets by name: `perMinute` requests at once, refilled evenly over a minute. Each process counts for itself. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(readonly perMinute: number) {}

  /** Takes one token of `name` at `now` (ms), if there is one. */
  take(name: string, now: number): RateDecision {
    const rate = this.perMinute / MINUTE;
    const bucket = this.buckets.get(name) ?? { tokens: this.perMinute, at: now };
    const tokens = Math.min(this.perMinute, bucket.tokens + Math.max(0, now - bucket.at) * rate);
    const allowed = tokens >= 1;
    const left = allowed ? tokens - 1 : tokens;
    if (this.buckets.size >= MANY) this.forgetFull(now);
    this.buckets.set(name, { tokens: left, at: Math.max(now, bucket.at) });
    const missing = allowed ? this.perMinute - left : 1 - left;
    return { allowed, remaining: Math.floor(left), seconds: Math.ceil(missing / rate / 1000) };
  }

  private forgetFull(now: number): void {
    for (const [name, bucket] of this.buckets) if (now - bucket.at >= MINUTE) this.buckets.delete(name);
  }
}
