/* Compiles the training arithmetic (kernels/heads.ts) to WebAssembly. With `--out FILE` elsewhere than where it is committed. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMITTED = 'src/platform/model-runtime/heads.wasm';
const FLAGS = [
  '--optimizeLevel=3',
  '--shrinkLevel=0',
  '--converge',
  '--noAssert',
  '--runtime=stub',
  '--enable=simd',
  '--importMemory',
];

/** The bytes of the module; throws with the compiler's own words when it does not compile. */
export async function compileKernels() {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error, stderr } = await asc.main(['kernels/heads.ts', '--outFile=heads.wasm', '--baseDir', root, ...FLAGS], {
    writeFile: (name, contents) => void files.set(name, contents),
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return files.get('heads.wasm');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: `${root}${COMMITTED}` } } });
  const bytes = await compileKernels();
  writeFileSync(values.out, bytes);
  process.stdout.write(`${values.out}: ${bytes.length} bytes\n`);
}
