import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';
import { servePredictions } from './serve-predictions.js';

/* What the HTTP server itself can do: validates the same body and answers, and keeps nothing. */
await servePredictions((body) => {
  PredictionSchema.parse(body);
  return { status: 'accepted', id: newId() };
});
