import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, aPrediction } from '../support/builders.js';
import { ADMIN_KEY, API_KEY, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const run = promisify(execFile);
const LABELS = ['a/b', '..', 'plain'];

describe('flywheel export', () => {
  let flywheel: TestFlywheel;
  let out: string;

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'flywheel-export-'));
    flywheel = await startTestFlywheel();
    const client = flywheel.as(API_KEY);
    const items = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const background = { r: 20 * i, g: 0, b: 0 };
        const png = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
          .png()
          .toBuffer();
        const image = { contentType: 'image/png', base64: png.toString('base64') };
        return aPrediction({ id: `i${i}`, input: { image } });
      }),
    );
    await client.post('/v1/predictions', { items: [...items, aPrediction({ id: 'text' })] }).expect(202);
    const said = items.map(({ id }, i) => aCorrection({ predictionId: id, label: LABELS[i % 3] }));
    await client.post('/v1/feedback', { items: [...said, aCorrection({ predictionId: 'text' })] }).expect(202);
    await client.post('/v1/snapshots').expect(201);
  });
  afterAll(async () => {
    await flywheel.close();
    await rm(out, { recursive: true, force: true });
  });

  const command = (...args: string[]) =>
    run(process.execPath, ['dist/main.js', 'export', ...args], {
      env: {
        PATH: process.env.PATH,
        FLYWHEEL_DATA_DIR: flywheel.folder,
        FLYWHEEL_API_KEY: API_KEY,
        FLYWHEEL_ADMIN_KEY: ADMIN_KEY,
      },
    });

  it('writes pictures in folders of their labels, whatever these are called, with metadata', async () => {
    const folder = join(out, 'pictures');
    const { stdout } = await command('--project', 'default', '--format', 'imagefolder', '--out', folder);
    expect(JSON.parse(stdout)).toMatchObject({ samples: 12 });
    const parts = await readdir(folder);
    expect(parts.every((part) => ['train', 'holdout'].includes(part))).toBe(true);
    const labels = new Set((await Promise.all(parts.map((part) => readdir(join(folder, part))))).flat());
    expect([...labels].sort()).toEqual(['%2E%2E', 'a%2Fb', 'metadata.csv', 'plain']);
    const rows = (await Promise.all(parts.map((part) => readFile(join(folder, part, 'metadata.csv'), 'utf8')))).join(
      '',
    );
    expect(rows).toContain('a%2Fb/i0.png,a/b,i0\r\n');
  });

  it('writes one file in the other formats, and says what is missing', async () => {
    const file = join(out, 'samples.ndjson');
    const { stdout } = await command('--project', 'default', '--out', file);
    expect(JSON.parse(stdout)).toMatchObject({ samples: 13 });
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toContain('text');
    await expect(command('--project', 'default')).rejects.toMatchObject({ code: 1 });
    await expect(command('--project', 'nobody', '--out', file)).rejects.toMatchObject({
      code: 1,
      stderr: 'There is no snapshot in nobody.\n',
    });
  });
});
