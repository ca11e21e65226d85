/** What a project's models answer with: one of its labels, or a number. */
export const TASKS = ['classification', 'regression'] as const;
export type Task = (typeof TASKS)[number];

/** An answer as it is posted: a label, or (regression) a value. */
export interface PostedAnswer {
  readonly label?: string | undefined;
  readonly value?: number | undefined;
}

/** A value in the place of a label: wherever labels are kept, counted and shown, those of a regression are such texts. */
export const valueText = (value: number): string => String(value === 0 ? 0 : value);

/** A value as people read it: four digits. */
export const roundedText = (value: number): string => valueText(Number(value.toPrecision(4)));

/** The value that a text stands for; NaN for a text that stands for none, as an answer that is missing does. */
export const valueOf = (text: string): number => (text.trim() === '' ? NaN : Number(text));

/** The label, or the text of the value; undefined for an answer that says neither. */
export const answerText = ({ label, value }: PostedAnswer): string | undefined =>
  value === undefined ? label : valueText(value);

/** What is wrong with an answer in a project of this task; undefined when nothing is. */
export function faultOfAnswer(
  task: Task,
  { label, value }: PostedAnswer,
): { name: 'label' | 'value'; detail: string } | undefined {
  if (task === 'regression' && label !== undefined)
    return { name: 'label', detail: 'has no meaning here: this project answers with values (task: regression)' };
  if (task === 'classification' && value !== undefined)
    return { name: 'value', detail: 'has no meaning here: this project answers with labels (task: classification)' };
  return undefined;
}

/** The task that an answer belongs to; undefined for one that says nothing. */
export function taskOf({ label, value }: PostedAnswer): Task | undefined {
  if (value !== undefined) return 'regression';
  return label === undefined ? undefined : 'classification';
}
