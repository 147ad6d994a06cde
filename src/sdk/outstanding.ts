interface Waiting {
  settled: Promise<void>;
  settle: () => void;
}

/** What is on its way to the server, by the id of its lot or batch. */
export class Outstanding {
  private readonly waiting = new Map<string, Waiting>();

  get size(): number {
    return this.waiting.size;
  }

  has(id: string): boolean {
    return this.waiting.has(id);
  }

  begin(id: string): void {
    let settle = () => {};
    const settled = new Promise<void>((resolve) => (settle = resolve));
    this.waiting.set(id, { settled, settle });
  }

  /** Nothing more will become of it. */
  end(id: string): void {
    this.waiting.get(id)?.settle();
    this.waiting.delete(id);
  }

  /** `parts`, which have begun, take the place of `whole`: who waits for it waits for them. */
  replace(whole: string, parts: readonly string[]): void {
    const replaced = this.waiting.get(whole);
    this.waiting.delete(whole);
    const settled = parts.flatMap((id) => this.waiting.get(id)?.settled ?? []);
    void Promise.all(settled).then(() => replaced?.settle());
  }

  /** Whether all that is on its way now ends within `timeoutMs`. */
  async ended(timeoutMs: number): Promise<boolean> {
    const all = Promise.all([...this.waiting.values()].map(({ settled }) => settled));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
    const done = await Promise.race([all.then(() => true), timeout]);
    clearTimeout(timer);
    return done;
  }
}
