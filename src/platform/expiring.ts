/** Values by key, each read again when it is older than its time to live. Concurrent readers share one look-up. */
export class Expiring<Value> {
  private readonly entries = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();

  constructor(
    private readonly ttlMs: number,
    private readonly read: (key: string) => Promise<Value>,
    private readonly maxEntries = 10_000,
  ) {}

  get(key: string): Promise<Value> {
    const entry = this.entries.get(key);
    if (entry && entry.until > Date.now()) return entry.value;
    const value = this.read(key);
    if (this.entries.size >= this.maxEntries) this.entries.clear();
    this.entries.set(key, { value, until: Date.now() + this.ttlMs });
    value.catch(() => this.entries.delete(key));
    return value;
  }

  forget(key: string): void {
    this.entries.delete(key);
  }
}
