import { parquetWriteBuffer } from 'hyparquet-writer';
import type { SnapshotSample } from '../../core/manifest.js';

/* A snapshot's samples as other programs read them. Absent values are null, or empty in CSV. */

export const EXPORT_TYPES = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
} as const;

export type ExportFormat = keyof typeof EXPORT_TYPES;

/** The whole file. */
export function exportSamples(samples: readonly SnapshotSample[], format: ExportFormat): Buffer {
  if (format === 'parquet') return parquet(samples);
  return Buffer.from(format === 'csv' ? csv(samples) : ndjson(samples));
}

const ndjson = (samples: readonly SnapshotSample[]): string =>
  samples
    .map(({ sampleId, label, split, input }) => `${JSON.stringify({ id: sampleId, label, split, input })}\n`)
    .join('');

/** RFC 4180: lines end in CRLF; a field with a comma, a quote or a line break is quoted. */
function csv(samples: readonly SnapshotSample[]): string {
  const rows = samples.map((sample) => {
    const { text, vector, image } = partsOf(sample);
    const shown = text ?? (vector ? JSON.stringify(vector) : (image?.base64 ?? ''));
    return [sample.sampleId, sample.label, sample.split, sample.occurredAt ?? '', shown];
  });
  return [['id', 'label', 'split', 'occurred_at', 'input'], ...rows].map(csvLine).join('');
}

export const csvLine = (fields: readonly string[]): string => `${fields.map(quoted).join(',')}\r\n`;

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

function parquet(samples: readonly SnapshotSample[]): Buffer {
  const parts = samples.map(partsOf);
  const times = samples.map(({ occurredAt }) => (occurredAt === undefined ? null : new Date(occurredAt)));
  const columnData = [
    { name: 'id', data: samples.map(({ sampleId }) => sampleId) },
    { name: 'label', data: samples.map(({ label }) => label) },
    { name: 'split', data: samples.map(({ split }) => split) },
    { name: 'occurred_at', data: times },
    { name: 'text', data: parts.map(({ text }) => text ?? null) },
    { name: 'vector', data: parts.map(({ vector }) => vector ?? null) },
    { name: 'image_type', data: parts.map(({ image }) => image?.contentType ?? null) },
    { name: 'image', data: parts.map(({ image }) => (image ? Buffer.from(image.base64, 'base64') : null)) },
  ];
  return Buffer.from(parquetWriteBuffer({ columnData, schema: SCHEMA }));
}

const words = (name: string) =>
  ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const;

const SCHEMA: NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']> = [
  { name: 'sample', num_children: 8 },
  words('id'),
  words('label'),
  words('split'),
  { name: 'occurred_at', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' },
  words('text'),
  { name: 'vector', converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  words('image_type'),
  { name: 'image', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
];

interface Parts {
  readonly text?: string;
  readonly vector?: readonly number[];
  readonly image?: { readonly contentType: string; readonly base64: string };
}

/** The member that an input has, whichever it is. */
const partsOf = ({ input }: SnapshotSample): Parts => input as Parts;
