/**
 * SQL: whether somebody still waits for what people say of a prediction.
 * @param asked how the statement around calls the row of `asked`
 */
export const isAwaited = (asked: string): string =>
  `${asked}.until > now() and not exists (
    select 1 from sample s where s.project_id = ${asked}.project_id and s.prediction_id = ${asked}.prediction_id
      and s.status = 'resolved')`;
