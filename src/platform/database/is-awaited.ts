import { OURS } from '../../core/prediction-row.js';

/**
 * SQL: whether somebody may still be waiting for a person's answer, as nothing here has answered what was asked.
 * @param asked how the statement around calls the prediction
 * @param seconds how long they wait, an expression of that statement
 */
export const isAwaited = (asked: string, seconds: string): string =>
  `${asked}.label is null and ${asked}.model_name = '${OURS}' and ${asked}.received_at > now() - make_interval(secs => ${seconds})`;
