import { Injectable } from '@nestjs/common';
import type { InputKind } from '../core/input.js';
import type { ManifestLine } from '../core/manifest.js';
import {
  type Fingerprints,
  forPairs,
  searchKeys,
  type Trace,
  traceFingerprints,
  traceLikeness,
} from '../core/near-duplicates.js';
import { hasCallersGroup } from '../core/prediction-row.js';
import { lineAt, type Newcomer, type Place, placeOf } from '../core/sides.js';
import { countBy, groupBy } from '../core/tally.js';
import { sketchOf } from '../platform/model-runtime/leaks.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { readInputs } from '../platform/object-store/snapshot-reader.js';
import { type PlacedRow, SideStore } from './side.store.js';

/** Newcomers that are placed in one go: other work of the process has its turn in between. */
const AT_ONCE = 500;

/** So many are found by a key. More would say nothing new, and cost every search that comes after them. */
const MOST_BY_KEY = 20;

interface TracedLine extends Trace {
  readonly line: ManifestLine;
  readonly kind: InputKind;
}

/** The place of a sample, told from those it is nearly the same as. */
type Decide = (line: ManifestLine, twins: readonly Place[]) => Place;

/** Who learns and who judges? Samples that are nearly the same are on one side, that of the first of them, for ever. */
@Injectable()
export class SideService {
  constructor(
    private readonly store: SideStore,
    private readonly objects: ObjectStore,
  ) {}

  /**
   * The lines at their places, without those that are set aside. What has a place is only looked up: the cost is that of
   * the new ones.
   * @param usedUpTo revision up to which labels have been in a snapshot
   */
  async place(projectId: string, lines: readonly ManifestLine[], usedUpTo: bigint): Promise<ManifestLine[]> {
    const known = await this.store.places(projectId, lines.map(idOf));
    const open = lines.filter(({ sampleId }) => !known.has(sampleId));
    await this.placeAll(projectId, open, (line, twins) => placeOf(newcomer(line, usedUpTo), twins));
    const fresh = await this.store.places(projectId, open.map(idOf));
    return lines.flatMap((line) => lineAt(line, known.get(line.sampleId) ?? fresh.get(line.sampleId)!));
  }

  /** Puts samples that have no place where these lines say they were. */
  async restore(projectId: string, lines: readonly ManifestLine[]): Promise<void> {
    const ids = lines.map(idOf);
    const [known, inputs] = await Promise.all([this.store.places(projectId, ids), this.store.inputs(projectId, ids)]);
    const open = lines.filter(({ sampleId }) => !known.has(sampleId) && inputs.has(sampleId));
    await this.placeAll(projectId, open, ({ split: side, groupHash }) => ({ side, groupHash }));
  }

  private async placeAll(projectId: string, lines: readonly ManifestLine[], decide: Decide): Promise<void> {
    for (let from = 0; from < lines.length; from += AT_ONCE) {
      const traced = await this.trace(projectId, lines.slice(from, from + AT_ONCE));
      for (const [kind, own] of groupBy(traced, ({ kind }) => kind))
        await this.placeSome(projectId, { kind, own, decide });
    }
  }

  private async placeSome(
    projectId: string,
    { kind, own, decide }: { kind: InputKind; own: readonly TracedLine[]; decide: Decide },
  ): Promise<void> {
    const scope = `${projectId} ${kind}`;
    const keys = traceFingerprints(kind, own).keys.map((some) => searchKeys(scope, some));
    const there = await this.store.sharing(projectId, keys);
    const alike = {
      keys: [...there.map((placed) => placed.keys), ...keys],
      isAlike: traceLikeness(kind, [...there, ...own]),
    };
    const twins = twinsAmong(alike, there.length);
    const places: Place[] = [...there];
    for (const [i, { line }] of own.entries())
      places.push(
        decide(
          line,
          Array.from(twins[there.length + i]!, (twin) => places[twin]!),
        ),
      );
    const found = countBy(there.flatMap((placed) => placed.keys));
    const rows = own.map(({ line, sketch }, i): PlacedRow => {
      const { side, groupHash } = places[there.length + i]!;
      return { sampleId: line.sampleId, side, groupHash, keys: keys[i]!.filter((key) => isNeeded(key, found)), sketch };
    });
    await this.store.insert(projectId, rows);
  }

  /** Texts are told by their beginning, which Postgres has; of other inputs the bodies are read. */
  private async trace(projectId: string, lines: readonly ManifestLine[]): Promise<TracedLine[]> {
    const inputs = await this.store.inputs(projectId, lines.map(idOf));
    const isText = ({ sampleId }: ManifestLine): boolean => inputs.get(sampleId)!.kind === 'text';
    const bodies = await readInputs(
      this.objects,
      lines.filter((line) => !isText(line)),
    );
    const sketches = new Map(
      await Promise.all(bodies.map(async (body) => [body.sampleId, await sketchOf(body)] as const)),
    );
    return lines.map((line) => ({
      line,
      ...inputs.get(line.sampleId)!,
      sketch: sketches.get(line.sampleId) ?? null,
    }));
  }
}

const idOf = ({ sampleId }: ManifestLine): string => sampleId;

const newcomer = (line: ManifestLine, usedUpTo: bigint): Newcomer => ({
  side: line.split,
  groupHash: line.groupHash,
  hasCallersGroup: hasCallersGroup(line),
  isBound: BigInt(line.revision) <= usedUpTo || line.goldenAt !== undefined,
});

/** Whether another one should be found by the key; it counts as one of those that are. */
function isNeeded(key: number, found: Map<number, number>): boolean {
  const count = found.get(key) ?? 0;
  found.set(key, count + 1);
  return count < MOST_BY_KEY;
}

/** For each from `from` on, those before it that it is nearly the same as. */
function twinsAmong(fingerprints: Fingerprints, from: number): ReadonlySet<number>[] {
  const twins = fingerprints.keys.map(() => new Set<number>());
  forPairs(fingerprints, (a, b) => {
    if (b >= from && !twins[b]!.has(a) && fingerprints.isAlike(a, b)) twins[b]!.add(a);
  });
  return twins;
}
