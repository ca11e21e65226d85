import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { z } from 'zod';
import { type BaseSpec, faultsOfBase, formatOf } from '../core/base-model.js';
import { blobFacts } from '../core/blob.js';
import { LoopError } from '../core/errors.js';
import { isUuid, newId, sha256 } from '../core/ids.js';
import type { Config } from '../platform/config.js';
import {
  activationPrefixes,
  ModelRuntime,
  TrainingCancelled,
  TrainingFailed,
  TrainingRefused,
} from '../platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { CONFIG } from '../platform/tokens.js';
import { invalid } from '../platform/validation.js';
import type { BaseOrder } from './base.schema.js';
import { type BaseRow, BaseStore } from './base.store.js';

/** Pre-trained models that a project brings: looked at as if they were hostile, kept, and used by its next runs. */
@Injectable()
export class BaseService implements OnApplicationBootstrap {
  private readonly copies: RowCopies<BaseRow>;

  constructor(
    private readonly store: BaseStore,
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.copies = new RowCopies(objects, 'base-rows/', ({ projectId, id }) => `${projectId}/${id}`);
  }

  async onApplicationBootstrap(): Promise<void> {
    const bases = await this.store.all();
    await this.copies.keepMissing(bases, (base) => Promise.resolve(base));
    for (const base of bases) await this.dropActivations(base);
  }

  /** The youngest base is in use. Bringing the same one again keeps its id. */
  async bring(projectId: string, order: z.infer<typeof BaseOrder>) {
    const weights = await this.weightsOf(projectId, order.weights);
    const sizes = new Map([...weights].map(([name, body]) => [name, body.length]));
    const faults = faultsOfBase(order.model, sizes);
    if (faults.length > 0) throw invalid(faults);
    const spec: BaseSpec = {
      format: formatOf(order.model),
      input: order.input,
      outputLayer: order.outputLayer ?? null,
      // Bases of before it could be chosen keep their hash.
      ...(order.trainableFrom ? { trainableFrom: order.trainableFrom } : {}),
    };
    if (spec.trainableFrom && spec.format === 'graph-model')
      throw invalid([
        { pointer: '/trainableFrom', detail: 'names a layer, and the model is a graph, which stays frozen' },
      ]);
    const model = Buffer.from(JSON.stringify(order.model));
    const hash = hashOf(spec, model, weights);
    const known = await this.store.byHash(projectId, hash);
    const id = known?.id ?? newId();
    const prefix = `bases/${projectId}/${id}/`;
    const features = known?.features ?? (await this.keep(prefix, spec, new Map([...weights, ['model.json', model]])));
    const bytes = [...weights.values()].reduce((sum, { length }) => sum + length, model.length);
    const facts = { projectId, id, name: order.name, hash, prefix, spec: { ...spec }, features, bytes };
    const base = await this.store.insert(facts);
    await this.copies.keep(base);
    return shown(base);
  }

  async list(projectId: string) {
    return { items: (await this.store.list(projectId)).map(shown), nextCursor: null };
  }

  /** Later runs do not stand on it; models that do go on serving. A run that is under way may leave activations until the next start. */
  async retire(projectId: string, id: string): Promise<void> {
    const base = isUuid(id) ? await this.store.retire(projectId, id) : undefined;
    if (!base) throw new LoopError('not-found', `There is no base ${id} in this project.`);
    await this.copies.keep(base);
    await this.dropActivations(base);
  }

  /** Makes the rows again whose copies are in the object store and which the database does not know; tells how many. */
  restoreAll(): Promise<number> {
    return this.copies.restoreAll((base) => this.store.restore(base));
  }

  /** Stores the files and looks at them; what does not open is thrown away again. Returns how many numbers it makes. */
  private async keep(prefix: string, spec: BaseSpec, files: ReadonlyMap<string, Buffer>): Promise<number> {
    for (const [name, body] of files) await this.objects.put(prefix + name, body);
    try {
      const backend = this.config.TRAINER_BACKEND;
      return (await this.runtime.inspect({ store: this.objects.config, prefix, spec, backend })).features;
    } catch (error) {
      for (const name of files.keys()) await this.objects.delete(prefix + name);
      const isFault = [TrainingRefused, TrainingFailed, TrainingCancelled].some((kind) => error instanceof kind);
      if (!isFault) throw error;
      const detail = error instanceof TrainingCancelled ? 'did not open in time' : (error as Error).message;
      throw invalid([{ pointer: '/model', detail: detail.slice(0, 300) }]);
    }
  }

  /** Those that no run will read: of a base that is retired all, otherwise what was made in a way of before. */
  private async dropActivations({ projectId, hash, retiredAt }: BaseRow): Promise<void> {
    const { all, ofToday } = activationPrefixes(projectId, hash);
    const keys = await this.objects.list(all);
    for (const key of keys) if (retiredAt || !key.startsWith(ofToday)) await this.objects.delete(key);
  }

  private async weightsOf(
    projectId: string,
    weights: z.infer<typeof BaseOrder>['weights'],
  ): Promise<Map<string, Buffer>> {
    const bodies = new Map<string, Buffer>();
    for (const [name, given] of Object.entries(weights)) {
      const body =
        typeof given === 'string' ? Buffer.from(given, 'base64') : await this.uploaded(projectId, given.blob);
      if (!body)
        throw invalid([{ pointer: `/weights/${name}/blob`, detail: 'names no completed upload of this project' }]);
      bodies.set(name, body);
    }
    return bodies;
  }

  private async uploaded(projectId: string, key: string): Promise<Buffer | undefined> {
    const facts = blobFacts(key);
    const body = facts?.projectId === projectId ? await this.objects.find(key) : undefined;
    return body && sha256(body) === facts!.sha256 ? body : undefined;
  }
}

/** What a base is: everything that its activations depend on. */
function hashOf(spec: BaseSpec, model: Buffer, weights: ReadonlyMap<string, Buffer>): string {
  const parts = [...weights].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, body]) => `${name} ${sha256(body)}`);
  return sha256([JSON.stringify(spec), sha256(model), ...parts].join('\n'));
}

const shown = ({ projectId: _projectId, prefix: _prefix, spec, ...row }: BaseRow) => ({ ...row, ...(spec as object) });
