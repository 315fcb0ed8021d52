import { describe, expect, it } from '@jest/globals';
import { compare, type LedgerCheckInput } from '../../../local/ledger-check/compare.ts';
import { acceptedAtOf } from '../../../local/ledger-check/read-journal.ts';
import type { LedgerEntry } from '../../../local/load/ledger.ts';

const acknowledged = (citizen: number, receiptNo: string, keyHash = `key-${receiptNo}`): LedgerEntry => ({
  type: 'acknowledged',
  receiptNo,
  keyHash,
  citizen,
  sentAt: 1,
  answeredAt: 2,
  status: 201,
  attempt: 1,
  intent: 'first',
});
const unsettled = (citizen: number, keyHash: string): LedgerEntry => ({
  type: 'unsettled',
  keyHash,
  citizen,
  intent: 'first',
});
const end: LedgerEntry = { type: 'end', sent: 9, acknowledged: 9 };
const row = (receipt: string, citizenHash: string, kind = 'citizen') => ({ receipt, citizenHash, kind });

/** Three citizens; the second came with two keys, the third sent one key twice. */
const sound: LedgerCheckInput = {
  ledger: [
    acknowledged(1, 'R1'),
    acknowledged(2, 'R2'),
    acknowledged(2, 'R2b'),
    acknowledged(3, 'R3', 'k3'),
    acknowledged(3, 'R3', 'k3'),
    end,
  ],
  journal: [row('R1', 'h1'), row('R2', 'h2'), row('R2b', 'h2'), row('R3', 'h3'), row('R3', 'h3')],
  unreadable: 0,
  registrations: [row('R1', 'h1'), row('R2', 'h2'), row('R3', 'h3')],
  superseded: [row('R2b', 'h2')],
};

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
/** The sound journal, of receipts that were accepted then. */
const accepted = (seconds: Readonly<Record<string, number>>) =>
  sound.journal.map((one) => ({ ...one, acceptedAt: at(seconds[one.receipt] ?? 10) }));

