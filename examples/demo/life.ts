import { setTimeout as sleep } from 'node:timers/promises';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import type { LabelledMessage, RaterStatement } from '../shop/traffic.js';
import type { FlywheelClient } from './client.js';
import type { DeviceModel } from './device.js';

/** An application's life: what it starts with, what its users write, and what they say about the answers. */
export interface Life {
  readonly name: string;
  readonly title: string;
  /** Settings of the project it lives in. */
  readonly settings: object;
  readonly seed: number;
  readonly seeds: readonly LabelledMessage[];
  readonly rounds: readonly (readonly LabelledMessage[])[];
  /** Messages that nobody ever speaks about. */
  readonly fresh: readonly LabelledMessage[];
  /** What is said about an answer, if anything. */
  readonly speak: (
    message: LabelledMessage,
    answer: string,
    random: SeededRandom,
  ) => Omit<RaterStatement, 'isPlantedWrong'> | undefined;
  /** What a rater of this life is. */
  readonly raterRole: 'user' | 'annotator';
}

/** One turn of the wheel. */
export interface Turn {
  readonly turn: number;
  readonly labels: number;
  readonly champion: number | null;
  readonly holdoutAccuracy: number | null;
  readonly holdoutSamples: number | null;
  /** Share of right answers to the messages that came next, before anybody had spoken about them. */
  readonly freshAccuracy: number;
  readonly feedbackToLiveSeconds: number | null;
  readonly decision: string;
}

/** What the model said to a message, and how feedback names it. */
interface Answer {
  readonly label: string;
  readonly about: { readonly predictionId: string } | { readonly externalId: string };
}

/** Where the application finds the service: over REST, and as a model of its own on the customers' phones. */
export interface Access {
  readonly client: FlywheelClient;
  readonly device: DeviceModel;
}

interface Loop {
  readonly stages: readonly { readonly stage: string; readonly waiting: number }[];
  readonly retrain: {
    readonly newLabels: number;
    readonly needed: number;
    readonly run: object | null;
    readonly fires: boolean;
  };
  readonly champion: { readonly version: number } | null;
  readonly promotions: readonly {
    readonly version: number;
    readonly promoted: boolean;
    readonly reason: string;
    readonly holdoutAccuracy: number | null;
    readonly holdoutSamples: number | null;
    readonly feedbackToLiveSeconds: number | null;
  }[];
}

/** Feedback that is still to come. */
interface Late {
  readonly dueRound: number;
  /** It is posted before the prediction it is about. */
  readonly comesFirst: boolean;
  readonly feedback: object;
}

const INPUTS_A_REQUEST = 250;
const PATIENCE_MS = 120_000;

/** Plays a life against the service and tells each turn as it ends. */
export async function playLife(life: Life, access: Access, onTurn: (turn: Turn) => void): Promise<void> {
  const { client } = access;
  const random = seededRandom(life.seed);
  await postSeeds(life, client);
  await client.post('/v1/runs', { reason: 'the first model' });
  let late: readonly Late[] = [];
  for (let round = 0; round <= life.rounds.length; round += 1) {
    const loop = await quietLoop(client);
    const messages = life.rounds[round] ?? life.fresh;
    const { answers, posts } = await answerAll(access, loop.champion!.version, messages);
    const freshAccuracy = messages.filter(({ label }, i) => answers[i]!.label === label).length / messages.length;
    onTurn(turnOf(round, loop, { freshAccuracy, labels: await countLabels(client) }));
    const isLast = round >= life.rounds.length - 1;
    const said = round === life.rounds.length ? [] : statementsOn({ life, messages, answers, round }, random);
    await client.postAll(
      '/v1/feedback',
      outOfOrder(
        said.filter(({ comesFirst }) => comesFirst),
        random,
      ),
    );
    await client.postAll('/v1/predictions', posts);
    const open = [...late, ...said.filter(({ comesFirst }) => !comesFirst)];
    await client.postAll(
      '/v1/feedback',
      outOfOrder(
        open.filter(({ dueRound }) => isLast || dueRound <= round),
        random,
      ),
    );
    late = open.filter(({ dueRound }) => !isLast && dueRound > round);
  }
}

async function postSeeds({ seeds }: Life, client: FlywheelClient): Promise<void> {
  const predictions = seeds.map(({ id, text, occurredAt }) => ({
    id,
    model: { name: 'staff', version: 'none' },
    input: { text },
    output: { label: 'unknown' },
    occurredAt: timeOf(occurredAt),
  }));
  const feedback = seeds.map(({ id, label }) => ({
    predictionId: id,
    kind: 'correction',
    label,
    rater: { id: 'staff', role: 'annotator' },
  }));
  await client.postAll('/v1/predictions', predictions);
  await client.postAll('/v1/feedback', feedback);
}

