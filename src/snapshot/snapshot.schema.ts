import { z } from 'zod';

export const SnapshotOrder = z.strictObject({ reason: z.string().min(1).max(500).optional() }).nullish();

export const ExportQuery = z.strictObject({ format: z.enum(['ndjson', 'csv', 'parquet']).default('ndjson') });