describe('the audit', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(compare(sound)).toMatchObject({
      verdict: 'complete',
      findings: [],
      acknowledged: 5,
      distinctReceipts: 4,
      citizens: 3,
      inJournal: 4,
      inDatabase: 4,
      superseded: 1,
      lost: 0,
      doubles: 0,
      unexplained: 0,
    });
  });

  const wrong: Record<string, readonly [Partial<LedgerCheckInput>, Partial<ReturnType<typeof compare>>]> = {
    'a receipt that is nowhere': [
      { ledger: [...sound.ledger, acknowledged(4, 'R4')] },
      { lost: 1, lostFromJournal: ['R4'], lostFromDatabase: ['R4'], citizensWithoutOne: [4] },
    ],
    'a receipt that is not in the journal': [
      { journal: sound.journal.filter(({ receipt }) => receipt !== 'R1') },
      { lost: 1, lostFromJournal: ['R1'], lostFromDatabase: [] },
    ],
    'a receipt that is not in the database': [
      { registrations: sound.registrations.filter(({ receipt }) => receipt !== 'R1') },
      { lost: 1, lostFromJournal: [], lostFromDatabase: ['R1'] },
    ],
    'a superseded receipt that nobody kept': [{ superseded: [] }, { lost: 1, lostFromDatabase: ['R2b'] }],
    'a citizen with two standing registrations': [
      { registrations: [...sound.registrations, row('R2b', 'h2')], superseded: [] },
      { lost: 0, doubles: 1, citizensWithoutOne: [2] },
    ],
    'a citizen of whom every receipt is superseded': [
      { registrations: sound.registrations.slice(1), superseded: [row('R2b', 'h2'), row('R1', 'h1')] },
      { lost: 0, citizensWithoutOne: [1] },
    ],
    'a registration that nobody sent': [
      { registrations: [...sound.registrations, row('R9', 'h9')] },
      { lost: 0, unacknowledged: 1, unexplained: 1 },
    ],
    'one key that was given two receipts': [
      { ledger: [...sound.ledger, acknowledged(1, 'R2b', 'key-R1')] },
      { lost: 0, keysWithTwoReceipts: 1 },
    ],
    'two citizens taken for one': [
      { journal: sound.journal.map((event) => (event.receipt === 'R3' ? row('R3', 'h1') : event)) },
      { lost: 0, mistakenIdentities: 1 },
    ],
    'a registration kept as a canary': [
      { registrations: [row('R1', 'h1', 'canary'), ...sound.registrations.slice(1)] },
      { lost: 1, lostFromDatabase: ['R1'] },
    ],
    'registrations whose data key the bucket has lost': [
      { journal: sound.journal.map((event) => ({ ...event, keyId: '2020-09-25-a' })), dataKeys: ['2020-09-25'] },
      { lost: 0, unopenable: new Set(sound.journal.map(({ receipt }) => receipt)).size },
    ],
    'a fact that is neither recorded nor kept': [
      { later: [{ place: '0 7', fact: 'R1 issue_failed 2' }], facts: ['R1 issue_failed 1'], kept: ['0 6'] },
      { lostFacts: 1 },
    ],
    'a message of a later version that nobody kept': [{ later: [{ place: '1 1' }] }, { lostFacts: 1 }],
    'registrations by two rules in one journal': [
      {
        journal: sound.journal.map((event, i) => (i === 0 ? { ...event, uniqueness: 'perCitizenAndChannel' } : event)),
      },
      { otherRules: 1 },
    ],
    'one person with two registrations at one channel': [
      {
        journal: sound.journal
          .map((one) => ({ ...one, channel: 'alipay', uniqueness: 'perCitizenAndChannel' }))
          .map((one) => (one.receipt === 'R2b' ? { ...one, citizenHash: 'h2b' } : one)),
        registrations: [...sound.registrations, row('R2b', 'h2b')],
        superseded: [],
        uniqueness: 'perCitizenAndChannel',
      },
      { mistakenIdentities: 1, citizensWithoutOne: [2] },
    ],
    'a whole campaign by another rule than its own': [
      {
        journal: sound.journal
          .map((one) => ({ ...one, channel: one.receipt === 'R2b' ? 'wechat' : 'alipay' }))
          .map((one) => ({ ...one, uniqueness: 'perCitizenAndChannel' }))
          .map((one) => (one.receipt === 'R2b' ? { ...one, citizenHash: 'h2b' } : one)),
        registrations: [...sound.registrations, row('R2b', 'h2b')],
        superseded: [],
      },
      { otherRules: 1, mistakenIdentities: 1, citizensWithoutOne: [2] },
    ],
    'registrations without a rule in a campaign whose rule was never that': [
      { uniqueness: 'perCitizenAndChannel' },
      { otherRules: 1 },
    ],
    'a later receipt that stands against an earlier one': [
      { journal: accepted({ R2: 20, R2b: 19 }) },
      { wrongWinners: 1 },
    ],
    'of two receipts of one millisecond the larger one that stands': [
      {
        journal: accepted({ R2: 19, R2b: 19 }),
        registrations: [row('R1', 'h1'), row('R2b', 'h2'), row('R3', 'h3')],
        superseded: [row('R2', 'h2')],
      },
      { wrongWinners: 1 },
    ],
    'a receipt that stands although a copy of another one came first': [
      { journal: [...accepted({ R2: 19, R2b: 20 }), { ...row('R2b', 'h2'), acceptedAt: at(3) }] },
      { wrongWinners: 1 },
    ],
    'a message that is no event': [{ unreadable: 2 }, { lost: 0, unreadable: 2 }],
  };
  it.each(Object.entries(wrong))('finds %s', (_name, [change, expected]) => {
    const result = compare({ ...sound, ...change });
    expect(result).toMatchObject({ ...expected, verdict: 'incomplete' });
    expect(result.findings.length).toBeGreaterThan(0);
  });

  it('lets a registration whose answer never came be explained by whoever gave up', () => {
    const registrations = [...sound.registrations, row('R9', 'h9')];
    expect(compare({ ...sound, registrations, ledger: [unsettled(9, 'k9'), ...sound.ledger] })).toMatchObject({
      verdict: 'complete',
      unacknowledged: 1,
      unsettled: 1,
      unexplained: 0,
    });
  });

  it('does not let a key that was answered in the end explain a stranger', () => {
    const registrations = [...sound.registrations, row('R9', 'h9')];
    expect(compare({ ...sound, registrations, ledger: [unsettled(3, 'k3'), ...sound.ledger] }).unexplained).toBe(1);
  });

  it('does not judge strangers when the ledger has no end', () => {
    const registrations = [...sound.registrations, row('R9', 'h9')];
    const ledger = sound.ledger.filter(({ type }) => type !== 'end');
    expect(compare({ ...sound, registrations, ledger })).toMatchObject({
      verdict: 'complete',
      unexplained: undefined,
    });
  });

  it('finds nothing wrong with facts that are recorded, or kept for a release that can read them', () => {
    const later = [
      { place: '0 7', fact: 'R1 rejected 1' },
      { place: '2 9', fact: 'R1 rejected 1' },
      { place: '0 8', fact: 'R1 rejected 2' },
      { place: '1 3', fact: 'R2 guessed 1' },
      { place: '1 4' },
    ];
    const facts = ['R1 rejected 1', 'R1 rejected 2'];
    expect(compare({ ...sound, later, facts, kept: ['1 3', '1 4'] })).toMatchObject({
      verdict: 'complete',
      lostFacts: 0,
    });
  });

  it('takes one registration at each channel for right where the rule says so', () => {
    const journal = sound.journal.map((one) => ({ ...one, channel: 'alipay', uniqueness: 'perCitizenAndChannel' }));
    expect(
      compare({
        ...sound,
        journal: journal.map((one) =>
          one.receipt === 'R2b' ? { ...one, channel: 'wechat', citizenHash: 'h2b' } : one,
        ),
        registrations: [...sound.registrations, row('R2b', 'h2b')],
        superseded: [],
        uniqueness: 'perCitizenAndChannel',
      }),
    ).toMatchObject({ verdict: 'complete', findings: [] });
  });

  it('lets the earliest acceptance stand, and of one millisecond the smaller receipt', () => {
    for (const journal of [accepted({ R2: 5, R2b: 6 }), accepted({ R2: 5, R2b: 5 })]) {
      expect(compare({ ...sound, journal })).toMatchObject({ verdict: 'complete', wrongWinners: 0 });
    }
  });

  it('takes the word of an intake whose clock agreed with others, and the journal’s stamp for one that is far off', () => {
    const storedAtMs = Date.parse(at(1_000));
    expect(acceptedAtOf({ at: at(100), clock: 'agreed' }, storedAtMs)).toBe(at(100));
    expect([990, 1_002].map((s) => acceptedAtOf({ at: at(s) }, storedAtMs))).toEqual([at(990), at(1_002)]);
    expect([989.999, 1_002.001].map((s) => acceptedAtOf({ at: at(s) }, storedAtMs))).toEqual([at(1_000), at(1_000)]);
  });

  it('leaves canaries of the operator out of every count', () => {
    expect(
      compare({
        ...sound,
        journal: [...sound.journal, row('C1', 'c1', 'canary')],
        registrations: [...sound.registrations, row('C1', 'c1', 'canary')],
        superseded: [...sound.superseded, row('C2', 'c1', 'canary')],
      }),
    ).toMatchObject({ verdict: 'complete', unacknowledged: 0 });
  });
});
