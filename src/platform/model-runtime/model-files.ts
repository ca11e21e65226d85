import { createHash } from 'node:crypto';
import { countBy } from '../../core/tally.js';
import type { Task } from '../../core/task.js';
import { ModelFilesCorrupt } from './errors.js';
import type { ModelFiles, ModelKind } from './types.js';
import type { Width } from './value-model.js';

export const MANIFEST = 'manifest.json';

/** Beside the model and not one of its files: it is looked at and never loaded. */
export const MAP = 'map.json';

/** Models that somebody else's program made, by where it ran. */
const FOREIGN = ['command', 'kubernetes'] as const;
export type ForeignBackend = (typeof FOREIGN)[number];

export const isForeign = ({ backend }: Pick<ModelFacts, 'backend'>): boolean =>
  (FOREIGN as readonly string[]).includes(backend);

export interface Provenance {
  readonly snapshotSha256: string;
  readonly parentVersion: number | null;
  readonly codeVersion: string;
}

export interface ModelFacts {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  readonly seed: number;
  readonly backend: string;
  /** Training samples of each label. */
  readonly counts: Readonly<Record<string, number>>;
  /** What is answered where no label reaches the threshold; absent where answers are never refused. */
  readonly outOfScope?: Refusal;
  /** The files hold the base too, trained on from this layer; absent where the base is frozen. */
  readonly thawedFrom?: string;
  /** Absent: classification. A regression has no labels and answers with its one output. */
  readonly task?: Task;
  /** Of a regression: how wide its intervals are; absent where it is not known. */
  readonly width?: Width;
}

export interface Refusal {
  readonly label: string;
  readonly threshold: number;
}

/** What `manifest.json` of a model version says. Provenance is null for a model that was not trained by a run. */
export interface ModelManifest extends ModelFacts {
  readonly codeVersion: string | null;
  readonly parent: number | null;
  readonly snapshotSha256: string | null;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Samples of each label, in code unit order: {@link ModelFacts.counts}. */
export function countLabels(samples: readonly { readonly label: string }[]): Map<string, number> {
  const counts = countBy(samples.map(({ label }) => label));
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const jsonFile = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** Adds the manifest, last, so that writing in order leaves no manifest that names a missing file. */
export function sealFiles(files: ModelFiles, facts: ModelFacts): ModelFiles {
  const described = [...files].map(([name, body]) => [name, { bytes: body.length, sha256: sha256(body) }] as const);
  const manifest: ModelManifest = {
    ...facts,
    codeVersion: null,
    parent: null,
    snapshotSha256: null,
    files: Object.fromEntries(described),
  };
  return new Map([...files, [MANIFEST, jsonFile(manifest)]]);
}

/** The same files with a manifest that says where they come from. */
export function withProvenance(files: ModelFiles, { parentVersion, ...rest }: Provenance): ModelFiles {
  const manifest: ModelManifest = { ...readManifest(files), ...rest, parent: parentVersion };
  return new Map([...files, [MANIFEST, jsonFile(manifest)]]);
}

export const readManifest = (files: ModelFiles): ModelManifest =>
  JSON.parse(fileOf(files, MANIFEST).toString('utf8')) as ModelManifest;

/** The manifest, once every file it names has been compared with its hash. */
export function verifiedManifest(files: ModelFiles): ModelManifest {
  const manifest = readManifest(files);
  for (const [name, { sha256: expected }] of Object.entries(manifest.files)) {
    const found = sha256(fileOf(files, name));
    if (found !== expected) throw new ModelFilesCorrupt(`${name} has sha256 ${found}, the manifest says ${expected}`);
  }
  return manifest;
}

export function fileOf(files: ModelFiles, name: string): Buffer {
  const body = files.get(name);
  if (!body) throw new ModelFilesCorrupt(`${name} is missing`);
  return body;
}

/** Object key of a model file: one slash between prefix and name, whether or not the prefix ends in one. */
export const fileKey = (prefix: string, name: string): string => `${prefix.replace(/\/+$/, '')}/${name}`;

/** The bytes of a typed array, little-endian as on every platform Node runs on. */
export const bytesOf = (array: Float32Array | Int32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** A copy, because a Buffer may lie at an offset that is no multiple of 4. */
export const floatsOf = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

export const integersOf = (bytes: Buffer): Int32Array => new Int32Array(Uint8Array.from(bytes).buffer);

/** Between threads buffers travel as plain bytes. */
export const withBuffers = (files: ReadonlyMap<string, Uint8Array>): ModelFiles =>
  new Map([...files].map(([name, { buffer, byteOffset, length }]) => [name, Buffer.from(buffer, byteOffset, length)]));
