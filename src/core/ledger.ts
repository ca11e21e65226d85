/** Where received items are. Each is in exactly one of the places. */
export interface LedgerTerms {
  readonly received: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly rejected: number;
  readonly sampledOut: number;
  readonly quarantined: number;
  readonly parked: number;
  readonly erased: number;
}

export interface Balance extends LedgerTerms {
  readonly balanced: boolean;
  /** received minus all the places: above 0 something is lost, below 0 something is counted twice. */
  readonly difference: number;
}

const NOTHING: LedgerTerms = {
  received: 0,
  stored: 0,
  duplicate: 0,
  conflict: 0,
  rejected: 0,
  sampledOut: 0,
  quarantined: 0,
  parked: 0,
  erased: 0,
};

/** The terms with their balance; those not given are 0. */
export function balanceOf(given: Partial<LedgerTerms>): Balance {
  const terms = { ...NOTHING, ...given };
  const { received, ...places } = terms;
  const difference = received - Object.values(places).reduce((sum, count) => sum + count, 0);
  return { ...terms, balanced: difference === 0, difference };
}

/** Both books as one. */
export function addTerms(a: LedgerTerms, b: LedgerTerms): LedgerTerms {
  const names = Object.keys(NOTHING) as (keyof LedgerTerms)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as LedgerTerms;
}
