import { Injectable, Logger } from '@nestjs/common';
import { PartitionStore } from './partition.store.js';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Made ahead, so that a process that sleeps, or a clock that jumps, still finds its day. */
const DAYS_BACK = 2;
const DAYS_AHEAD = 7;
/** Bodies stay for reading a while after they are packed. */
const KEPT_DAYS = 2;

/** Makes the daily partitions of the hot payloads ahead and drops those of which all is packed. */
@Injectable()
export class PartitionService {
  private readonly log = new Logger(PartitionService.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly store: PartitionStore) {}

  /** Before the first request: without its day's partition nothing can be captured. */
  async onModuleInit(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => {
      this.look().catch((error: Error) => this.log.warn(`partitions: ${error.message}`));
    }, EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Safe to run at any time and from several processes. */
  async look(): Promise<void> {
    const today = (await this.store.today()).getTime();
    const names = new Set(await this.store.names());
    for (let day = -DAYS_BACK; day <= DAYS_AHEAD; day += 1) {
      const name = nameOf(today + day * DAY_MS);
      if (!names.has(name)) await this.store.create(name, boundsOf(name));
    }
    const oldestKept = nameOf(today - KEPT_DAYS * DAY_MS);
    for (const name of [...names].filter((other) => other < oldestKept)) {
      if (!(await this.store.dropIfPacked(name, boundsOf(name))))
        this.log.warn(`${name} holds payloads that are not packed yet`);
    }
  }
}

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** `payload_20261125`: names sort by day. */
const nameOf = (at: number): string => `payload_${dateOf(at).replaceAll('-', '')}`;

function boundsOf(name: string): { from: string; to: string } {
  const [, year, month, day] = /^payload_(\d{4})(\d\d)(\d\d)$/.exec(name)!;
  const from = `${year}-${month}-${day}`;
  return { from, to: dateOf(Date.parse(from) + DAY_MS) };
}
