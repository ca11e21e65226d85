import { Injectable } from '@nestjs/common';
import { accuracyOf, classReports, confusionOf } from '../core/confusion.js';
import { LoopError } from '../core/errors.js';
import { timelineOf } from '../core/journey.js';
import { type Page, pageOf } from '../core/page.js';
import type { ConfusionFilter, SampleFilter } from './curate.schema.js';
import { OrphanStore } from './orphan.store.js';
import type { Judge } from '../core/judge.js';
import type { Task } from '../core/task.js';
import { groupBy, sum } from '../core/tally.js';
import { JudgeStore } from './judge.store.js';
import { type Bands, type LabelCount, type SampleRow, SampleStore, type StatementRow } from './sample.store.js';

/** Is the data any good? Look at it. */
@Injectable()
export class CurateService {
  constructor(
    private readonly store: SampleStore,
    private readonly orphanStore: OrphanStore,
    private readonly judges: JudgeStore,
  ) {}

  async list(projectId: string, filter: SampleFilter): Promise<Page<ReturnType<typeof shown>>> {
    const rows = await this.store.list(
      projectId,
      filter,
      readCursor(filter.cursor),
      await this.bandsOf(projectId, filter),
    );
    return pageOf(rows, filter.limit, writeCursor, shown);
  }

  /** Of values a filter names a band; most lists are of no label at all. */
  private async bandsOf(projectId: string, { label, predicted }: SampleFilter): Promise<Bands> {
    if (label === undefined && predicted === undefined) return {};
    const { bandOf } = await this.judges.of(projectId);
    return bandOf ? { label: bandOf(label ?? ''), predicted: bandOf(predicted ?? '') } : {};
  }

  async read(projectId: string, id: string) {
    const [row, statements] = await this.found(projectId, id);
    return { ...shown(row), statements };
  }

  /** What became of a prediction so far; see {@link timelineOf}. */
  async timeline(projectId: string, id: string) {
    const [{ received_at: receivedAt }, statements] = await this.found(projectId, id);
    return { items: timelineOf({ receivedAt, statements, journey: await this.store.journey(projectId, id) }) };
  }

  private async found(projectId: string, id: string): Promise<[SampleRow, StatementRow[]]> {
    const row = await this.store.find(projectId, id);
    if (!row) throw new LoopError('not-found', `There is no sample ${id} in this project.`);
    return [row, await this.store.statements(projectId, id)];
  }

  /** What people said against what the models answered, over all labelled traffic. Its cells are filters of the samples. */
  async confusion(projectId: string, filter: ConfusionFilter) {
    const [found, judge] = await Promise.all([this.store.pairs(projectId, filter), this.judges.of(projectId)]);
    const pairs = found.map((pair) => ({
      ...pair,
      label: judge.classOf(pair.label),
      predicted: judge.classOf(pair.predicted),
    }));
    const matrix = confusionOf(
      pairs.flatMap(({ label, predicted, count }) => Array<[string, string]>(count).fill([label, predicted])),
    );
    const samples = pairs.reduce((total, { count }) => total + count, 0);
    return { ...matrix, samples, accuracy: accuracyOf(matrix), classes: classReports(matrix), bias: BIAS };
  }

  /** Whose feedback speaks of predictions that never came. */
  async orphans(projectId: string) {
    return { items: await this.orphanStore.byClient(projectId) };
  }

  async balance(projectId: string) {
    const [counts, judge, versions, standing] = await Promise.all([
      this.store.balance(projectId),
      this.judges.of(projectId),
      this.store.labelledVersions(projectId),
      this.store.standing(projectId),
    ]);
    const task: Task = judge.errorOf ? 'regression' : 'classification';
    return { task, labels: byClass(counts, judge), versions, ...standing };
  }
}

/** Of values, by where on the scale they lie: a row for each would show nothing. */
function byClass(counts: readonly LabelCount[], { classOf }: Judge): LabelCount[] {
  return [...groupBy(counts, ({ label }) => classOf(label))].map(([label, rows]) => ({
    label,
    train: sum(rows.map(({ train }) => train)),
    holdout: sum(rows.map(({ holdout }) => holdout)),
    predicted: sum(rows.map(({ predicted }) => predicted)),
  }));
}

const BIAS =
  'Made of what people spoke about; people speak up when an answer is wrong, so true accuracy is likely higher.';

function shown(row: SampleRow) {
  return {
    id: row.id,
    preview: row.preview,
    kind: row.input_kind,
    predicted: row.predicted,
    confidence: row.confidence,
    margin: row.margin,
    model: { name: row.model_name, version: row.model_version },
    attributes: row.attributes,
    split: row.split,
    occurredAt: row.occurred_at,
    status: row.status ?? 'none',
    label: row.label,
    support: row.support ?? 0,
    candidates: row.candidates ?? [],
    suggested: row.suggested === null ? null : { label: row.suggested, probability: row.belief },
    isByTrust: row.is_by_trust ?? false,
    labelledAt: row.labelled_at,
  };
}

const writeCursor = ({ sort_key, seq }: SampleRow): string =>
  Buffer.from(JSON.stringify([sort_key, seq])).toString('base64url');

function readCursor(cursor: string | undefined): { key: number; seq: string } | null {
  if (cursor === undefined) return null;
  const [, key, seq] = /^\[(-?[\d.e+-]+),"(\d{1,19})"\]$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (key !== undefined && seq !== undefined && Number.isFinite(Number(key))) return { key: Number(key), seq };
  throw new LoopError('invalid-request', 'The cursor is not one of ours.', [
    { pointer: '/cursor', detail: 'is not one of ours' },
  ]);
}
