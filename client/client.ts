/*
 * Posts what a model said and what people corrected, and loses none of it: it waits where a page's reload does not reach
 * it, is sent in batches, and again until it is taken. A module without imports, for browsers and Node; the service
 * hands it out as /client.js, with its types as /client.d.ts.
 */

/** Exactly one of the kinds. A blob is the key of an upload. */
export type Input =
  | { readonly text: string }
  | { readonly vector: readonly number[] }
  | { readonly image: { readonly contentType: 'image/png' | 'image/jpeg' | 'image/webp'; readonly base64: string } }
  | { readonly blob: string };

interface Said {
  /** Made where none is given, so that sending twice does no harm. */
  readonly id?: string;
  readonly externalId?: string;
  /** ISO 8601; the moment in which it is handed over where none is given. */
  readonly occurredAt?: string;
}

/** What a model said. `output` is null where nothing has answered yet. */
export interface Prediction extends Said {
  readonly model: { readonly name?: string; readonly version: string };
  readonly input: Input;
  readonly output:
    | ({ readonly confidence?: number; readonly scores?: Readonly<Record<string, number>> } & (
        { readonly label: string } | { readonly value: number }
      ))
    | null;
  readonly group?: string;
  readonly subject?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>>;
}

/** What it should have said, of a prediction by its id or by your externalId. */
export interface Feedback extends Said {
  readonly predictionId?: string;
  readonly kind: 'correction' | 'accept' | 'reject' | 'partial' | 'skip' | 'rating' | 'comment';
  readonly label?: string;
  readonly value?: number;
  readonly notLabel?: string;
  readonly rating?: number;
  readonly comment?: string;
  readonly rater: { readonly id: string; readonly role: 'user' | 'annotator' | 'system' };
}

/** What the champion answers, or, before there is one, a person. */
export interface Answer {
  readonly predictionId: string;
  readonly label?: string;
  readonly value?: number;
  readonly confidence: number | null;
  readonly scores: Readonly<Record<string, number>>;
  readonly modelVersion: number | null;
  readonly answeredBy?: 'person';
}

/** A model that a page answers with by itself. All of it is of one version. */
export interface Model {
  readonly version: number;
  /** For `tf.loadLayersModel(url, { requestInit })`. */
  readonly url: string;
  readonly requestInit: { readonly headers: Readonly<Record<string, string>> };
  /** In the order of the model's probabilities; none where it answers with a number. */
  readonly labels: readonly string[];
  /** What a model of texts reads of them; undefined where it reads vectors or images. */
  readonly featurise?: (texts: readonly string[]) => Features;
}

/** A row of each text: `ids` and `weights` for a model that was trained here, `values` for one of another trainer. */
export interface Features {
  readonly ids?: Int32Array;
  readonly weights?: Float32Array;
  readonly values?: Float32Array;
  readonly shape: [rows: number, width: number];
}

/** A problem document of the service (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** An item that will not be sent again: refused as it is, contradicting what was said under its id before, or one too many. */
export interface Loss {
  readonly item: Prediction | Feedback;
  readonly reason: 'rejected' | 'conflict' | 'full';
  readonly problem?: Problem;
}