/** Answers on the web come from the service, which captures them; those on phones are still to be posted. */
async function answerAll({ client, device }: Access, version: number, messages: readonly LabelledMessage[]) {
  const isOnPhone = ({ channel }: LabelledMessage) => channel === 'app';
  const onPhone = messages.filter(isOnPhone);
  const onWeb = messages.filter((message) => !isOnPhone(message));
  const byMessage = new Map<LabelledMessage, Answer>();
  const phoneAnswers = await device.answer(
    version,
    onPhone.map(({ text }) => text),
  );
  onPhone.forEach((message, i) =>
    byMessage.set(message, { label: phoneAnswers[i]!.label, about: { externalId: message.id } }),
  );
  const webAnswers = await ask(client, onWeb);
  onWeb.forEach((message, i) => byMessage.set(message, webAnswers[i]!));
  const posts = onPhone.map((message, i) => ({
    externalId: message.id,
    model: { name: 'phone', version: String(version) },
    input: { text: message.text },
    output: phoneAnswers[i]!,
    occurredAt: timeOf(message.occurredAt),
    attributes: { channel: message.channel },
  }));
  return { answers: messages.map((message) => byMessage.get(message)!), posts };
}

async function ask(client: FlywheelClient, messages: readonly LabelledMessage[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < messages.length; start += INPUTS_A_REQUEST) {
    const inputs = messages.slice(start, start + INPUTS_A_REQUEST).map(({ text }) => ({ text }));
    const { results } = await client.post<{ results: { predictionId: string; label: string }[] }>('/v1/predict', {
      inputs,
    });
    answers.push(...results.map(({ predictionId, label }) => ({ label, about: { predictionId } })));
  }
  return answers;
}

interface Answered {
  readonly life: Life;
  readonly messages: readonly LabelledMessage[];
  readonly answers: readonly Answer[];
  readonly round: number;
}

function statementsOn({ life, messages, answers, round }: Answered, random: SeededRandom): Late[] {
  return messages.flatMap((message, i) => {
    const { label, about } = answers[i]!;
    const said = life.speak(message, label, random);
    if (!said) return [];
    const feedback = {
      ...about,
      kind: said.kind,
      label: said.label,
      rater: { id: said.raterId, role: life.raterRole },
    };
    return [{ dueRound: round + said.roundsLate, comesFirst: said.comesFirst && 'externalId' in about, feedback }];
  });
}

function outOfOrder(items: readonly Late[], random: SeededRandom): object[] {
  const order = Int32Array.from(items, (_, i) => i);
  random.shuffle(order);
  return [...order].map((i) => items[i]!.feedback);
}

/** Waits until nothing trains and no trigger is about to fire; looks twice, as a run may be between two stages. */
async function quietLoop(client: FlywheelClient): Promise<Loop> {
  let wasQuiet = false;
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(150)) {
    const loop = await client.get<Loop>('/v1/loop');
    const isQuiet = isAtRest(loop);
    if (isQuiet && wasQuiet) return loop;
    wasQuiet = isQuiet;
    if (Date.now() > until) throw new Error(`The loop does not come to rest: ${JSON.stringify(loop.retrain)}`);
  }
}

function isAtRest({ retrain: { run, newLabels, needed }, stages }: Loop): boolean {
  const isJudging = stages.some(({ stage, waiting }) => JUDGING.includes(stage) && waiting > 0);
  return run === null && !isJudging && newLabels < needed;
}

const JUDGING: readonly string[] = ['train', 'evaluate', 'promote'];

async function countLabels(client: FlywheelClient): Promise<number> {
  return (await client.get<{ resolved: number }>('/v1/insights/balance')).resolved;
}

function turnOf(turn: number, loop: Loop, { freshAccuracy, labels }: { freshAccuracy: number; labels: number }): Turn {
  const [last] = loop.promotions;
  const champion = loop.champion?.version ?? null;
  const live = loop.promotions.find(({ version, promoted }) => promoted && version === champion);
  const { holdoutAccuracy, holdoutSamples, feedbackToLiveSeconds } = live ?? NOT_MEASURED;
  const decision = last ? `${last.promoted ? 'promoted' : 'refused'} ${last.version}: ${last.reason}` : 'none';
  return { turn, labels, champion, holdoutAccuracy, holdoutSamples, freshAccuracy, feedbackToLiveSeconds, decision };
}

const NOT_MEASURED = { holdoutAccuracy: null, holdoutSamples: null, feedbackToLiveSeconds: null };

const EPOCH = Date.UTC(2026, 0, 1);
const timeOf = (seconds: number): string => new Date(EPOCH + seconds * 1000).toISOString();
