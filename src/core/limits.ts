/** Every limit of a request, in one place. The README and the OpenAPI document show this table; a test compares them. */
export const LIMITS = {
  bodyBytes: 8 * 1024 * 1024,
  items: 1_000,
  depth: 32,
  textCharacters: 20_000,
  vectorNumbers: 10_000,
  imageCharacters: 4_000_000,
  imagePixels: 16_000_000,
  uploadBytes: 64 * 1024 * 1024,
  uploadMinutes: 15,
  /** An upload that no prediction names is dropped after so long. */
  unusedUploadHours: 24,
  nameCharacters: 200,
  /** Of a value, either way: models compute in single precision, which ends at 3e38. */
  largestValue: 1e30,
  /** Items of a project that may wait for their commit in one process. */
  waitingItems: 20_000,
  /** Of all projects together; beyond, those wait that have more than an equal share. */
  waitingItemsOfAll: 100_000,
  /** Inputs of a project that may wait in one process for people to answer. */
  waitingInputs: 1_000,
  /** Bodies of requests under way in one process. */
  bodyBytesOfAll: 256 * 1024 * 1024,
  idempotencyHours: 24,
} as const;

const count = (n: number): string => n.toLocaleString('en');

/** The table as people read it. */
export const LIMIT_TABLE: readonly (readonly [what: string, limit: string])[] = [
  ['body', `${LIMITS.bodyBytes / 1024 / 1024} MiB`],
  ['items of a batch', count(LIMITS.items)],
  ['nesting', count(LIMITS.depth)],
  ['text', `${count(LIMITS.textCharacters)} characters`],
  ['vector', `${count(LIMITS.vectorNumbers)} numbers`],
  [
    'image',
    `PNG, JPEG or WebP, ${count(LIMITS.imageCharacters)} base64 characters, ${count(LIMITS.imagePixels)} pixels`,
  ],
  [
    'upload',
    `${LIMITS.uploadBytes / 1024 / 1024} MiB, its address valid for ${LIMITS.uploadMinutes} minutes, dropped when no prediction names it in ${LIMITS.unusedUploadHours} hours`,
  ],
  ['label, id', `${count(LIMITS.nameCharacters)} characters`],
  ['value', 'a number between -1e30 and 1e30'],
  ['items that wait for their commit, a project', `${count(LIMITS.waitingItems)}, then 503 with Retry-After`],
  [
    'items that wait for their commit, all projects of a process',
    `${count(LIMITS.waitingItemsOfAll)}, then 503 for those with more than an equal share`,
  ],
  [
    'inputs of a project that wait in a process for people to answer',
    `${count(LIMITS.waitingInputs)}, then 503 with Retry-After`,
  ],
  ['bodies under way in a process', `${LIMITS.bodyBytesOfAll / 1024 / 1024} MiB, then 503 with Retry-After`],
  ['requests of a key', 'its own `requestsAMinute`, else RATE_LIMIT a minute, then 429 with Retry-After'],
  ['Idempotency-Key', `remembered for ${LIMITS.idempotencyHours} hours`],
];

export const LIMIT_LINES: string = LIMIT_TABLE.map(([what, limit]) => `| ${what} | ${limit} |`).join('\n');
