/** SQL: whether the label of a sample is kept out of training. @param sample how the statement around calls it */
export const isInQuarantine = (sample: string): string => `exists (
  select 1 from quarantine q where q.project_id = ${sample}.project_id and q.released_at is null
    and ${sample}.revision > q.after_revision and ${sample}.revision <= q.to_revision)`;
