/* Compiles the arithmetic of training (kernels/*.ts) to the WebAssembly that is committed. */
import { readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMITTED = 'src/platform/model-runtime';
const FLAGS = [
  '--optimizeLevel=3',
  '--shrinkLevel=0',
  '--converge',
  '--noAssert',
  '--runtime=stub',
  '--enable=simd',
  '--importMemory',
];

/** Names of the modules. */
export const KERNELS = readdirSync(`${root}kernels`)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));

/** The bytes of a module; throws with the compiler's own words when it does not compile. */
export async function compileKernel(name) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error, stderr } = await asc.main(
    [`kernels/${name}.ts`, '--outFile=module.wasm', '--baseDir', root, ...FLAGS],
    { writeFile: (file, contents) => void files.set(file, contents) },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return files.get('module.wasm');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of KERNELS) {
    const bytes = await compileKernel(name);
    writeFileSync(`${root}${COMMITTED}/${name}.wasm`, bytes);
    process.stdout.write(`${COMMITTED}/${name}.wasm: ${bytes.length} bytes\n`);
  }
}
