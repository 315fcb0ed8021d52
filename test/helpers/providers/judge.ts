/** What a soak of verification is judged by: the provider's own count, recorded stalls, and the rule of the provider's truth. Pure. */
import type { LaterRecord } from '../../../local/ledger-check/compare.ts';
import type { LedgerEntry } from '../../../local/load/ledger.ts';
import type { Counts } from '../../../local/providers/counts.ts';
import { type Person, truthOf } from '../../../local/providers/truth.ts';

type Second = Counts['perSecond'][number];

/** Instants between which something happened that takes shares away for a time. */
export interface Disturbance {
  readonly what: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Mean rate of what the provider accepted. Whole seconds only; one without a request counts as 0. */
export const meanRate = (
  perSecond: readonly Second[],
  fromMs: number,
  untilMs: number,
  leftOut: readonly Disturbance[] = [],
): { readonly seconds: number; readonly perSecond: number } => {
  const bySecond = new Map(perSecond.map(({ second, requests, throttled }) => [second, requests - throttled]));
  let [seconds, requests] = [0, 0];
  for (let second = Math.ceil(fromMs / 1_000); (second + 1) * 1_000 <= untilMs; second += 1) {
    const isOut = leftOut.some((one) => one.fromMs < (second + 1) * 1_000 && one.untilMs > second * 1_000);
    if (isOut) continue;
    seconds += 1;
    requests += bySecond.get(second) ?? 0;
  }
  return { seconds, perSecond: seconds === 0 ? 0 : requests / seconds };
};

const VERDICTS = { match: 'verified', mismatch: 'rejected', no_record: 'manual_review' } as const;
const TYPES: ReadonlySet<string> = new Set(Object.values(VERDICTS));

export interface VerdictCount {
  readonly receipts: number;
  readonly right: number;
  readonly without: number;
  readonly wronglyRejected: number;
  /** All that are neither right nor missing, wrongly rejected ones included. */
  readonly wrong: number;
}

/** Compares each acknowledged receipt's verdicts in the journal with the provider's truth about its citizen. */
export const countVerdicts = (
  ledger: readonly LedgerEntry[],
  facts: readonly LaterRecord[],
  personOf: (citizen: number) => Person,
): VerdictCount => {
  const typesOf = new Map<string, Set<string>>();
  for (const { fact = '' } of facts) {
    const [receipt = '', type = ''] = fact.split(' ');
    if (TYPES.has(type)) typesOf.set(receipt, (typesOf.get(receipt) ?? new Set()).add(type));
  }
  const citizens = new Map(
    ledger.flatMap((entry) => (entry.type === 'acknowledged' ? [[entry.receiptNo, entry.citizen] as const] : [])),
  );
  let [right, without, wronglyRejected] = [0, 0, 0];
  for (const [receipt, citizen] of citizens) {
    const types = typesOf.get(receipt);
    const expected = VERDICTS[truthOf(personOf(citizen))];
    if (types === undefined) without += 1;
    else if (types.size === 1 && types.has(expected)) right += 1;
    else if (types.has('rejected') && expected !== 'rejected') wronglyRejected += 1;
  }
  const receipts = citizens.size;
  return { receipts, right, without, wronglyRejected, wrong: receipts - right - without };
};

/** Of those citizens who registered between two instants, as they saw it. */
export const intakeBetween = (
  ledger: readonly LedgerEntry[],
  fromMs: number,
  untilMs: number,
): { readonly perSecond: number; readonly p99Ms: number } => {
  const answerMs = ledger
    .flatMap((entry) =>
      entry.type === 'acknowledged' && entry.sentAt >= fromMs && entry.sentAt < untilMs
        ? [entry.answeredAt - entry.sentAt]
        : [],
    )
    .toSorted((a, b) => a - b);
  const perSecond = answerMs.length / ((untilMs - fromMs) / 1_000);
  return { perSecond, p99Ms: answerMs[Math.ceil(answerMs.length * 0.99) - 1] ?? Number.NaN };
};
