import { z } from 'zod';
import { faultOfChanges, NO_CHANGES } from '../core/label-changes.js';
import { LIMITS } from '../core/limits.js';
import { TASKS } from '../core/task.js';
import { SCOPES } from '../platform/http/auth.js';

const seconds = z
  .number()
  .min(0)
  .max(7 * 24 * 3600);
const label = z.string().min(1).max(LIMITS.nameCharacters);
const share = z.number().min(0).max(1);

/** Every setting of a project; those not given keep their value. */
export const SettingsPatchSchema = z.strictObject({
  task: z
    .enum(TASKS)
    .optional()
    .describe(
      'Whether models answer with labels or with values. The first data tells when it is not set, and fixes it.',
    ),
  holdoutPercent: z
    .number()
    .int()
    .min(1)
    .max(90)
    .optional()
    .describe('Share of groups that are never trained on, in percent. It can only be raised.'),
  retrain: z
    .strictObject({
      minNewLabels: z.number().int().min(1).max(1_000_000).optional().describe('So many new labels start a run.'),
      debounceSeconds: seconds
        .optional()
        .describe('Quiet time after the last new label, so that a burst makes one run.'),
      maxWaitSeconds: seconds.optional().describe('A burst that never ends cannot put a run off for longer.'),
      nightlyHour: z
        .number()
        .int()
        .min(0)
        .max(23)
        .nullable()
        .optional()
        .describe('Hour of the nightly run (UTC); null for none.'),
      driftLabels: z
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .nullable()
        .optional()
        .describe('With so many new labels a change of the traffic starts a run; null for never.'),
      refitAfterModels: z
        .number()
        .int()
        .min(1)
        .max(1_000)
        .nullable()
        .optional()
        .describe('After so many models one learns from nothing and all history, in a quiet hour; null for never.'),
    })
    .optional(),
  labels: z
    .strictObject({
      renamed: z
        .record(label, label)
        .optional()
        .describe('Old label to new one; two old ones with the same new one are merged.'),
      retired: z.array(label).max(1_000).optional().describe('Labels that mean nothing any more.'),
      outOfScope: label
        .nullable()
        .optional()
        .describe('The label for none of the others; answered also where a model is unsure.'),
    })
    .refine(
      (changes) => faultOfChanges({ ...NO_CHANGES, ...changes }) === undefined,
      'renames a name that is itself renamed',
    )
    .optional(),
  training: z
    .strictObject({
      maxSamples: z
        .number()
        .int()
        .min(100)
        .max(1_000_000)
        .optional()
        .describe('A run learns from at most so many samples.'),
      maxRefitSamples: z
        .number()
        .int()
        .min(100)
        .max(1_000_000)
        .optional()
        .describe('The same for a run that learns from nothing and all history.'),
      runner: z
        .enum(['built-in', 'command', 'kubernetes'])
        .optional()
        .describe('Who trains: built-in, command or kubernetes.'),
      halfLifeDays: z
        .number()
        .min(0.01)
        .max(36_500)
        .nullable()
        .optional()
        .describe('After so many days a sample counts half; null for never.'),
    })
    .optional(),
  promotion: z
    .strictObject({
      minHoldout: z
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('Fewer held-out samples cannot carry a decision.'),
      maxNegativeFlipRate: share.optional().describe('Largest share of answers that were right and would turn wrong.'),
      alpha: share.optional().describe('Worse by the tests below this p-value.'),
      tolerance: z
        .number()
        .min(0)
        .nullable()
        .optional()
        .describe('Of values: an answer no further off is right; null: half their typical distance from the median.'),
      minGolden: z
        .number()
        .int()
        .min(20)
        .max(1_000_000)
        .optional()
        .describe('From so many golden samples on they alone decide.'),
      goldenDays: z.number().min(1).max(3_650).optional().describe('Older golden samples say nothing about today.'),
      withoutGolden: z
        .enum(['holdout', 'person'])
        .optional()
        .describe('Until then: judge on the holdout, or leave it to a person.'),
      maxOlderDrop: share.optional().describe("Share of the older half's accuracy that may be lost."),
      maxCalibrationGrowth: share.optional().describe('Largest growth of the calibration error.'),
      maxMegabytes: z.number().min(0.1).max(10_000).optional().describe('Largest model.'),
      maxMillisecondsAnAnswer: z.number().min(0.1).max(60_000).optional().describe('Slowest answer.'),
    })
    .optional(),
  auditShare: share
    .optional()
    .describe('Share of review items drawn at random, for honest numbers and the golden set.'),
  standInSeconds: z
    .number()
    .int()
    .min(0)
    .max(50)
    .optional()
    .describe('While no model serves, /v1/predict waits so long for a person to answer; 0: not at all.'),
  standInUnattendedSeconds: z
    .number()
    .int()
    .min(0)
    .max(50)
    .optional()
    .describe(
      'It waits no longer than this while nobody is at the review queue, and that once a minute: other requests do not wait then.',
    ),
  standInBelow: share
    .optional()
    .describe(
      'It waits as long for a person where the model is less sure of its label than this, and gives its own answer if none comes; 0: nowhere.',
    ),
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
