/* Sums, counts and groups: what every rule that looks at many samples begins with. */

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** How often each value occurs, in the order in which they come first. */
export function countBy<Value>(values: Iterable<Value>): Map<Value, number> {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Items by a key, groups and members in the order given. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Indexes of the largest values, so many at most, the largest first; of equals the first. */
export function largestOf(values: ArrayLike<number>, most: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    let at = found.length;
    while (at > 0 && values[i]! > values[found[at - 1]!]!) at -= 1;
    if (at < most) found.splice(at, 0, i);
    if (found.length > most) found.pop();
  }
  return found;
}
