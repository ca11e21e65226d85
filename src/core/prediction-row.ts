import { canonicalJson, newId, sha256 } from './ids.js';
import { type Input, kindOf, previewOf } from './input.js';
import { type Split, splitOf } from './split.js';

/** A prediction as it was posted. */
export interface PostedPrediction {
  readonly id?: string;
  readonly externalId?: string;
  readonly model: { readonly name?: string; readonly version: string };
  readonly input: Input;
  readonly output: {
    readonly label: string;
    readonly confidence?: number;
    readonly scores?: Readonly<Record<string, number>>;
  };
  readonly group?: string;
  readonly subject?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly occurredAt?: string;
}

/** A prediction as it is stored: what can be asked for, and the body that goes into a pack. */
export interface PredictionRow {
  readonly id: string;
  readonly externalId: string | null;
  /** Of the body as posted: the same id with another hash is a conflict. */
  readonly bodyHash: string;
  /** Of the input alone, white space and case of a text aside: equal inputs stay on one side of the split. */
  readonly contentHash: string;
  readonly groupHash: string;
  readonly split: Split;
  readonly inputKind: string;
  readonly preview: string;
  readonly modelName: string | null;
  readonly modelVersion: string;
  readonly label: string;
  readonly confidence: number | null;
  /** Probability of the answer less that of the runner-up; null when unknown. */
  readonly margin: number | null;
  readonly subject: string | null;
  readonly attributes: string | null;
  readonly occurredAt: string;
  readonly body: string;
}

/** Makes the row. Its side of the split is fixed here, before anybody has said anything about it. */
export function predictionRow(
  projectId: string,
  posted: PostedPrediction,
  { holdoutPercent, now }: { holdoutPercent: number; now: Date },
): PredictionRow {
  const contentHash = sha256(canonicalJson(normalised(posted.input)));
  const groupHash = sha256(posted.group === undefined ? `content:${contentHash}` : `group:${posted.group}`);
  const body = { ...posted, id: posted.id ?? newId(now.getTime()), occurredAt: posted.occurredAt ?? now.toISOString() };
  return {
    id: body.id,
    externalId: posted.externalId ?? null,
    bodyHash: sha256(canonicalJson(posted)),
    contentHash,
    groupHash,
    split: splitOf(`${projectId}/${groupHash}`, holdoutPercent),
    inputKind: kindOf(posted.input),
    preview: previewOf(posted.input),
    modelName: posted.model.name ?? null,
    modelVersion: posted.model.version,
    label: posted.output.label,
    confidence: posted.output.confidence ?? null,
    margin: marginOf(posted.output),
    subject: posted.subject ?? null,
    attributes: posted.attributes ? JSON.stringify(posted.attributes) : null,
    occurredAt: body.occurredAt,
    body: JSON.stringify(body),
  };
}

const normalised = (input: Input): unknown =>
  'text' in input ? { text: withSingleSpaces(input.text.normalize('NFKC').toLowerCase().trim()) } : input;

/** Most texts have single spaces already, and looking is much cheaper than replacing. */
const withSingleSpaces = (text: string): string => (/\s\s|[^\S ]/.test(text) ? text.replace(/\s+/g, ' ') : text);

function marginOf({ confidence, scores }: PostedPrediction['output']): number | null {
  const [first, second] = Object.values(scores ?? {}).sort((a, b) => b - a);
  if (first === undefined) return confidence ?? null;
  return first - (second ?? 0);
}
