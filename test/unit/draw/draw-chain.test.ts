import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type {
  Commitment,
  Committed,
  DrawStep,
  Entered,
  Sourced,
  SourceRule,
} from '../../../contract/decisions/draw.ts';
import { type ChainEntry, chainState, isAnswered, missingValues } from '../../../contract/decisions/draw-chain.ts';
import { readDrawStep } from '../../../contract/decisions/draw-step-schema.ts';

const campaignId = 'spring';
const START_MS = Date.parse('2020-09-26T01:00:00.000Z');
const NOT_BEFORE_MS = START_MS + 60_000;
const POSTPONE_AT_MS = START_MS + 600_000;
const instant = (ms: number): string => new Date(ms).toISOString();
const HEX = 'ab'.repeat(32);

const SOURCES: readonly SourceRule[] = [
  { name: 'drand', type: 'Drand', chain: HEX, round: 7 },
  { name: 'lottery', type: 'PublicValue', description: 'numbers' },
];
const head = { v: 1, campaignId, at: instant(START_MS), attempt: 1 } as const;

const committed = (attempt = 1, changes: Partial<Commitment> = {}): Committed => ({
  ...head,
  step: 'committed',
  attempt,
  digest: HEX,
  authorizedBy: 'owner',
  commitment: {
    alg: 'vcdraw1',
    campaignUid: campaignId,
    attempt,
    vouchers: [{ voucher: 'dinner', n: 5, k: 2, waitlist: 1, listDigest: HEX, merkleRoot: HEX }],
    sources: SOURCES,
    notBefore: instant(NOT_BEFORE_MS + (attempt - 1) * 3_600_000),
    postponeAt: instant(POSTPONE_AT_MS + (attempt - 1) * 3_600_000),
    ...changes,
  },
});
const entered = (changes: Partial<Entered> = {}): Entered => ({
  ...head,
  step: 'entered',
  name: 'lottery',
  value: '03 11',
  by: ['alice', 'bob'],
  ...changes,
});
const sourced = (changes: Partial<Sourced> = {}): Sourced => ({
  ...head,
  step: 'sourced',
  sources: [
    { name: 'drand', hex: HEX, signature: 'cd'.repeat(48) },
    { name: 'lottery', hex: '30', value: '03 11', enteredBy: ['alice', 'bob'] },
  ],
  ...changes,
});
const RESULT = { voucher: 'dinner', seed: HEX, cutoff: HEX, winners: 2, waitlisted: 1, resultDigest: HEX };
const drawn: DrawStep = { ...head, step: 'drawn', vouchers: [RESULT], digest: HEX };
const announced: DrawStep = { ...head, step: 'announced', won: 2, waitlisted: 1 };
const promoted = (fallen: string, entry: string): DrawStep => ({
  ...head,
  step: 'promoted',
  command: hash('sha256', `${fallen} ${entry}`),
  voucher: 'dinner',
  fallen: fallen.repeat(32),
  entry: entry.repeat(32),
  by: 'owner',
  reason: 'died',
});

const declined = (command: string): DrawStep => ({
  ...head,
  step: 'declined',
  command: command.repeat(32),
  by: 'owner',
  why: 'the voucher was issued',
});
const recorded = (promotions: number): DrawStep => ({ ...head, step: 'recorded', promotions });

/** Stored a second apart from the given time on, in the order given. */
const stored = (...steps: readonly (readonly [atMs: number, step: DrawStep])[]): readonly ChainEntry[] =>
  steps.map(([storedAtMs, step], index) => ({ sequence: 3 * (index + 1), storedAtMs, step }));

const COMMITTED = [START_MS, committed()] as const;
const ENTERED = [NOT_BEFORE_MS, entered()] as const;
const SOURCED = [NOT_BEFORE_MS + 1, sourced()] as const;
const DRAWN = [NOT_BEFORE_MS + 2, drawn] as const;
const ANNOUNCED = [NOT_BEFORE_MS + 3, announced] as const;
const LATER = POSTPONE_AT_MS;

