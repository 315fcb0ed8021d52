/** Issuance in the demo's report. Pure. */
import type { Condition } from '../../contract/types/common.ts';
import type { IssuedResult } from '../ledger-check/issued.ts';

export interface IssueFacts {
  readonly waitsForIssue: boolean;
  /** Winners of the draw who have bound an account. */
  readonly boundWinners?: number;
  readonly issued?: IssuedResult;
  /** The condition BooksBalanced at the end. */
  readonly books?: Condition;
}

export const issueProblems = ({ waitsForIssue, issued, books }: IssueFacts): readonly string[] => {
  if (!waitsForIssue) return [];
  const unbalanced = `the books were not found balanced: ${books?.message ?? 'they were not compared'}`;
  return [
    ...(issued?.findings ?? ['nothing was issued']),
    ...(issued !== undefined && issued.issued !== issued.winners
      ? [`${issued.issued} of ${issued.winners} winners have a voucher`]
      : []),
    ...(books?.status === 'True' ? [] : [unbalanced]),
  ];
};

export const issueRows = (
  { issued, boundWinners = 0, books }: IssueFacts,
  row: (label: string, ...cells: readonly (string | number)[]) => string,
): readonly string[] =>
  issued === undefined
    ? []
    : [
        '',
        row('vouchers', 'winners', 'in books'),
        row('issued', issued.winners, issued.issued),
        row('accounts bound', boundWinners),
        row('missing', '', issued.missing.length),
        row('double', '', issued.double.length),
        row('books', '', books?.status === 'True' ? 'balanced' : 'not balanced'),
      ];
