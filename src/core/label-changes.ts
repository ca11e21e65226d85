/** What became of labels since people used them: the statements stay as they were made. */
export interface LabelChanges {
  /** Old name to new one; two old names with the same new one are merged. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Labels that mean nothing any more: their samples are left out, and no new model answers them. */
  readonly retired: readonly string[];
  /** The label by which people say "none of these". It is learnt like others, and answered also where a model is unsure. */
  readonly outOfScope: string | null;
}

export const NO_CHANGES: LabelChanges = { renamed: {}, retired: [], outOfScope: null };

/** What a label is called today; undefined for one that is retired. */
export function labelToday(
  { renamed, retired }: Pick<LabelChanges, 'renamed' | 'retired'>,
  label: string,
): string | undefined {
  const today = Object.hasOwn(renamed, label) ? renamed[label]! : label;
  return retired.includes(today) ? undefined : today;
}

/** A name that is renamed on would leave it open which of the two is meant. */
export function faultOfChanges({ renamed }: Partial<LabelChanges> & Pick<LabelChanges, 'renamed'>): string | undefined {
  const chained = Object.values(renamed).find((to) => Object.hasOwn(renamed, to) && renamed[to] !== to);
  return chained === undefined ? undefined : `${chained} is itself renamed`;
}
