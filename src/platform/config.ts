import { z } from 'zod';

export const ROLES = ['api', 'worker', 'trainer'] as const;
export type Role = (typeof ROLES)[number];

const text = z.string().min(1);
const port = z.coerce.number().int().min(0).max(65_535);
const roles = text.transform((value, context): readonly Role[] => {
  const names = value === 'all' ? [...ROLES] : value.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !ROLES.includes(name as Role));
  if (unknown.length > 0) context.addIssue({ code: 'custom', message: `use all, or some of ${ROLES.join(', ')}` });
  return names as Role[];
});

/** As browsers send it: in small letters and without a path. Those of apps have schemes of their own (capacitor://localhost). */
const ORIGIN = /^(?:\*|[a-z][a-z\d+.-]*:\/\/[^\s/?#*A-Z]+)$/;
const origins = z
  .string()
  .transform((value) => value.split(',').map((origin) => origin.trim()))
  .refine((list) => list.every((origin) => ORIGIN.test(origin)), {
    message: 'must be origins like https://app.example.com, or *',
  });

/** Where Kubernetes puts what a pod needs to talk to it. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Every setting, with its default and meaning. `.env.example` is made from this table; a test compares them. */
export const SETTINGS = {
  PORT: [port.default(3000), 'Port of the REST API, the console and the dashboards.'],
  HOST: [text.default('127.0.0.1'), 'Address to listen on; 0.0.0.0 to be reached from other machines.'],
  CORS_ORIGINS: [
    origins.default([]),
    'Comma list of the origins whose pages may use this API with a key (https://app.example.com); * for every page.',
  ],
  ROLE: [roles.default([...ROLES]), 'all, or a comma list of api, worker, trainer.'],
  FLYWHEEL_DATA_DIR: [text.default('./data'), 'Folder of everything that must survive in the embedded mode.'],
  FLYWHEEL_API_KEY: [text.min(16).optional(), "The default project's first key; made and printed once when unset."],
  FLYWHEEL_ADMIN_KEY: [text.min(16).optional(), 'The first admin key; made and printed once when unset.'],
  DATABASE_URL: [text.optional(), 'A PostgreSQL 13 or newer; embedded when unset.'],
  REDIS_URL: [text.optional(), 'A Redis with noeviction and AOF for the queue; BullMQ runs on PostgreSQL when unset.'],
  S3_ENDPOINT: [z.url().optional(), 'An S3 API; embedded over the data directory when unset.'],
  S3_PUBLIC_ENDPOINT: [
    z.url().optional(),
    'The same object store as clients reach it, for presigned uploads; S3_ENDPOINT when unset.',
  ],
  S3_REGION: [text.default('us-east-1'), 'Region of the bucket.'],
  S3_BUCKET: [text.default('flywheel'), 'Bucket for packs, snapshots and models; made when it is not there.'],
  S3_ACCESS_KEY_ID: [text.optional(), 'Access key of S3_ENDPOINT.'],
  S3_SECRET_ACCESS_KEY: [text.optional(), 'Secret key of S3_ENDPOINT.'],
  TRAINER_BACKEND: [
    z.enum(['auto', 'tfjs-node', 'wasm', 'cpu']).default('auto'),
    'TensorFlow.js backend; auto takes the native one where it works.',
  ],
  TRAINER_COMMAND: [
    text.optional(),
    'A program that trains in place of the built-in trainer, for projects whose setting training.runner is command.',
  ],
  TRAINER_KUBERNETES_IMAGE: [
    text.optional(),
    'Image of the Job that trains projects whose setting training.runner is kubernetes; docs/trainers.md.',
  ],
  TRAINER_KUBERNETES_API: [z.url().default('https://kubernetes.default.svc'), 'Address of the Kubernetes API.'],
  TRAINER_KUBERNETES_NAMESPACE: [text.default('default'), 'Namespace of the Jobs.'],
  TRAINER_KUBERNETES_TOKEN_FILE: [text.default(`${SERVICE_ACCOUNT}/token`), 'Bearer token for the Kubernetes API.'],
  TRAINER_KUBERNETES_CA_FILE: [text.default(`${SERVICE_ACCOUNT}/ca.crt`), 'Certificate of the Kubernetes API.'],
  TRAINER_KUBERNETES_CPU: [text.default('2'), 'CPU of a Job.'],
  TRAINER_KUBERNETES_MEMORY: [text.default('4Gi'), 'Memory of a Job.'],
  RATE_LIMIT: [
    z.coerce.number().int().min(0).default(0),
    'Requests a minute of each key that has no limit of its own; 0 for no limit. Each process counts for itself.',
  ],
  WEBHOOK_URL: [z.url({ protocol: /^https?$/ }).optional(), 'A program that is told what happens: docs/webhooks.md.'],
  WEBHOOK_SECRET: [
    z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and at least 24 bytes as base64')
      .optional(),
    'What is told there is signed with it: whsec_ and 24 to 64 random bytes as base64.',
  ],
  LOG_LEVEL: [z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'), 'Least level to log.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

const ConfigSchema = z
  .object(
    Object.fromEntries(Object.entries(SETTINGS).map(([name, [schema]]) => [name, schema])) as {
      [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name][0];
    },
  )
  .superRefine((config, context) => {
    const isPart = ROLES.some((role) => !config.ROLE.includes(role));
    for (const name of isPart ? (['DATABASE_URL', 'S3_ENDPOINT'] as const) : []) {
      const message = 'is needed where ROLE is not all: the embedded parts serve one process';
      if (!config[name]) context.addIssue({ code: 'custom', path: [name], message });
    }
    if (config.WEBHOOK_URL && !config.WEBHOOK_SECRET)
      context.addIssue({ code: 'custom', path: ['WEBHOOK_SECRET'], message: 'is needed with WEBHOOK_URL' });
    if (!config.S3_ENDPOINT) return;
    for (const name of ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const) {
      if (!config[name]) context.addIssue({ code: 'custom', path: [name], message: 'is needed with S3_ENDPOINT' });
    }
  });

export type Config = Readonly<z.infer<typeof ConfigSchema>>;

/**
 * Reports every wrong variable at once, then gives up: a half-configured process must not start. Names are printed,
 * never values. An empty variable counts as unset.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = ConfigSchema.safeParse(set);
  if (parsed.success) return Object.freeze(parsed.data);
  const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new Error(`The configuration is wrong:\n${lines.join('\n')}`);
}

/** The text of `.env.example`. */
export function envExample(): string {
  const lines = Object.entries(SETTINGS).map(([name, [schema, meaning]]) => {
    const parsed = schema.safeParse(undefined);
    const value = parsed.success && parsed.data !== undefined ? String(parsed.data) : '';
    return `# ${meaning}\n# ${name}=${name === 'ROLE' ? 'all' : value}\n`;
  });
  return `# Every setting with its default. Made from src/platform/config.ts; a test keeps it so.\n\n${lines.join('\n')}`;
}
