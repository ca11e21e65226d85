import { z } from 'zod';
import { faultOfChanges, NO_CHANGES } from '../core/label-changes.js';
import { LIMITS } from '../core/limits.js';
import { SCOPES } from '../platform/http/auth.js';

const seconds = z
  .number()
  .min(0)
  .max(7 * 24 * 3600);
const label = z.string().min(1).max(LIMITS.nameCharacters);
const share = z.number().min(0).max(1);

/** Every setting of a project; those not given keep their value. */
export const SettingsPatchSchema = z.strictObject({
  holdoutPercent: z.number().int().min(1).max(90).optional(),
  retrain: z
    .strictObject({
      minNewLabels: z.number().int().min(1).max(1_000_000).optional(),
      debounceSeconds: seconds.optional(),
      maxWaitSeconds: seconds.optional(),
      nightlyHour: z.number().int().min(0).max(23).nullable().optional(),
    })
    .optional(),
  labels: z
    .strictObject({
      renamed: z.record(label, label).optional(),
      retired: z.array(label).max(1_000).optional(),
      outOfScope: label.nullable().optional(),
    })
    .refine(
      (changes) => faultOfChanges({ ...NO_CHANGES, ...changes }) === undefined,
      'renames a name that is itself renamed',
    )
    .optional(),
  training: z
    .strictObject({
      maxSamples: z.number().int().min(100).max(1_000_000).optional(),
      runner: z.enum(['built-in', 'command', 'kubernetes']).optional(),
      halfLifeDays: z.number().min(0.01).max(36_500).nullable().optional(),
    })
    .optional(),
  promotion: z
    .strictObject({
      minHoldout: z.number().int().min(1).max(1_000_000).optional(),
      maxNegativeFlipRate: share.optional(),
      alpha: share.optional(),
      minGolden: z.number().int().min(20).max(1_000_000).optional(),
      goldenDays: z.number().min(1).max(3_650).optional(),
      withoutGolden: z.enum(['holdout', 'person']).optional(),
      maxOlderDrop: share.optional(),
      maxCalibrationGrowth: share.optional(),
      maxMegabytes: z.number().min(0.1).max(10_000).optional(),
      maxMillisecondsAnAnswer: z.number().min(0.1).max(60_000).optional(),
    })
    .optional(),
  auditShare: share.optional(),
});

const name = z.string().min(1).max(200);

export const NewProject = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and -'),
  name: name.optional(),
  settings: SettingsPatchSchema.optional(),
});

export const ProjectPatch = z.strictObject({ name: name.optional(), settings: SettingsPatchSchema.optional() });

export const NewKeyOrder = z.strictObject({
  name,
  scopes: z.array(z.enum(SCOPES)).min(1).default(['ingest']),
  /** A limit of its own, such as for a key that is in a browser. */
  requestsAMinute: z.number().int().min(1).max(1_000_000).optional(),
});
