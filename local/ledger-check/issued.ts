/**
 * Compares the winners of the journal with the books of the channels: who has a voucher, exactly one. Pure; shares no code with the
 * product.
 *
 * A winner has a `won` or `promoted` fact, and no `lost`: that is one who was replaced. A voucher in a channel's books belongs to the receipt whose `issuing` fact has its request
 * number.
 *
 * | a voucher in the books …                                       | verdict |
 * |----------------------------------------------------------------|---------|
 * | has a request number that no `issuing` fact has                | without request |
 * | belongs to a receipt that has not won                          | without win |
 * | belongs to one who was replaced, and is not erased             | without win: the place is another person's |
 * | is the only one of its receipt, and of its account and stock   | issued |
 * | is another one of its receipt, or of its account and stock     | double |
 * | is not of the channel or the voucher of its request            | other voucher |
 *
 * | a winner without a voucher in the books …                       | verdict |
 * |-----------------------------------------------------------------|---------|
 * | is erased, has never bound an account, or failed for good       | excused: counted, and no finding |
 * | otherwise                                                       | missing |
 *
 * | a winner with an `issued` fact …                                | verdict |
 * |-----------------------------------------------------------------|---------|
 * | whose request has no voucher in the books                       | missing, also if excused otherwise |
 */

/** One voucher that a channel has issued, from its own books. */
export interface ChannelVoucher {
  readonly channel: string;
  /** The number of the request, as the channel was sent it. */
  readonly request: string;
  readonly account: string;
  readonly stock: string;
  readonly coupon: string;
}

/** A fact of the journal, as far as this check needs it. */
export interface WinnerFact {
  readonly receipt: string;
  readonly type: string;
  readonly attempt: number;
  readonly voucher?: string | undefined;
  readonly channel?: string | undefined;
  readonly request?: string | undefined;
}

export interface IssuedInput {
  /** Of citizens, copies included. */
  readonly facts: readonly WinnerFact[];
  readonly books: readonly ChannelVoucher[];
  /** What each voucher is called at a channel: `<channel> <voucher>` to stock. Absent: not compared. */
  readonly stocks?: Readonly<Record<string, string>>;
  /** Winners of each voucher, as the bundle of the draw has them. Absent: not compared. */
  readonly drawn?: Readonly<Record<string, number>>;
}

export interface IssuedResult {
  readonly winners: number;
  /** Winners with exactly one voucher in the books. */
  readonly issued: number;
  readonly missing: readonly string[];
  readonly double: readonly string[];
  /** Request numbers. */
  readonly withoutWin: readonly string[];
  readonly withoutRequest: readonly string[];
  readonly otherVoucher: readonly string[];
  readonly excused: { readonly unbound: number; readonly failed: number; readonly erased: number };
  /** Vouchers for which journal and draw have other numbers of winners. */
  readonly otherWinners: readonly string[];
  readonly verdict: 'complete' | 'incomplete';
  readonly findings: readonly string[];
}

interface Receipt {
  voucher?: string;
  wins: boolean;
  /** Another person has its place. */
  replaced: boolean;
  bound: boolean;
  erased: boolean;
  /** By attempt. */
  readonly requests: Map<number, WinnerFact>;
  readonly failed: Set<number>;
  issuedRequest?: string | undefined;
}

const receiptsOf = (facts: readonly WinnerFact[]): ReadonlyMap<string, Receipt> => {
  const receipts = new Map<string, Receipt>();
  for (const fact of facts) {
    const receipt = receipts.get(fact.receipt) ?? {
      wins: false,
      replaced: false,
      bound: false,
      erased: false,
      requests: new Map<number, WinnerFact>(),
      failed: new Set<number>(),
    };
    receipts.set(fact.receipt, receipt);
    if (fact.type === 'won' || fact.type === 'promoted') {
      receipt.wins = true;
      if (fact.voucher !== undefined) receipt.voucher = fact.voucher;
    } else if (fact.type === 'lost') receipt.replaced = true;
    else if (fact.type === 'bound') receipt.bound = true;
    else if (fact.type === 'erased') receipt.erased = true;
    else if (fact.type === 'issuing') receipt.requests.set(fact.attempt, fact);
    else if (fact.type === 'issue_failed') receipt.failed.add(fact.attempt);
    else if (fact.type === 'issued') receipt.issuedRequest = fact.request;
  }
  return receipts;
};

const groupsOfSeveral = <T>(all: readonly T[], keyOf: (one: T) => string): readonly (readonly T[])[] =>
  [...Map.groupBy(all, keyOf).values()].filter((group) => group.length > 1);

