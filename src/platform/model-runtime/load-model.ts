import type { ObjectStore } from '../object-store/object-store.js';
import { DenseModel, decodeDenseModel } from './dense-model.js';
import { fileKey, MANIFEST, type ModelManifest, verifiedManifest } from './model-files.js';
import { decodeTextModel, TextModel } from './text-model.js';
import type { ModelFiles, ServedModel } from './types.js';

/** A model ready to answer. Throws `ModelFilesCorrupt` when the files are not those the manifest describes. */

export async function loadModel(files: ModelFiles): Promise<ServedModel> {
  const { kind, labels } = verifiedManifest(files);
  return kind === 'text'
    ? new TextModel(decodeTextModel(files, labels))
    : new DenseModel(decodeDenseModel(files, labels));
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
