import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import type { Input } from '../../src/core/input.js';
import type { SnapshotSample } from '../../src/core/manifest.js';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';

export interface Labelled {
  readonly input: Input;
  readonly label: string;
}

export const readCsv = (path: string): Record<string, string>[] =>
  parse(path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path), { columns: true });

export const readNdjson = <Row>(path: string): Row[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

export const textOf = ({ text, label }: { text?: string; label?: string }): Labelled => ({
  input: { text: text! },
  label: label!,
});

export const banking77 = (folder: string): Labelled[] => readCsv(join(folder, 'banking77/train.csv')).map(textOf);

/** Training and validation part, without and with what is out of scope. */
export const clinc150 = (folder: string) => {
  const part = (name: string) =>
    readNdjson<{ text: string; label: string }>(join(folder, `clinc150/${name}.ndjson`)).map(textOf);
  return { train: part('train'), validation: part('val') };
};

/** Each picture as a PNG, as a client would send it. */
export async function fashionMnist(folder: string): Promise<Labelled[]> {
  const read = (name: string) => gunzipSync(readFileSync(join(folder, 'fashion-mnist', name)));
  const images = read('train-20k-images-idx3-ubyte.gz').subarray(16);
  const labels = read('train-20k-labels-idx1-ubyte.gz').subarray(8);
  return Promise.all(
    Array.from(labels, async (label, i) => {
      const raw = { width: 28, height: 28, channels: 1 } as const;
      const png = await sharp(images.subarray(i * 784, (i + 1) * 784), { raw })
        .png({ compressionLevel: 1 })
        .toBuffer();
      return { input: { image: { contentType: 'image/png', base64: png.toString('base64') } }, label: String(label) };
    }),
  );
}

/** In time order, 48 rows a day: what is known when the price is asked for. */
export const elec2 = (folder: string): Labelled[] =>
  readCsv(join(folder, 'elec2/elec2.csv.gz')).map(({ label, date: _date, ...row }) => ({
    input: { vector: Object.values(row).map(Number) },
    label: label!,
  }));

/** The same rows with the demand of New South Wales as the value that is asked for. */
export const elecDemand = (folder: string): Labelled[] =>
  readCsv(join(folder, 'elec2/elec2.csv.gz')).map(({ label: _label, date: _date, nswdemand, ...row }) => ({
    input: { vector: Object.values(row).map(Number) },
    label: nswdemand!,
  }));

export const isThere = (folder: string, name: string): boolean => existsSync(join(folder, name));

export function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const order = Int32Array.from(items, (_, i) => i);
  random.shuffle(order);
  return Array.from(order, (i) => items[i]!);
}

/** A part for training and a part that no model sees, drawn by the seed. */
export function parted<T>(items: readonly T[], seed: number, heldOut = 0.2): { train: T[]; test: T[] } {
  const mixed = shuffled(items, seededRandom(seed));
  const cut = Math.round(mixed.length * heldOut);
  return { test: mixed.slice(0, cut), train: mixed.slice(cut) };
}

export const asSamples = (items: readonly Labelled[]): SnapshotSample[] =>
  items.map(({ input, label }, i) => ({
    sampleId: String(i),
    label,
    split: 'train',
    contentHash: '',
    groupHash: String(i),
    revision: String(i),
    input,
  }));

/** The first `count` rows of each label, and the others. */
export function firstOfEach(items: readonly Labelled[], count: number): { few: Labelled[]; rest: Labelled[] } {
  const taken = new Map<string, number>();
  const few: Labelled[] = [];
  const rest: Labelled[] = [];
  for (const item of items) {
    const n = (taken.get(item.label) ?? 0) + 1;
    taken.set(item.label, n);
    (n <= count ? few : rest).push(item);
  }
  return { few, rest };
}
