/** The judge of the verification soaks: what it finds in a provider's count, and what it does not excuse. */
import { describe, expect, it } from '@jest/globals';
import type { LedgerEntry } from '../../../local/load/ledger.ts';
import { fullSeconds } from '../../../local/providers/stalls.ts';
import { truthOf } from '../../../local/providers/truth.ts';
import { countVerdicts, intakeBetween, meanRate } from '../../helpers/providers/judge.ts';

const count = (second: number, requests: number, throttled = 0) => ({ second, requests, throttled });

describe('a second above the limit', () => {
  const found = (atMs: number, ms: number) => fullSeconds([count(10, 101)], 100, [{ of: 'pod', atMs, ms }])[0]?.stalls;

  it('is found, and one at the limit is none', () => {
    expect(fullSeconds([count(9, 100), count(10, 101)], 100, [])).toEqual([{ second: 10, requests: 101, stalls: [] }]);
  });

  it.each([
    ['a stall within it', 10_200, 60, 1],
    ['a stall that ends in it', 9_800, 300, 1],
    ['a stall whose requests arrive 50 ms later', 9_800, 151, 1],
    ['a stall long before', 9_000, 500, 0],
    ['a stall after it', 11_000, 60, 0],
    ['a stop past the share, after which nothing may be sent', 5_000, 5_500, 0],
  ])('with %s has that many explanations', (_, atMs, ms, stalls) => {
    expect(found(atMs, ms)).toHaveLength(stalls);
  });
});

describe('the mean rate', () => {
  const perSecond = [count(10, 90), count(11, 110, 10), count(13, 80)];

  it('is of whole seconds, without what was refused, and a second without requests is 0', () => {
    expect(meanRate(perSecond, 9_999, 14_001)).toEqual({ seconds: 4, perSecond: (90 + 100 + 0 + 80) / 4 });
  });

  it('leaves out seconds of a disturbance', () => {
    const disturbances = [{ what: 'kill', fromMs: 11_999, untilMs: 12_001 }];
    expect(meanRate(perSecond, 10_000, 14_000, disturbances)).toEqual({ seconds: 2, perSecond: 85 });
  });

  it('of no second is no proof', () => {
    expect(meanRate(perSecond, 12_000, 12_500)).toEqual({ seconds: 0, perSecond: 0 });
  });
});

const acknowledged = (citizen: number, sentAt = 0, answeredAt = sentAt + 5): LedgerEntry => ({
  type: 'acknowledged',
  receiptNo: `R${citizen}`,
  keyHash: `k${citizen}`,
  citizen,
  sentAt,
  answeredAt,
  status: 201,
  attempt: 1,
  intent: 'first',
});

describe('verdicts', () => {
  const personOf = (citizen: number) => ({ name: '测试', idNumber: `number ${citizen}` });
  const withTruth = (truth: string): number =>
    Array.from({ length: 1_000 }, (_, n) => n).find((n) => truthOf(personOf(n)) === truth) ?? 0;
  const [match, mismatch, noRecord] = [withTruth('match'), withTruth('mismatch'), withTruth('no_record')];
  const judged = (...facts: readonly (readonly [citizen: number, type: string])[]) =>
    countVerdicts(
      [match, mismatch, noRecord].map((citizen) => acknowledged(citizen)),
      facts.map(([citizen, type]) => ({ place: '0 1', fact: `R${citizen} ${type} 0` })),
      personOf,
    );

  it('are right when they are what the provider knows', () => {
    expect(judged([match, 'verified'], [mismatch, 'rejected'], [noRecord, 'manual_review'])).toEqual({
      receipts: 3,
      right: 3,
      without: 0,
      wronglyRejected: 0,
      wrong: 0,
    });
  });

  it('are wrong when a matching person is rejected, also if verified as well', () => {
    const found = judged([match, 'verified'], [match, 'rejected'], [noRecord, 'rejected']);
    expect(found).toMatchObject({ right: 0, without: 1, wronglyRejected: 2, wrong: 2 });
  });

  it('are wrong when a person is verified who does not match', () => {
    expect(judged([mismatch, 'verified'])).toMatchObject({ wronglyRejected: 0, wrong: 1, without: 2 });
  });
});

it('the intake’s rate and p99 are of those who registered in the time', () => {
  const ledger = Array.from({ length: 200 }, (_, n) => acknowledged(n, n * 10, n * 10 + (n >= 98 ? 50 : 5)));
  expect(intakeBetween(ledger, 0, 1_000)).toEqual({ perSecond: 100, p99Ms: 50 });
  expect(intakeBetween(ledger, 0, 900)).toEqual({ perSecond: 100, p99Ms: 5 });
});
