import { parquetReadObjects } from 'hyparquet';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { exportSamples } from './sample-export.js';

const sample = (sampleId: string, input: Input, over: Partial<SnapshotSample> = {}): SnapshotSample => ({
  sampleId,
  label: 'a',
  split: 'train',
  groupHash: '',
  contentHash: '',
  revision: '1',
  input,
  ...over,
});
const samples = [
  sample('s1', { text: 'say "hi",\nplease' }, { label: 'x, y', occurredAt: '2026-01-02T03:04:05.678Z' }),
  sample('s2', { vector: [1, -2.5, 1e-9] }, { split: 'holdout' }),
  sample('s3', { image: { contentType: 'image/png', base64: 'AQID' } }),
];

describe('exportSamples', () => {
  it('is one JSON object a line', () => {
    const lines = exportSamples(samples, 'ndjson').toString('utf8').trim().split('\n');
    expect(JSON.parse(lines[1]!)).toEqual({ id: 's2', label: 'a', split: 'holdout', input: samples[1]!.input });
  });

  it('is CSV that a CSV reader reads', () => {
    const rows: unknown = parse(exportSamples(samples, 'csv'), { columns: true });
    expect(rows).toEqual([
      { id: 's1', label: 'x, y', split: 'train', occurred_at: '2026-01-02T03:04:05.678Z', input: 'say "hi",\nplease' },
      { id: 's2', label: 'a', split: 'holdout', occurred_at: '', input: '[1,-2.5,1e-9]' },
      { id: 's3', label: 'a', split: 'train', occurred_at: '', input: 'AQID' },
    ]);
  });

  it('is Parquet that a Parquet reader reads', async () => {
    const bytes = exportSamples(samples, 'parquet');
    const file = Uint8Array.from(bytes).buffer;
    const rows = await parquetReadObjects({ file, utf8: false });
    const nothing = {
      text: undefined,
      vector: undefined,
      image_type: undefined,
      image: undefined,
      occurred_at: undefined,
    };
    const plain = rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v ?? undefined])));
    expect(plain).toEqual([
      {
        ...nothing,
        ...{ id: 's1', label: 'x, y', split: 'train', text: 'say "hi",\nplease' },
        occurred_at: new Date('2026-01-02T03:04:05.678Z'),
      },
      { ...nothing, id: 's2', label: 'a', split: 'holdout', vector: [1, -2.5, 1e-9] },
      { ...nothing, id: 's3', label: 'a', split: 'train', image_type: 'image/png', image: Uint8Array.of(1, 2, 3) },
    ]);
  });

  it.each(['ndjson', 'csv', 'parquet'] as const)('is a file of %s without samples', (format) => {
    expect(() => exportSamples([], format)).not.toThrow();
  });
});
