/**
 * Verdicts on identities, from the facts of the journal. Pure; shares no code with the product.
 *
 * | facts of a registration                                 | counts as |
 * |---------------------------------------------------------|-----------|
 * | verified                                                | verified |
 * | else rejected n, and no manual_review of a higher n     | rejected |
 * | else manual_review n                                    | in review |
 * | none of these                                           | without a verdict, unless it is withdrawn or erased |
 */

export interface Verdicts {
  readonly verified: number;
  readonly rejected: number;
  readonly inReview: number;
  /** Zero where no verdicts are expected. */
  readonly without: number;
  /** Verified, and rejected as well, although there was neither a correction nor a review in between. */
  readonly contradictory: number;
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

/** @param receipts of citizens */
export const verdictsOf = (
  receipts: readonly string[],
  facts: readonly { readonly fact?: string }[],
  verifies: boolean,
): Verdicts => {
  const highest = highestOf(facts);
  const all = receipts.map((receipt) => highest.get(receipt) ?? new Map<string, number>());
  const count = (verdict: ReturnType<typeof verdictOf>): number =>
    all.filter((types) => verdictOf(types) === verdict).length;
  return {
    verified: count('verified'),
    rejected: count('rejected'),
    inReview: count('inReview'),
    without: verifies ? count('without') : 0,
    contradictory: all.filter(isContradictory).length,
  };
};
