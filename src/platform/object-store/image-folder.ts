import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotSample } from '../../core/manifest.js';
import { csvLine } from './sample-export.js';

const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' };

/**
 * Pictures as `OUT/train/LABEL/ID.png` and `OUT/holdout/...`, with a `metadata.csv` beside each part: what `imagefolder`
 * loaders read. Names are percent-encoded, so that no label or id can lead out of the folder. Samples without a
 * picture are left out.
 *
 * @param tell hears how many are written so far
 * @returns how many pictures were written
 */
export async function writeImageFolder(
  samples: readonly SnapshotSample[],
  out: string,
  tell: (written: number) => void,
): Promise<number> {
  let written = 0;
  for (const split of ['train', 'holdout'] as const) {
    const rows: string[] = [csvLine(['file_name', 'label', 'id'])];
    for (const sample of samples) {
      if (sample.split !== split || !('image' in sample.input)) continue;
      const { base64, contentType } = sample.input.image;
      const [label, id] = [safe(sample.label), safe(sample.sampleId)];
      const name = `${label}/${id}.${ENDINGS[contentType] ?? 'img'}`;
      await mkdir(join(out, split, label), { recursive: true });
      await writeFile(join(out, split, name), Buffer.from(base64, 'base64'));
      rows.push(csvLine([name, sample.label, sample.sampleId]));
      tell((written += 1));
    }
    if (rows.length > 1) await writeFile(join(out, split, 'metadata.csv'), rows.join(''));
  }
  return written;
}

/** No slash, and neither "." nor "..". */
const safe = (name: string): string => encodeURIComponent(name).replaceAll('.', '%2E');