/** What is kept where a reload does not reach it: localStorage, or anything like it. */
export interface Keeper {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Options {
  /** Of the service, as `https://flywheel.example.com`. */
  readonly url: string;
  /** A key of the project. In a page everybody can read it: give it the scope `ingest`, and `model` where it loads models. */
  readonly key: string;
  /** What waits is kept under it, for whoever opens it next; without one, for this key of this service alone. */
  readonly name?: string;
  /** A page's localStorage when not given; null for none. */
  readonly storage?: Keeper | null;
  /** Items that may wait; beyond, new ones are lost. */
  readonly mostWaiting?: number;
  readonly onLoss?: (loss: Loss) => void;
}

export interface State {
  readonly waiting: number;
  readonly taken: number;
  readonly lost: number;
  /** Why the last attempt failed; null where it did not. */
  readonly trouble: string | null;
}

/** The service refused a request. */
export class FlywheelError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code ?? ''}: ${problem.detail ?? 'no detail'}`);
    this.name = 'FlywheelError';
  }
}

type Path = '/v1/predictions' | '/v1/feedback';
/** An item as JSON: as it was when it was said, whatever becomes of the object. */
interface Entry {
  readonly path: Path;
  readonly json: string;
}
type Batch = readonly (readonly [key: string, entry: Entry])[];

const BATCH = { items: 100, characters: 500_000 };
/** What browsers let a page send after it is gone: 64 KiB, of bytes. */
const LAST_BATCH = { items: 100, characters: 20_000 };
/** New items wait for others so long. */
const GATHERING_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** People may stand in for a model for 50 seconds. */
const PATIENCE_MS = 60_000;
/** What these answers refuse is wrong in itself; after any other the same may be taken later. */
const REFUSED_AS_IT_IS = [400, 413, 422];

/** What waits to be sent. */
class Outbox {
  readonly #entries = new Map<string, Entry>();
  readonly #prefix: string;

  constructor(
    name: string,
    readonly keeper: Keeper | null,
  ) {
    this.#prefix = `flywheel ${name} `;
    const keys = Array.from({ length: keeper?.length ?? 0 }, (_, n) => keeper!.key(n)!);
    for (const key of keys.filter((found) => found.startsWith(this.#prefix))) {
      try {
        this.#entries.set(key, JSON.parse(keeper!.getItem(key)!) as Entry);
      } catch {
        keeper!.removeItem(key);
      }
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Under a key of its own, so that two tabs do not write over each other's: what both send is taken once. */
  add(entry: Entry): void {
    const key = this.#prefix + newId();
    this.#entries.set(key, entry);
    try {
      this.keeper?.setItem(key, JSON.stringify(entry));
    } catch {
      // No room there: it waits in memory alone.
    }
  }

  /** False where it was not there any more. */
  remove(key: string): boolean {
    this.keeper?.removeItem(key);
    return this.#entries.delete(key);
  }

  /** The oldest that go to one path, at least one. */
  next(most: { readonly items: number; readonly characters: number }): Batch {
    const batch: (readonly [string, Entry])[] = [];
    let characters = 0;
    for (const [key, entry] of this.#entries) {
      if (batch[0] && entry.path !== batch[0][1].path) continue;
      characters += entry.json.length;
      if (batch.length === most.items || (batch[0] && characters > most.characters)) break;
      batch.push([key, entry]);
    }
    return batch;
  }
}

/** One project of one service. */
export class Flywheel {
  readonly #options: Options;
  readonly #outbox: Outbox;
  readonly #authorization: { readonly authorization: string };
  readonly #state = { taken: 0, lost: 0, trouble: null as string | null };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#authorization = { authorization: `Bearer ${options.key}` };
    const storage = options.storage === undefined ? pageStorage() : options.storage;
    this.#outbox = new Outbox(options.name ?? `${options.url} ${options.key.slice(-6)}`, storage);
    if (typeof document !== 'undefined') {
      document.addEventListener('visibilitychange', () => this.#leave());
      addEventListener('online', () => this.#sendIn(0));
    }
    if (this.#outbox.size > 0) this.#sendIn(0);
  }

  /** Keeps what the model said until it is taken. Returns its id, for the feedback about it. */
  capture(prediction: Prediction): string {
    return this.#keep('/v1/predictions', prediction);
  }

  /** Keeps what somebody said about a prediction until it is taken. Returns its id. */
  feedback(feedback: Feedback): string {
    return this.#keep('/v1/feedback', feedback);
  }

  /**
   * Asks the champion, once. Each answer is captured by the service.
   * @throws FlywheelError with the code `no-model` while there is none, and of any other refusal
   */
  async predict(inputs: readonly Exclude<Input, { blob: string }>[]): Promise<Answer[]> {
    const answer = await fitting(this.#post('/v1/predict', JSON.stringify({ inputs })));
    return ((await answer.json()) as { results: Answer[] }).results;
  }

  /**
   * The champion, or a version, to answer with in the page itself: `flywheel.capture` tells what it said.
   * @throws FlywheelError with the code `no-model` while there is no champion, and of any other refusal
   */
  async model(version: number | 'champion' = 'champion'): Promise<Model> {
    const manifest = await this.#file(version, 'manifest.json');
    const { labels, files } = (await manifest.json()) as { labels: string[]; files: object };
    const found = Number(manifest.headers.get('model-version'));
    const folder = `${this.#options.url}/v1/models/${found}/`;
    const about = { version: found, url: `${folder}model.json`, requestInit: { headers: this.#authorization }, labels };
    if (!('featuriser.js' in files)) return about;
    const code = await (await this.#file(found, 'featuriser.js')).text();
    // It needs the key: the engine would ask for a module without it.
    const featuriser = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Featuriser;
    return { ...about, featurise: await featuriser.openFeaturiser(folder, about.requestInit) };
  }

  /** Sends what waits, now and once. True when all of it was taken or refused; else it goes on by itself, later. */
  flush(): Promise<boolean> {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  get state(): State {
    return { ...this.#state, waiting: this.#outbox.size };
  }

  #keep(path: Path, given: Prediction | Feedback): string {
    // Its id makes sending it twice harmless; its time is that of now, whenever it is sent.
    const { id = newId(), occurredAt = new Date().toISOString() } = given;
    const item = { ...given, id, occurredAt };
    if (this.#outbox.size >= (this.#options.mostWaiting ?? 1_000)) this.#lose({ item, reason: 'full' });
    else this.#outbox.add({ path, json: JSON.stringify(item) });
    if (this.#outbox.size >= BATCH.items && this.#failures === 0) void this.flush();
    else if (this.#timer === undefined) this.#sendIn(GATHERING_MS);
    return id;
  }

  #sendIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, ms);
    // A program in Node may end: it calls flush before.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #sendAll(): Promise<boolean> {
    while (this.#outbox.size > 0) {
      const retryAfterMs = await this.#send(this.#outbox.next(BATCH));
      if (retryAfterMs !== undefined) {
        this.#sendIn(Math.max(retryAfterMs, pauseMs(this.#failures)));
        this.#failures += 1;
        return false;
      }
      this.#failures = 0;
    }
    return true;
  }

  /** Returns how long the service wants to be left alone where it did not take the batch; undefined where it did. */
  async #send(batch: Batch, keepalive = false): Promise<number | undefined> {
    try {
      const body = `{"items":[${batch.map(([, { json }]) => json).join()}]}`;
      const answer = await this.#post(batch[0]![1].path, body, keepalive);
      const { results, ...said } = await bodyOf(answer);
      const problem = { ...said, status: answer.status };
      if (results === undefined && !REFUSED_AS_IT_IS.includes(answer.status)) {
        this.#state.trouble = new FlywheelError(problem).message;
        return Math.min(LONGEST_PAUSE_MS, 1_000 * (Number(answer.headers.get('retry-after')) || 0));
      }
      if (results === undefined && batch.length > 1) return await this.#sendEach(batch);
      const outcomes = results ?? [{ status: 'rejected', problem } as const];
      batch.forEach(([key, { json }], n) => this.#settle(key, json, outcomes[n]!));
      this.#state.trouble = null;
    } catch (error) {
      this.#state.trouble = String(error);
      return 0;
    }
  }

  /** One of them made the service refuse all: each is sent alone, so that the others are not lost with it. */
  async #sendEach(batch: Batch): Promise<number | undefined> {
    for (const entry of batch) {
      const retryAfterMs = await this.#send([entry]);
      if (retryAfterMs !== undefined) return retryAfterMs;
    }
  }

  #settle(key: string, json: string, { status, problem }: Result): void {
    // A page that left and came back has sent it twice.
    if (!this.#outbox.remove(key)) return;
    if (status === 'accepted' || status === 'duplicate') this.#state.taken += 1;
    else this.#lose({ item: JSON.parse(json) as Prediction | Feedback, reason: status, ...(problem && { problem }) });
  }

  #lose(loss: Loss): void {
    this.#state.lost += 1;
    // By itself: what goes wrong in there is not ours.
    queueMicrotask(() => this.#options.onLoss?.(loss));
  }

  /** A hidden page may be gone in a moment: the oldest are sent so that it need not wait, the others when it is back. */
  #leave(): void {
    const batch = this.#outbox.next(LAST_BATCH);
    if (document.visibilityState === 'hidden' && batch.length > 0) void this.#send(batch, true);
  }

  #file(version: number | 'champion', name: string): Promise<Response> {
    const address = `${this.#options.url}/v1/models/${version}/${name}`;
    return fitting(fetch(address, { headers: this.#authorization, signal: AbortSignal.timeout(PATIENCE_MS) }));
  }

  #post(path: string, body: string, keepalive = false): Promise<Response> {
    return fetch(this.#options.url + path, {
      method: 'POST',
      headers: { ...this.#authorization, 'content-type': 'application/json' },
      body,
      keepalive,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }
}

interface Featuriser {
  openFeaturiser(folder: string, options: object): Promise<(texts: readonly string[]) => Features>;
}

interface Result {
  readonly status: 'accepted' | 'duplicate' | 'conflict' | 'rejected';
  readonly problem?: Problem;
}

/** @throws FlywheelError where it is a refusal */
async function fitting(answering: Promise<Response>): Promise<Response> {
  const answer = await answering;
  if (answer.ok) return answer;
  throw new FlywheelError({ ...(await bodyOf(answer)), status: answer.status });
}

/** Something in between may answer in its own words. */
const bodyOf = async (answer: Response): Promise<Problem & { readonly results?: readonly Result[] }> =>
  (await answer.json().catch(() => ({}))) as Problem;

/** Longer after each failure and never the same for two clients (full jitter), so that they do not come back together. */
const pauseMs = (failures: number): number => Math.random() * Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (failures + 1));

/** 128 random bits. (randomUUID is not there in a page without TLS.) */
const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A page may be denied its storage, which says so by throwing; other programs have none. */
function pageStorage(): Keeper | null {
  try {
    return typeof document === 'undefined' ? null : localStorage;
  } catch {
    return null;
  }
}
