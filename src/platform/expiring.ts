interface Entry<Value> {
  readonly value: Promise<Value>;
  readonly readAt: number;
  isReadAgain: boolean;
}

/**
 * Values by key, none older than its time to live. One that is asked for when half of that is over is read again
 * beside: only who asks after a long silence waits. Concurrent readers share one look-up.
 */
export class Expiring<Value> {
  private readonly entries = new Map<string, Entry<Value>>();

  constructor(
    private readonly ttlMs: number,
    private readonly read: (key: string) => Promise<Value>,
    private readonly maxEntries = 10_000,
  ) {}

  get(key: string): Promise<Value> {
    const entry = this.entries.get(key);
    const age = entry ? Date.now() - entry.readAt : Infinity;
    if (!entry || age >= this.ttlMs) return this.readInto(key);
    if (age >= this.ttlMs / 2 && !entry.isReadAgain) this.readBeside(key, entry);
    return entry.value;
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  private readInto(key: string): Promise<Value> {
    const entry = { value: this.read(key), readAt: Date.now(), isReadAgain: false };
    if (this.entries.size >= this.maxEntries) this.entries.clear();
    this.entries.set(key, entry);
    entry.value.catch(() => this.replace(key, entry));
    return entry.value;
  }

  /** What cannot be read again now stays what it was until its time is over. */
  private readBeside(key: string, entry: Entry<Value>): void {
    entry.isReadAgain = true;
    const readAt = Date.now();
    this.read(key).then(
      (value) => this.replace(key, entry, { value: Promise.resolve(value), readAt, isReadAgain: false }),
      () => (entry.isReadAgain = false),
    );
  }

  /** Unless it was forgotten or replaced meanwhile. */
  private replace(key: string, entry: Entry<Value>, by?: Entry<Value>): void {
    if (this.entries.get(key) !== entry) return;
    if (by) this.entries.set(key, by);
    else this.entries.delete(key);
  }
}
