import { setTimeout as sleep } from 'node:timers/promises';

/** What an application needs of Flywheel's REST API. No SDK: fetch and a key. */
export interface FlywheelClient {
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
  /** Posts items in batches; throws unless every one was accepted. */
  postAll(path: string, items: readonly object[]): Promise<void>;
}

const BATCH = 500;
const MOST_TRIES = 8;

/** A refusal, with the problem document that says what is wrong. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: { readonly code?: string; readonly detail?: string },
  ) {
    super(`${status} ${problem.code ?? ''}: ${problem.detail ?? ''}`);
  }
}

export function flywheelClient(url: string, key: string): FlywheelClient {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    for (let tries = 1; ; tries += 1) {
      const answer = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      if (answer.ok) return (await answer.json()) as Answer;
      const isBusy = answer.status === 429 || answer.status === 503;
      if (!isBusy || tries === MOST_TRIES) throw new ApiError(answer.status, (await answer.json()) as object);
      await sleep(1_000 * Number(answer.headers.get('retry-after') ?? 1));
    }
  };
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    async postAll(path, items) {
      for (let start = 0; start < items.length; start += BATCH) {
        const batch = items.slice(start, start + BATCH);
        const { results } = await call<{ results: { status: string }[] }>('POST', path, { items: batch });
        const refused = results.find(({ status }) => status !== 'accepted' && status !== 'duplicate');
        if (refused) throw new Error(`${path} did not accept an item: ${JSON.stringify(refused)}`);
      }
    },
  };
}
