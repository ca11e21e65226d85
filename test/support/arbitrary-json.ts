import fc from 'fast-check';

/** As much of JSON Schema as the OpenAPI document uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** Kept small, so that a run has many cases rather than large ones. */
const MOST = { items: 4, characters: 40, number: 1e9 };

/** Values of a schema; of parts that it does not know, anything. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(arbitraryOf));
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return fc.oneof(...types.map((type) => ofType(type as string | undefined, schema)));
}

const OF_TYPE: Readonly<Record<string, (schema: JsonSchema) => fc.Arbitrary<unknown>>> = {
  object: objectOf,
  array: arrayOf,
  string: textOf,
  integer: (schema) => fc.integer(rangeOf(schema)),
  number: (schema) => fc.double({ ...rangeOf(schema), noNaN: true, noDefaultInfinity: true }),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
};

const ofType = (type: string | undefined, schema: JsonSchema): fc.Arbitrary<unknown> =>
  OF_TYPE[type ?? '']?.(schema) ?? fc.jsonValue({ maxDepth: 3 });

function arrayOf({ minItems = 0, maxItems = MOST.items, items = {} }: JsonSchema): fc.Arbitrary<unknown> {
  return fc.array(arbitraryOf(items), {
    minLength: minItems,
    maxLength: Math.max(minItems, Math.min(maxItems, MOST.items)),
  });
}

const rangeOf = ({ minimum = -MOST.number, maximum = MOST.number }: JsonSchema) => ({
  min: Math.max(minimum, -MOST.number),
  max: Math.min(maximum, MOST.number),
});

function objectOf({ properties = {}, required = [], additionalProperties }: JsonSchema): fc.Arbitrary<unknown> {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, arbitraryOf(member)])),
    { requiredKeys: [...required] },
  );
  if (typeof additionalProperties !== 'object') return known;
  const more = fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), arbitraryOf(additionalProperties), {
    maxKeys: MOST.items,
  });
  return fc.tuple(more, known).map(([others, members]) => ({ ...others, ...members }));
}

function textOf({ format, pattern, minLength = 0, maxLength = MOST.characters }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (format === 'uuid') return fc.uuid();
  if (format === 'base64') return fc.base64String();
  const most = Math.max(minLength, Math.min(maxLength, MOST.characters));
  const plain = fc.string({ minLength, maxLength: most, unit: 'binary' });
  return pattern && !pattern.includes('\\u') ? fc.oneof(fc.stringMatching(new RegExp(pattern)), plain) : plain;
}

/** The same values with one place changed: left out, of another kind, or with a member that nobody knows. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(values, fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([value, place, other]) => {
    const copy = structuredClone(value);
    const holders = objectsIn(copy);
    const holder = holders[place % Math.max(1, holders.length)];
    if (!holder) return other;
    const names = Object.keys(holder);
    const name = names[place % Math.max(1, names.length)];
    if (name === undefined || place % 3 === 0) holder.unknown = other;
    else if (place % 3 === 1) delete holder[name];
    else holder[name] = other;
    return copy;
  });
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value as Record<string, unknown>, ...inside];
}
