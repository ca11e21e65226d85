import type { ObjectStore } from '../object-store/object-store.js';
import { type BaseInputs, DenseModel, decodeDenseModel } from './dense-model.js';
import { ServedBase } from './served-base.js';
import { WholeModel } from './whole-model.js';
import { fileKey, isForeign, MANIFEST, type ModelManifest, verifiedManifest } from './model-files.js';
import { decodeTextModel, TextModel } from './text-model.js';
import { VALUE } from './goal.js';
import { RefusingModel } from './refusing-model.js';
import type { ModelFiles, ServedModel, SummingModel } from './types.js';
import { ValueModel } from './value-model.js';

/**
 * A model ready to answer. Throws `ModelFilesCorrupt` when the files are not those the manifest describes.
 * @param store where the project's own base is, for models that stand on one
 */
export async function loadModel(files: ModelFiles, store?: ObjectStore): Promise<ServedModel> {
  return openVerified(files, verifiedManifest(files), store);
}

/** The same, of files that were compared with their manifest already. */
export async function openVerified(
  files: ModelFiles,
  manifest: ModelManifest,
  store?: ObjectStore,
): Promise<ServedModel> {
  if (manifest.thawedFrom !== undefined) return refusing(await WholeModel.ofThawed(files, manifest.labels), manifest);
  const model = await openModel(files, manifest, store);
  return manifest.task === 'regression' ? new ValueModel(model, manifest.width ?? null) : refusing(model, manifest);
}

const refusing = (model: ServedModel, { outOfScope }: ModelManifest): ServedModel =>
  outOfScope ? new RefusingModel(model, outOfScope) : model;

async function openModel(
  files: ModelFiles,
  manifest: ModelManifest,
  store: ObjectStore | undefined,
): Promise<SummingModel> {
  if (isForeign(manifest)) return WholeModel.ofForeign(files, manifest.labels);
  const { kind, task } = manifest;
  const labels = task === 'regression' ? [VALUE] : manifest.labels;
  if (kind === 'text') return new TextModel(decodeTextModel(files, labels));
  const weights = decodeDenseModel(files, labels);
  const { inputs } = weights;
  if (inputs.kind !== 'base') return new DenseModel(weights);
  return new DenseModel(weights, await ServedBase.open(await readBaseFiles(store!, inputs), inputs.spec));
}

/** The files of a project's own base. */
export async function readBaseFiles(store: ObjectStore, { prefix }: Pick<BaseInputs, 'prefix'>): Promise<ModelFiles> {
  const model = await store.get(fileKey(prefix, 'model.json'));
  const { weightsManifest } = JSON.parse(model.toString('utf8')) as { weightsManifest: { paths: string[] }[] };
  const names = weightsManifest.flatMap(({ paths }) => paths);
  const bodies = await Promise.all(names.map(async (name) => [name, await store.get(fileKey(prefix, name))] as const));
  return new Map([...bodies, ['model.json', model]]);
}

/** The manifest under a prefix and the files it names. */
export async function readModelFiles(store: ObjectStore, prefix: string): Promise<ModelFiles> {
  const manifest = await store.get(fileKey(prefix, MANIFEST));
  const { files } = JSON.parse(manifest.toString('utf8')) as ModelManifest;
  const bodies = await Promise.all(
    Object.keys(files).map(async (name) => [name, await store.get(fileKey(prefix, name))] as const),
  );
  return new Map([...bodies, [MANIFEST, manifest]]);
}
