/** The identity checks in the demo's report. Pure. */
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { Counts } from '../providers/counts.ts';
import type { FullSecond } from '../providers/stalls.ts';

interface Facts {
  /** The provider's own count. Absent: the campaign verifies nothing. */
  readonly provider?: Counts;
  /** Seconds in which it counted more requests than it permits. Absent: stalls of pods, which explain them, are not recorded. */
  readonly fullSeconds?: readonly FullSecond[];
  readonly ledgerCheck: LedgerCheckResult;
  readonly killed: readonly unknown[];
}

/** Verdicts in the journal, and answers that the provider gave by its own count. */
const VERDICTS = [
  ['verified', 'verified', 'match'],
  ['rejected', 'rejected', 'mismatch'],
  ['in review', 'inReview', 'no_record'],
] as const;

/**
 * | verdicts in the journal against the provider's answers | problem |
 * |--------------------------------------------------------|---------|
 * | more                                                   | always: a verdict that no provider gave |
 * | fewer                                                  | unless pods were killed, which may lose an answer that was paid for |
 */
export const providerProblems = ({ provider, fullSeconds = [], ledgerCheck, killed }: Facts): readonly string[] => {
  if (provider === undefined) return [];
  const wrong = VERDICTS.flatMap(([label, name, result]) => {
    const [verdicts, answers] = [ledgerCheck.verdicts[name], provider.results[result] ?? 0];
    const isWrong = verdicts > answers || (verdicts < answers && killed.length === 0);
    return isWrong ? [`${verdicts} registrations are ${label}, but the provider counted ${answers}`] : [];
  });
  // What a stopped process had to send is counted in a later second: this machine's doing, not the rate's.
  const unexplained = fullSeconds.filter(({ stalls }) => stalls.length === 0).length;
  return unexplained === 0 ? wrong : [...wrong, `the provider was asked above its limit in ${unexplained} seconds`];
};

export const providerRows = (
  { provider, ledgerCheck }: Facts,
  row: (label: string, ...cells: readonly (string | number)[]) => string,
): readonly string[] => {
  if (provider === undefined) return [];
  const most = provider.perSecond.reduce((max, { requests }) => Math.max(max, requests), 0);
  return [
    '',
    row('identities', 'journal', 'provider'),
    ...VERDICTS.map(([label, name, result]) => row(label, ledgerCheck.verdicts[name], provider.results[result] ?? 0)),
    row('requests in a second, at most', '', most),
  ];
};
