import { readFileSync } from 'node:fs';

/** The compiled code beside this file; from TypeScript source (tests), the one that `npm run build` made. */
const compiled = (path: string): string => {
  const root = import.meta.url.endsWith('.ts') ? '../../../dist/' : '../../';
  return readFileSync(new URL(root + path, import.meta.url), 'utf8');
};

/** How a page opens the featuriser of a version. */
const OPEN = `
/**
 * @param folder where the model's files are: '/v1/models/12/'
 * @param options as for fetch: {headers: {authorization: 'Bearer ...'}}
 * @returns a function of texts: rows of the table and their weights, as many for each text
 */
export async function openFeaturiser(folder, options) {
  const read = async (name) => {
    const answer = await fetch(folder + name, options);
    if (!answer.ok) throw new Error(name + ': ' + answer.status);
    return answer;
  };
  const about = await (await read('featuriser.json')).json();
  if (about.version !== TEXT_FEATURES_VERSION) throw new Error('features of version ' + about.version);
  const body = await (await read('featuriser.bin')).arrayBuffer();
  const half = body.byteLength / 2;
  const featuriser = new TextFeaturiser({
    hashSeed: about.hashSeed,
    buckets: new Int32Array(body, 0, half / 4),
    idf: new Float32Array(body.slice(half)),
  });
  return (texts) => {
    const rows = texts.map((text) => featuriser.featurise(text));
    const width = Math.max(1, ...rows.map(({ ids }) => ids.length));
    const ids = new Int32Array(rows.length * width);
    const weights = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      ids.set(row.ids, i * width);
      weights.set(row.weights, i * width);
    });
    return { ids, weights, shape: [rows.length, width] };
  };
}
`;

/** How a page opens what a model of somebody else's reads of texts. */
const OPEN_INPUTS = `
/** @returns a function of texts: the numbers that the model reads, as many for each text */
export async function openFeaturiser() {
  return (texts) => {
    const values = new Float32Array(texts.length * TEXT_INPUTS);
    texts.forEach((text, i) => values.set(textInputs(text), i * TEXT_INPUTS));
    return { values, shape: [texts.length, TEXT_INPUTS] };
  };
}
`;

const OF_TEXTS = ['core/text-features.js', 'platform/model-runtime/text-featuriser.js'];

/**
 * `featuriser.js` of a text model: what turns texts into the model's two inputs, as one module without imports that a
 * page can load. It is the very code that the service runs, so both give the same answers.
 */
export const featuriserModule = (): Buffer => moduleOf(OF_TEXTS, OPEN);

/** The same beside a text model that another program made: it has one input. */
export const textInputsModule = (): Buffer =>
  moduleOf([...OF_TEXTS, 'platform/model-runtime/text-inputs.js'], OPEN_INPUTS);

const moduleOf = (paths: readonly string[], open: string): Buffer =>
  Buffer.from(
    [...paths.map(compiled), open]
      .join('\n')
      .replace(/^import .*$/gm, '')
      .replace(/^\/\/# sourceMappingURL=.*$/gm, ''),
  );