describe('the chain of the draw', () => {
  it('is nothing without an entry', () => {
    expect(chainState(campaignId, [])).toEqual({
      earlier: [],
      entered: [],
      promoted: [],
      declined: [],
      recorded: 0,
      ignored: [],
      last: 0,
    });
  });

  it('counts every step that may follow', () => {
    const state = chainState(
      campaignId,
      stored(
        COMMITTED,
        ENTERED,
        SOURCED,
        DRAWN,
        ANNOUNCED,
        [LATER, promoted('01', '02')],
        [LATER, promoted('02', '03')],
        [LATER, declined('0d')],
        [LATER, recorded(2)],
      ),
    );
    expect(state).toMatchObject({ ignored: [], last: 27, announced, drawn, promoted: [{}, {}], declined: [{}] });
    expect(state.recorded).toBe(2);
    expect(isAnswered(state, '0d'.repeat(32))).toBe(true);
  });

  it('begins again with what was entered, when it is postponed', () => {
    const state = chainState(campaignId, stored(COMMITTED, ENTERED, [LATER, committed(2)]));
    expect(state).toMatchObject({ ignored: [], committed: { attempt: 2 }, entered: [] });
    expect(missingValues(state)).toEqual(['lottery']);
    expect(state.earlier).toMatchObject([{ committed: { attempt: 1 }, missing: [] }]);
  });

  it('keeps which values were missing', () => {
    const { earlier } = chainState(campaignId, stored(COMMITTED, [LATER, committed(2)]));
    expect(earlier.map(({ missing }) => missing)).toEqual([['lottery']]);
  });

  it.each<readonly [string, readonly (readonly [number, DrawStep])[], RegExp]>([
    ['another campaign', [[START_MS, { ...committed(), campaignId: 'autumn' }]], /of campaign autumn/],
    ['a first commitment that is not the first', [[START_MS, committed(2)]], /attempt 2, and the next is 1/],
    [
      'a commitment that is stored when randomness may exist',
      [[NOT_BEFORE_MS, committed()]],
      /after its own notBefore/,
    ],
    ['a second first commitment', [COMMITTED, COMMITTED], /attempt 1, and the next is 2/],
    ['a postponement before its time', [COMMITTED, [LATER - 1, committed(2)]], /stored before 2020/],
    ['a postponement after the sources', [COMMITTED, ENTERED, SOURCED, [LATER, committed(2)]], /has its sources/],
    [
      'a postponement with another list',
      [COMMITTED, [LATER, committed(2, { vouchers: [] })]],
      /vouchers differ from those before/,
    ],
    [
      'a postponement with another source',
      [COMMITTED, [LATER, committed(2, { sources: SOURCES.slice(1) })]],
      /sources differ from those before/,
    ],
    [
      'a promotion whose command has its answer',
      [COMMITTED, ENTERED, SOURCED, DRAWN, ANNOUNCED, [LATER, promoted('01', '02')], [LATER, promoted('01', '02')]],
      /its command has its answer/,
    ],
    [
      'an answer before the announcement',
      [COMMITTED, ENTERED, SOURCED, DRAWN, [LATER, declined('01')]],
      /not announced/,
    ],
    [
      'more facts than promotions',
      [COMMITTED, ENTERED, SOURCED, DRAWN, ANNOUNCED, [LATER, recorded(1)]],
      /0 have moved up, and it counts 1/,
    ],
    ['a value before its time', [COMMITTED, [NOT_BEFORE_MS - 1, entered()]], /stored before notBefore/],
    ['a value of drand', [COMMITTED, [LATER, entered({ name: 'drand' })]], /no source of public values/],
    ['a value by one person', [COMMITTED, [LATER, entered({ by: ['bob', 'bob'] })]], /one person/],
    ['a second value', [COMMITTED, ENTERED, [LATER, entered({ value: '04' })]], /has its value/],
    ['a value of another attempt', [COMMITTED, [LATER, entered({ attempt: 2 })]], /not the last commitment/],
    ['sources without an entered value', [COMMITTED, SOURCED], /not the one that two people entered/],
    [
      'sources in another order',
      [COMMITTED, ENTERED, [LATER, sourced({ sources: sourced().sources.toReversed() })]],
      /not those of the commitment/,
    ],
    ['a result without sources', [COMMITTED, ENTERED, DRAWN], /no values yet/],
    ['a second result', [COMMITTED, ENTERED, SOURCED, DRAWN, DRAWN], /there is a result/],
    ['an announcement without a result', [COMMITTED, ENTERED, SOURCED, ANNOUNCED], /no result yet/],
    [
      'a promotion before the announcement',
      [COMMITTED, ENTERED, SOURCED, DRAWN, [LATER, promoted('01', '02')]],
      /not announced/,
    ],
    [
      'a promotion for one that fell before',
      [COMMITTED, ENTERED, SOURCED, DRAWN, ANNOUNCED, [LATER, promoted('01', '02')], [LATER, promoted('01', '03')]],
      /fell before/,
    ],
    [
      'a promotion of one that moved up before',
      [COMMITTED, ENTERED, SOURCED, DRAWN, ANNOUNCED, [LATER, promoted('01', '02')], [LATER, promoted('04', '02')]],
      /moved up before/,
    ],
  ])('ignores %s, and says why', (_, steps, why) => {
    const entries = stored(...steps);
    const state = chainState(campaignId, entries);
    expect(state.ignored).toEqual([{ sequence: entries.at(-1)?.sequence, why: expect.stringMatching(why) }]);
    const without = chainState(campaignId, entries.slice(0, -1));
    expect(state).toEqual({ ...without, ignored: state.ignored, last: state.last });
  });

  it('is read as it was written; an entry that can’t be read is an error, because it may decide what counts', () => {
    for (const [, step] of [COMMITTED, ENTERED, SOURCED, DRAWN, ANNOUNCED]) {
      expect(readDrawStep(JSON.parse(JSON.stringify(step)), 3)).toEqual(step);
    }
    expect(() => readDrawStep({ ...drawn, v: 2 }, 9)).toThrow("step 9 of the draw can't be read: v: invalid_value");
    expect(() => readDrawStep(undefined, 9)).toThrow("step 9 of the draw can't be read");
  });
});
