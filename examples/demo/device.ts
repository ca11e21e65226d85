import { loadModel } from '../../src/platform/model-runtime/load-model.js';
import { MANIFEST, type ModelManifest } from '../../src/platform/model-runtime/model-files.js';
import type { Answer, ServedModel } from '../../src/platform/model-runtime/types.js';

/** An app that answers on the device: it downloads the champion when there is a new one, and keeps it. */
export class DeviceModel {
  private held: { readonly version: number; readonly model: ServedModel } | undefined;

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** One answer a text, by the version given. */
  async answer(version: number, texts: readonly string[]): Promise<Answer[]> {
    if (this.held?.version !== version) this.held = { version, model: await this.download(version) };
    return this.held.model.predict(texts.map((text) => ({ text })));
  }

  private async download(version: number): Promise<ServedModel> {
    const manifest = await this.file(version, MANIFEST);
    const names = Object.keys((JSON.parse(manifest.toString('utf8')) as ModelManifest).files);
    const bodies = await Promise.all(names.map(async (name) => [name, await this.file(version, name)] as const));
    return loadModel(new Map([...bodies, [MANIFEST, manifest]]));
  }

  private async file(version: number, name: string): Promise<Buffer> {
    const headers = { authorization: `Bearer ${this.key}` };
    const answer = await fetch(`${this.url}/v1/models/${version}/${name}`, { headers });
    if (!answer.ok) throw new Error(`${name} of version ${version}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}
