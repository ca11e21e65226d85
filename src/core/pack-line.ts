import { canonicalJson, newId } from './ids.js';

/*
 * What a line of a pack says: an accepted item as it was posted, and all that its row was made of besides, so that the
 * rows can be made again from packs alone. The time of reception is added when the line is packed. A line of packs that
 * were written before 2026-11-26 is the posted prediction by itself.
 */

/** Members that the service filled in because the client had not given them. */
export type Made = 'id' | 'occurredAt';

/** The id and time of an item, whoever gave them. */
export interface Completion {
  readonly id: string;
  readonly occurredAt: string;
  readonly made: readonly Made[];
}

export type Completed<Posted> = Posted & Pick<Completion, 'id' | 'occurredAt'>;

export function completionOf({ id, occurredAt }: Partial<Omit<Completion, 'made'>>, now: Date): Completion {
  const made: Made[] = [];
  if (id === undefined) made.push('id');
  if (occurredAt === undefined) made.push('occurredAt');
  return { id: id ?? newId(now.getTime()), occurredAt: occurredAt ?? now.toISOString(), made };
}

/** Canonical JSON of an item as it was posted: of all members but those that the service made. */
export const postedJson = (item: object, made: readonly string[]): string =>
  canonicalJson(Object.fromEntries(Object.entries(item).filter(([name]) => !made.includes(name))));

/** The line as it is packed: with the time at which it was received. A line of the first form stays as it is. */
export const packedLine = (line: string, receivedAt: string): string =>
  /^\{"(?:split|seq)"/.test(line) ? `{"receivedAt":"${receivedAt}",${line.slice(1)}` : line;

/** A line as it is read; `item` is undefined where nothing was accepted: there the line is `null`. */
export interface PackLine<Item> {
  readonly item: Item | undefined;
  readonly made: readonly string[];
  readonly receivedAt: string | undefined;
  readonly split?: string;
  /** Of feedback: its place in the order of arrival. */
  readonly seq?: number;
  /** Of feedback that is older than packs of it: the hash that is not known from the item any more. */
  readonly hash?: string;
  readonly keyId?: string;
  readonly client?: string;
}

/** Reads a line of a pack, of the present form or of the first. */
export function readLine<Item extends object>(line: string): PackLine<Item> {
  const parsed = JSON.parse(line) as (Item & Record<string, unknown>) | null;
  if (parsed === null) return { item: undefined, made: [], receivedAt: undefined };
  if (!('prediction' in parsed) && !('feedback' in parsed)) return { item: parsed, made: [], receivedAt: undefined };
  const { prediction, feedback, ...facts } = parsed as Record<string, unknown>;
  return { ...(facts as unknown as PackLine<Item>), item: (prediction ?? feedback) as Item };
}
