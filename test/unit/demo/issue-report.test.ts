import { describe, expect, it } from '@jest/globals';
import type { Condition } from '../../../contract/types/common.ts';
import { type IssueFacts, issueProblems } from '../../../local/demo/issue-report.ts';
import { compareIssued } from '../../../local/ledger-check/issued.ts';

const balanced: Condition = {
  type: 'BooksBalanced',
  status: 'True',
  reason: 'Balanced',
  message: 'equal',
  lastTransitionTime: '2020-10-03T00:00:00Z',
};
const facts = ['a', 'b'].flatMap((receipt) => [
  { receipt, type: 'won', attempt: 1, voucher: 'dining' },
  { receipt, type: 'bound', attempt: 1 },
  { receipt, type: 'issuing', attempt: 1, voucher: 'dining', channel: 'wechat', request: `request-${receipt}` },
  { receipt, type: 'issued', attempt: 1, request: `request-${receipt}` },
]);
const books = ['a', 'b'].map((receipt) => ({
  channel: 'wechat',
  request: `request-${receipt}`,
  account: `account-${receipt}`,
  stock: 's',
  coupon: `coupon-${receipt}`,
}));
const run = (changes: Partial<IssueFacts>, inBooks = books): readonly string[] =>
  issueProblems({ waitsForIssue: true, issued: compareIssued({ facts, books: inBooks }), books: balanced, ...changes });

describe('issuance in the demo', () => {
  it('passes where each winner has one voucher and the books are balanced', () => {
    expect(run({})).toEqual([]);
    expect(issueProblems({ waitsForIssue: false })).toEqual([]);
  });

  it('fails for one double, and counts one', () => {
    const again = { ...books[0], request: 'sabotage', coupon: 'sabotage' } as (typeof books)[number];
    expect(run({}, [...books, again])).toEqual([
      '1 winners have more than one voucher',
      '1 vouchers were issued by requests that the journal does not have',
      '1 of 2 winners have a voucher',
    ]);
  });

  it('fails for one that is missing, and counts one', () => {
    expect(run({}, books.slice(1))).toEqual([
      '1 winners have no voucher in the books of their channel',
      '1 of 2 winners have a voucher',
    ]);
  });

  it('fails where the books were not compared, or not balanced, or nothing was issued', () => {
    const issued = compareIssued({ facts, books });
    expect(issueProblems({ waitsForIssue: true, issued })).toHaveLength(1);
    expect(run({ books: { ...balanced, status: 'False' } })).toHaveLength(1);
    expect(issueProblems({ waitsForIssue: true, books: balanced })).toEqual(['nothing was issued']);
  });
});
