import { defineConfig } from 'prisma/config';

// These commands need no schema engine, and its binary cannot be downloaded everywhere: any executable satisfies the look-up.
const offline = ['generate', 'validate', 'format'];
if (process.argv.some((word) => offline.includes(word))) process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost/flywheel' },
});
