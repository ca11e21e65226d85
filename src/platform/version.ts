import { readFileSync } from 'node:fs';

/** Version of this program, which a model version names as what made it. */
export const CODE_VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
