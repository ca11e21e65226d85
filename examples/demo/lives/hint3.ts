import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LabelledMessage } from '../../shop/traffic.js';
import type { FlywheelClient } from '../client.js';
import type { Life } from '../life.js';
import { readCsv } from './csv.js';

const TURNS = 5;
/** No intent of the bot fits. */
const OUT_OF_SCOPE = 'oos';
/** A score below it means "out of scope", as in the published tables. */
const THRESHOLD = 0.3;

interface Traffic {
  readonly id: string;
  readonly text: string;
  readonly label_v1: string;
}

interface LoggedAnswer {
  readonly id: string;
  readonly model: string;
  readonly predicted: string;
  readonly score: number;
}

/** HINT3: what the bot's authors wrote, then half of the real traffic labelled by its maintainers; the other half judges. */
export async function hint3Life(folder: string): Promise<Life> {
  const bot = basename(folder);
  const authored = await readCsv<{ text: string; label: string }>(join(folder, 'train_v1.csv'));
  const traffic = await readCsv<Traffic>(join(folder, 'traffic.csv'));
  const messages = traffic.map(({ id, text, label_v1: label }, i) => message(id, text, label, i));
  const half = Math.floor(messages.length / 2);
  const size = Math.ceil(half / TURNS);
  return {
    name: `hint3-${bot}`,
    title: `HINT3 ${bot}: authored sentences, then half of the real traffic labelled by maintainers`,
    settings: {
      holdoutPercent: 10,
      retrain: { minNewLabels: 10, debounceSeconds: 1, maxWaitSeconds: 10, nightlyHour: null },
    },
    seed: 3,
    seeds: authored.map(({ text, label }, i) => message(`${bot}-authored-${i}`, text, label, i)),
    rounds: Array.from({ length: TURNS }, (_, turn) => messages.slice(turn * size, Math.min(half, (turn + 1) * size))),
    fresh: messages.slice(half),
    raterRole: 'annotator',
    speak: ({ label }, answer) => {
      const kind = answer === label ? 'accept' : 'correction';
      return { raterId: 'maintainers', kind, label, roundsLate: 0, comesFirst: false };
    },
  };
}

const message = (id: string, text: string, label: string, i: number): LabelledMessage => ({
  id,
  text,
  label,
  customer: id,
  channel: i % 3 === 0 ? 'app' : 'web',
  occurredAt: 60 * i,
});

/** One line of the published table: a deployed model against what maintainers said. */
export interface PublishedRow {
  readonly model: string;
  readonly accuracy: number;
  readonly inScopeAccuracy: number;
  readonly oosRecall: number;
}

/**
 * Posts what five deployed models had answered and what maintainers said about it, each message once for all five, and
 * reads the tables that HINT3's authors published back from the confusion matrices.
 */
export async function publishedTable(folder: string, client: FlywheelClient): Promise<PublishedRow[]> {
  const traffic = new Map((await readCsv<Traffic>(join(folder, 'traffic.csv'))).map((row) => [row.id, row]));
  const log = (await readFile(join(folder, 'predictions.ndjson'), 'utf8')).trim().split('\n');
  const answers = log.map((line) => JSON.parse(line) as LoggedAnswer);
  const predictions = answers.map(({ id, model, predicted, score }) => ({
    id: `${id}-${model}`,
    externalId: id,
    model: { name: model, version: 'deployed' },
    input: { text: traffic.get(id)!.text },
    output: { label: predicted, confidence: score },
  }));
  const rater = { id: 'maintainers', role: 'annotator' };
  const feedback = [...traffic.values()].map(({ id, label_v1: label }) => ({
    externalId: id,
    kind: 'correction',
    label,
    rater,
  }));
  await client.postAll('/v1/feedback', feedback.slice(0, feedback.length / 2));
  await client.postAll('/v1/predictions', predictions);
  await client.postAll('/v1/feedback', feedback.slice(feedback.length / 2));
  await everythingJoined(client, predictions.length);
  const models = [...new Set(answers.map(({ model }) => model))].sort();
  return Promise.all(models.map((model) => publishedRow(model, client)));
}

/** What was said before its prediction joins a moment after it. */
async function everythingJoined(client: FlywheelClient, wanted: number): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until;) {
    if ((await client.get<{ resolved: number }>('/v1/insights/balance')).resolved === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('Not all feedback has joined its predictions.');
}

async function publishedRow(model: string, client: FlywheelClient): Promise<PublishedRow> {
  const query = `model=${model}&threshold=${THRESHOLD}&below=${OUT_OF_SCOPE}`;
  const { labels, cells, accuracy } = await client.get<{ labels: string[]; cells: number[][]; accuracy: number }>(
    `/v1/insights/confusion?${query}`,
  );
  const right = (row: number) => cells[row]![row]!;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
  const rows = labels.map((_, row) => row);
  const inScope = rows.filter((row) => labels[row] !== OUT_OF_SCOPE);
  const oos = labels.indexOf(OUT_OF_SCOPE);
  return {
    model,
    accuracy,
    inScopeAccuracy: sum(inScope.map(right)) / sum(inScope.map((row) => sum(cells[row]!))),
    oosRecall: right(oos) / sum(cells[oos]!),
  };
}
