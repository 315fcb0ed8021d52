/**
 * Verdicts on identities, from the facts of the journal. Pure; shares no code with the product.
 *
 * | facts of a registration                                 | counts as |
 * |---------------------------------------------------------|-----------|
 * | verified                                                | verified |
 * | else rejected n, and no manual_review of a higher n     | rejected |
 * | else manual_review n                                    | in review |
 * | none of these                                           | without a verdict, unless it is withdrawn or erased |
 *
 * Of one person, one registration may take part in the draw. The best one counts, then the earliest, then the smaller receipt:
 * verified; open (no verdict, in review, or corrected since); rejected; withdrawn, merged or erased.
 */

export interface Verdicts {
  readonly verified: number;
  readonly rejected: number;
  readonly inReview: number;
  /** Zero where no verdicts are expected. */
  readonly without: number;
  /** Verified, and rejected as well, although there was neither a correction nor a review in between. */
  readonly contradictory: number;
  /**
   * People who take part in the draw: the registration of theirs that counts is neither withdrawn, merged nor erased, and it is verified
   * where verdicts are expected.
   */
  readonly entries: number;
}

interface Registered {
  readonly receipt: string;
  readonly citizenHash: string;
  readonly acceptedAt?: string;
}

type Highest = ReadonlyMap<string, number>;

/** By receipt, then by type: the highest attempt. */
const highestOf = (facts: readonly { readonly fact?: string }[]): ReadonlyMap<string, Highest> => {
  const found = new Map<string, Map<string, number>>();
  for (const { fact = '' } of facts) {
    const [receipt = '', type = '', attempt = '0'] = fact.split(' ');
    const types = found.get(receipt) ?? new Map<string, number>();
    found.set(receipt, types.set(type, Math.max(types.get(type) ?? 0, Number(attempt))));
  }
  return found;
};

const verdictOf = (types: Highest): 'verified' | 'rejected' | 'inReview' | 'without' | 'ended' => {
  const [rejected, review] = [types.get('rejected') ?? 0, types.get('manual_review') ?? 0];
  if (types.has('verified')) return 'verified';
  if (rejected > 0 && rejected >= review) return 'rejected';
  if (review > 0) return 'inReview';
  return types.has('withdrawn') || types.has('erased') ? 'ended' : 'without';
};

const isContradictory = (types: Highest): boolean => {
  const rejected = types.get('rejected') ?? 0;
  const answered = Math.max(types.get('corrected') ?? 0, types.get('manual_review') ?? 0);
  return types.has('verified') && rejected > answered;
};

const hasEnded = (types: Highest): boolean => ['withdrawn', 'merged', 'erased'].some((type) => types.has(type));

/** `0` to `3`, the best first. */
const gradeOf = (types: Highest): string => {
  const [rejected, corrected] = [types.get('rejected') ?? 0, types.get('corrected') ?? 0];
  if (hasEnded(types)) return '3';
  if (verdictOf(types) === 'rejected' && corrected < rejected) return '2';
  return types.has('verified') ? '0' : '1';
};

/** By person: the receipt that counts. */
const countingOf = (
  records: readonly Registered[],
  typesOf: (receipt: string) => Highest,
): ReadonlyMap<string, string> => {
  const best = new Map<string, { readonly order: string; readonly receipt: string }>();
  for (const { citizenHash, receipt, acceptedAt = '' } of records) {
    const order = `${gradeOf(typesOf(receipt))} ${acceptedAt} ${receipt}`;
    const known = best.get(citizenHash);
    if (known === undefined || order < known.order) best.set(citizenHash, { order, receipt });
  }
  return new Map([...best].map(([citizen, { receipt }]) => [citizen, receipt]));
};

const takesPart = (types: Highest, verifies: boolean): boolean =>
  (!verifies || types.has('verified')) && !hasEnded(types);

/** @param records registrations of citizens, copies included */
export const verdictsOf = (
  records: readonly Registered[],
  facts: readonly { readonly fact?: string }[],
  verifies: boolean,
): Verdicts => {
  const highest = highestOf(facts);
  const typesOf = (receipt: string): Highest => highest.get(receipt) ?? new Map<string, number>();
  const all = [...new Set(records.map(({ receipt }) => receipt))].map(typesOf);
  const count = (verdict: ReturnType<typeof verdictOf>): number =>
    all.filter((types) => verdictOf(types) === verdict).length;
  return {
    verified: count('verified'),
    rejected: count('rejected'),
    inReview: count('inReview'),
    without: verifies ? count('without') : 0,
    contradictory: all.filter(isContradictory).length,
    entries: [...countingOf(records, typesOf).values()].filter((receipt) => takesPart(typesOf(receipt), verifies))
      .length,
  };
};