const otherWinnersOf = (
  receipts: ReadonlyMap<string, Receipt>,
  drawn: Readonly<Record<string, number>> | undefined,
  promoted: ReadonlySet<string>,
): readonly string[] => {
  if (drawn === undefined) return [];
  const counted = new Map<string, number>();
  for (const [name, { wins, voucher = '' }] of receipts) {
    if (wins && !promoted.has(name)) counted.set(voucher, (counted.get(voucher) ?? 0) + 1);
  }
  const names = new Set([...counted.keys(), ...Object.keys(drawn)]);
  return [...names].filter((name) => (counted.get(name) ?? 0) !== (drawn[name] ?? 0)).toSorted();
};

export const compareIssued = ({ facts, books, stocks, drawn }: IssuedInput): IssuedResult => {
  const receipts = receiptsOf(facts);
  const requests = new Map<string, { readonly receipt: string; readonly fact: WinnerFact }>();
  for (const [receipt, { requests: own }] of receipts) {
    for (const fact of own.values()) if (fact.request !== undefined) requests.set(fact.request, { receipt, fact });
  }
  const withoutRequest: string[] = [];
  const withoutWin: string[] = [];
  const otherVoucher: string[] = [];
  const vouchersOf = new Map<string, ChannelVoucher[]>();
  for (const voucher of books) {
    const found = requests.get(voucher.request);
    if (found === undefined) {
      withoutRequest.push(voucher.request);
      continue;
    }
    const { receipt, fact } = found;
    vouchersOf.set(receipt, [...(vouchersOf.get(receipt) ?? []), voucher]);
    const { wins = false, replaced = false, erased = false } = receipts.get(receipt) ?? {};
    if (!wins || (replaced && !erased)) withoutWin.push(voucher.request);
    const stock = stocks?.[`${fact.channel} ${fact.voucher}`];
    const isOther = stocks !== undefined && stock !== voucher.stock;
    if (isOther || fact.channel !== voucher.channel) otherVoucher.push(voucher.request);
  }

  const doubleRequests = groupsOfSeveral(books, ({ channel, account, stock }) => `${channel} ${account} ${stock}`)
    // A voucher of an unknown request is a double of the receipt whose account and stock it has.
    .flatMap((group) => {
      const known = group.flatMap(({ request }) => requests.get(request)?.receipt ?? []);
      return known.length > 0 ? known : group.slice(0, 1).map(({ request }) => `request ${request}`);
    });
  const doubleReceipts = [...vouchersOf].filter(([, vouchers]) => vouchers.length > 1).map(([receipt]) => receipt);
  const double = new Set([...doubleRequests, ...doubleReceipts]);

  const missing: string[] = [];
  const excused = { unbound: 0, failed: 0, erased: 0 };
  let winners = 0;
  let issued = 0;
  for (const [name, receipt] of receipts) {
    const vouchers = vouchersOf.get(name) ?? [];
    const wins = receipt.wins && !receipt.replaced;
    if (wins) winners += 1;
    if (wins && vouchers.length === 1 && !double.has(name)) issued += 1;
    const isClaimed = receipt.issuedRequest !== undefined;
    if (isClaimed && !vouchers.some(({ request }) => request === receipt.issuedRequest)) missing.push(name);
    else if (wins && vouchers.length === 0) {
      const last = Math.max(0, ...receipt.requests.keys());
      if (receipt.erased) excused.erased += 1;
      else if (last > 0 && receipt.failed.has(last)) excused.failed += 1;
      else if (last === 0 && !receipt.bound) excused.unbound += 1;
      else missing.push(name);
    }
  }
  const promoted = new Set(facts.flatMap(({ type, receipt }) => (type === 'promoted' ? [receipt] : [])));
  const counted = {
    winners,
    issued,
    missing: missing.toSorted(),
    double: [...double].toSorted(),
    withoutWin: withoutWin.toSorted(),
    withoutRequest: withoutRequest.toSorted(),
    otherVoucher: otherVoucher.toSorted(),
    excused,
    otherWinners: otherWinnersOf(receipts, drawn, promoted),
  };
  const rules: readonly (readonly [number, string])[] = [
    [counted.missing.length, 'winners have no voucher in the books of their channel'],
    [counted.double.length, 'winners have more than one voucher'],
    [counted.withoutWin.length, 'vouchers were issued without a win'],
    [counted.withoutRequest.length, 'vouchers were issued by requests that the journal does not have'],
    [counted.otherVoucher.length, 'vouchers are of another channel or stock than their request'],
    [counted.otherWinners.length, 'vouchers have other winners in the journal than in the draw'],
  ];
  const findings = rules.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
  return { ...counted, verdict: findings.length === 0 ? 'complete' : 'incomplete', findings };
};
