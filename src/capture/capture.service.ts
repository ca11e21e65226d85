import { Injectable } from '@nestjs/common';
import { type FieldError, LoopError } from '../core/errors.js';
import { type Input, uploadedImage } from '../core/input.js';
import { type Outcome, Unreadable } from '../core/outcome.js';
import { readLine } from '../core/pack-line.js';
import { type PostedPrediction, type PredictionRow, predictionRow } from '../core/prediction-row.js';
import type { ProjectSettings } from '../core/settings.js';
import { faultOfAnswer, type Task } from '../core/task.js';
import { joinFeedback, packPayloads, PredictionIntake } from '../jobs.js';
import { type BatchItem, commitOnce } from '../platform/batching/commit-once.js';
import { Lanes } from '../platform/batching/lanes.js';
import { Expiring } from '../platform/expiring.js';
import { fewPictures, thumbnail } from '../platform/model-runtime/image-pixels.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { positionInPack, readPackLine } from '../platform/object-store/packs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { readItem } from '../platform/read-item.js';
import { type NewPrediction, PredictionSchema } from './capture.schema.js';
import { CaptureStore } from './capture.store.js';
import { UploadService } from './upload.service.js';

type Item = BatchItem<PredictionRow>;

/** So that a busy second makes one look at what is to be packed. */
const PACK_WAITS_SECONDS = 1;

/** What did the model say? Takes predictions in and gives them back. */
@Injectable()
export class CaptureService extends PredictionIntake {
  private readonly lanes = new Lanes<Item, Outcome>((projectId, items) => this.commit(projectId, items));
  private readonly settings = new Expiring<ProjectSettings>(5_000, (projectId) => this.store.settings(projectId));

  constructor(
    private readonly store: CaptureStore,
    private readonly jobs: JobQueue,
    private readonly objects: ObjectStore,
    private readonly uploads: UploadService,
  ) {
    super();
  }

  /** Resolves when the batch they share is committed: the commit is the acknowledgement. */
  async accept(projectId: string, items: readonly unknown[]): Promise<Outcome[]> {
    const settings = await this.settings.get(projectId);
    const options = { holdoutPercent: settings.holdoutPercent, now: new Date() };
    const wellFormed = items.map((item) =>
      readItem(PredictionSchema, item instanceof Unreadable ? item : withoutNulls(item)),
    );
    const task = settings.task ?? (await this.firstTask(projectId, wellFormed));
    const read = wellFormed.map((item) => ofTask(task, item));
    const named = read.map(blobOf);
    const blobs = await this.uploads.use(
      projectId,
      named.filter((blob) => blob !== undefined),
    );
    return this.lanes.submit(
      projectId,
      read.map((item, n) => {
        if ('errors' in item) return { rejected: { status: 'rejected', errors: item.errors } };
        const blob = named[n];
        if (blob !== undefined && !blobs.has(blob)) return { rejected: { status: 'rejected', errors: [NO_UPLOAD] } };
        return predictionRow(projectId, item.value as PostedPrediction, options);
      }),
    );
  }

  /** A project without a task has that of its first answer from now on; null when there is none among these. */
  private async firstTask(projectId: string, read: readonly ReadPrediction[]): Promise<Task | null> {
    this.settings.forget(projectId);
    const answers = read.flatMap((item) => ('value' in item && item.value.output) || []);
    return this.store.fixTask(projectId, answers);
  }

  /** One prediction with its input, what was said about it, and the bodies that contradict it. */
  async read(projectId: string, id: string) {
    const prediction = await this.find(projectId, id);
    const [body, sample, conflicts] = await Promise.all([
      this.body(prediction),
      this.store.sampleOf(projectId, id),
      this.store.conflicts(projectId, id),
    ]);
    return {
      ...body,
      split: prediction.split,
      receivedAt: prediction.receivedAt,
      label: sample && {
        status: sample.status,
        label: sample.label,
        candidates: sample.candidates,
        labelledAt: sample.labelledAt,
      },
      conflicts: conflicts.map((conflict) => ({
        receivedAt: conflict.receivedAt,
        body: JSON.parse(conflict.body) as unknown,
      })),
    };
  }

  /** What a prediction is about as a WebP of at most so many pixels a side. Throws {@link LoopError} where that is no picture. */
  async picture(projectId: string, id: string, side: number): Promise<Buffer> {
    const { input } = await this.body(await this.find(projectId, id));
    const picture = await fewPictures(async () => {
      const image = await this.imageOf(input);
      return image && thumbnail(image, side);
    });
    if (!picture) throw new LoopError('not-found', `What prediction ${id} is about cannot be shown as a picture.`);
    return picture;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.lanes.drain();
  }

  private async commit(projectId: string, items: readonly Item[]): Promise<Outcome[]> {
    const outcomes = await commitOnce(items, (rows, rejected) => this.store.insertOnce(projectId, rows, rejected));
    if (outcomes.some(({ status }) => status === 'accepted'))
      void this.jobs.hint(packPayloads, { projectId }, PACK_WAITS_SECONDS);
    const accepted = items.flatMap((item, n) =>
      'mayBeKnown' in item && item.mayBeKnown && outcomes[n]!.status === 'accepted' ? [item.id] : [],
    );
    if (accepted.length > 0) await this.joinWhatWasSaid(projectId, accepted);
    return outcomes;
  }

  /** Looked up after the commit: feedback that is committed meanwhile sees the predictions, or is seen here. */
  private async joinWhatWasSaid(projectId: string, accepted: readonly string[]): Promise<void> {
    const predictionIds = await this.store.spokenAbout(projectId, accepted);
    if (predictionIds.length > 0) void this.jobs.hint(joinFeedback, { projectId, predictionIds });
  }

  private async find(projectId: string, id: string) {
    const prediction = await this.store.find(projectId, id);
    if (!prediction) throw new LoopError('not-found', `There is no prediction ${id} in this project.`);
    return prediction;
  }

  private async imageOf(input: Input): Promise<Buffer | undefined> {
    if ('image' in input) return Buffer.from(input.image.base64, 'base64');
    const uploaded = uploadedImage(input);
    return uploaded && this.objects.get(uploaded.key);
  }

  private async body(row: { batchId: bigint; batchLine: number }) {
    const place = await this.store.bodyOf(row);
    const line = place.hot ?? (await readPackLine(this.objects, positionInPack(place, place.line)));
    return readLine<PostedPrediction & { id: string }>(line).item!;
  }
}

const NO_UPLOAD = { pointer: '/input/blob', detail: 'names no completed upload of this project' };

type ReadPrediction = { value: NewPrediction } | { errors: readonly FieldError[] };

/** A prediction with the answer of another task is wrong. */
function ofTask(task: Task | null, read: ReadPrediction): ReadPrediction {
  if (task === null || 'errors' in read || read.value.output === null) return read;
  const fault = faultOfAnswer(task, read.value.output);
  return fault ? { errors: [{ pointer: `/output/${fault.name}`, detail: fault.detail }] } : read;
}

const blobOf = (read: ReadPrediction): string | undefined => ('value' in read ? read.value.input.blob : undefined);

/** Many clients send null for "not given"; the top-level optional members take it as such. `output` is not optional. */
function withoutNulls(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  if (!Object.values(item).includes(null)) return item;
  return Object.fromEntries(Object.entries(item).filter(([name, value]) => value !== null || name === 'output'));
}
