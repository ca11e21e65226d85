import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { banking77, shuffled } from './data.js';
import { accuracy, learn } from './models.js';
const data = process.argv[2]!;
for (const seed of [1, 2, 3]) {
  const random = seededRandom(seed);
  const all = shuffled(banking77(data), random);
  const names = shuffled([...new Set(all.map(({ label }) => label))], random);
  const strange = names.slice(0, 3);
  const others = all.filter(({ label }) => !strange.includes(label));
  const FIRST = 7_500;
  const test = [...others.slice(8_000), ...all.filter(({ label }) => strange.includes(label)).filter((_, i) => i % 2 === 0)];
  const pool = all.filter(({ label }) => strange.includes(label)).filter((_, i) => i % 2 === 1);
  const first = await learn(others.slice(0, FIRST), seed);
  for (const n of [5, 30]) for (const isAnew of [true, false]) {
    let model = first;
    let known = others.slice(0, FIRST);
    let s = 0;
    const own: string[] = [];
    for (const [k, label] of strange.entries()) {
      known = [...known, ...others.slice(FIRST + k * 80, FIRST + k * 80 + 100 - n), ...pool.filter((x) => x.label === label).slice(0, n)];
      model = await learn(known, seed + k, { parent: model.files, kept: isAnew ? null : model.kept });
      s += model.metrics.seconds as number;
      own.push((await accuracy(model.files, test.filter((x) => x.label === label))).toFixed(3));
    }
    const oof = model.metrics.outOfFold as any;
    console.log(seed, n, isAnew ? 'anew' : 'kept', 'all', (await accuracy(model.files, test)).toFixed(4), 'new labels at once', own.join(' '), 'at the end', (await accuracy(model.files, test.filter((x) => strange.includes(x.label)))).toFixed(3), 's', (s / 3).toFixed(1), 'T', oof.temperature.toFixed(3), 'acc', oof.accuracy.toFixed(4), 'flagged', oof.flagged, 'pruned', oof.pruned);
  }
}
