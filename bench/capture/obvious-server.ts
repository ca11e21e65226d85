import { createPostgresBackend, Queue, setDefaultBackendFactory } from 'bullmq';
import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';
import { Database } from '../../src/platform/database/database.js';
import { servePredictions } from './serve-predictions.js';

const databaseUrl = process.env.DATABASE_URL!;
setDefaultBackendFactory(createPostgresBackend);
const database = new Database(databaseUrl);
const queue = new Queue('bench.obvious', { connection: { connectionString: databaseUrl } } as never);

/* The design one would write first: validate, insert a row, add a job, answer. */
await servePredictions(async (body) => {
  const posted = PredictionSchema.parse(body);
  const predictionId = posted.id ?? newId();
  await database.prisma.predictionConflict.create({
    data: { projectId: 'bench-obvious', predictionId, bodyHash: '', body: JSON.stringify(posted) },
  });
  await queue.add('store', { id: predictionId }, { removeOnComplete: true });
  return { status: 'accepted', id: predictionId };
});
