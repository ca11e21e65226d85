import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../src/core/errors.js';
import { LIMIT_LINES } from '../../src/core/limits.js';
import { JOBS } from '../../src/jobs.js';
import { envExample } from '../../src/platform/config.js';

const STAGES = ['capture', 'feedback', 'curate', 'snapshot', 'train', 'evaluate', 'promote', 'serve', 'ops'];
const KINDS = ['controller', 'schema', 'service', 'store', 'processor', 'module'];
const read = (path: string) => readFileSync(path, 'utf8');
const filesOf = (stage: string) => readdirSync(join('src', stage)).map((name) => join('src', stage, name));

/** Owner of each table, by the word above its model; tables by their name in SQL and by that of their Prisma model. */
const owners = new Map(
  [...read('prisma/schema.prisma').matchAll(/\/\/\/ owner: (\w+)\nmodel (\w+) \{[^}]*@@map\("(\w+)"\)/g)].flatMap(
    ([, stage, model, table]) => [
      [table!, stage!],
      [model![0]!.toLowerCase() + model!.slice(1), stage!],
    ],
  ),
);

describe('the shape of the code', () => {
  it.each(STAGES)('stage %s has files of the six kinds only', (stage) => {
    const kinds = filesOf(stage).map((path) => basename(path).split('.').at(-2));
    expect(kinds.filter((kind) => !KINDS.includes(kind!))).toEqual([]);
  });

  it.each(STAGES.flatMap(filesOf).filter((path) => path.endsWith('.store.ts')))(
    '%s writes only tables its stage owns',
    (path) => {
      const stage = path.split('/')[1];
      const text = read(path);
      const byPrisma = text.matchAll(
        /prisma\.(\w+)\.(?:create|createMany|update|updateMany|upsert|delete|deleteMany)\(/g,
      );
      const bySql = text.matchAll(/(?:insert into|update(?! set)|delete from)\s+(\w+)/g);
      for (const [, table] of [...byPrisma, ...bySql]) {
        if (!owners.has(table!)) continue;
        expect(`${table} is written by ${stage}`).toBe(`${table} is written by ${owners.get(table!)}`);
      }
    },
  );

  it('every table has an owner', () => {
    const schema = read('prisma/schema.prisma');
    expect([...schema.matchAll(/^model /gm)]).toHaveLength([...schema.matchAll(/^\/\/\/ owner: \w+\nmodel /gm)].length);
    expect(new Set(owners.values())).toEqual(new Set(STAGES));
  });

  it('each job has one processor', () => {
    const processors = STAGES.flatMap(filesOf)
      .filter((path) => path.endsWith('.processor.ts'))
      .map(read);
    expect(processors).toHaveLength(JOBS.length);
    expect(new Set(JOBS.map(({ name }) => name)).size).toBe(JOBS.length);
  });

  it('.env.example is what the configuration says', () => expect(read('.env.example')).toBe(envExample()));

  it('the README has the table of limits', () => expect(read('README.md')).toContain(LIMIT_LINES));

  it('process.env is read in main.ts only', () => {
    const readers = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('generated') && name !== 'main.ts')
      .filter((name) => read(join('src', name)).includes('process.env'));
    expect(readers).toEqual([]);
  });

  it.each(Object.entries(FAILURES))('failure %s is explained in docs/problems.md', (code, { title }) => {
    expect(read('docs/problems.md')).toContain(`## ${code}`);
    expect(title).not.toBe('');
  });
});
