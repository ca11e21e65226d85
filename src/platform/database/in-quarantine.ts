/** SQL: whether a quarantine q is about the label of a sample. @param sample how the statement around calls it */
export const isAboutLabel = (sample: string): string => `q.project_id = ${sample}.project_id
  and ${sample}.revision > q.after_revision and ${sample}.revision <= q.to_revision`;

/** SQL: whether the label of a sample is kept out of training. @param sample how the statement around calls it */
export const isInQuarantine = (sample: string): string => `exists (
  select 1 from quarantine q where q.released_at is null and ${isAboutLabel(sample)})`;
