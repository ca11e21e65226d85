import { fileURLToPath } from 'node:url';

/**
 * The compiled file of that name beside this one, for what runs in a process or a thread of its own. When this file is
 * TypeScript source (tests), it is the one that `npm run build` made.
 */
export function compiled(name: string): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(
    new URL(fromSource ? `../../../dist/platform/model-runtime/${name}` : `./${name}`, import.meta.url),
  );
}
