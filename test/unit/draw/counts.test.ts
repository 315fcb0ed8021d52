/** The list of the draw and what citizens are shown follow one rule (contract/winner.ts), in any history. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Fact, project } from '../../../app/core/projection.ts';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { claimOf, shownState } from '../../../app/core/shown-state.ts';
import { createEntries } from '../../../app/draw/entries.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { EVENT_TYPES, type EventEnvelope, type EventType, FACTS_BEFORE_FREEZE } from '../../../contract/envelope.ts';
import { beats, classOf, countsBefore, type FactedClaim } from '../../../contract/winner.ts';
import { verdictsOf } from '../../../local/ledger-check/verdicts.ts';

const campaignId = 'spring';
const key = secretKey(Buffer.alloc(32, 7));
const PEOPLE = 3;
const RECEIPTS = 3;
const hashOf = (person: number): string => String(person + 1).repeat(64);
const receipts = Array.from({ length: PEOPLE * RECEIPTS }, (_, n) => {
  const person = Math.floor(n / RECEIPTS);
  return { person, ...deriveReceipt(key, campaignId, hashOf(person), `key-${n}`) };
});
const instantOf = (ms: number): string => new Date(Date.UTC(2020, 8, 25) + ms).toISOString();

const eventOf = (n: number, type: EventType, atMs: number, attempt = 1): EventEnvelope => {
  const { receiptNo = '', person = 0 } = receipts[n] ?? {};
  return {
    v: 1,
    id: `${receiptNo}.${type}.${attempt}`,
    type,
    ...(attempt === 1 ? {} : { attempt }),
    kind: 'citizen',
    campaignId,
    receipt: receiptNo,
    citizenHash: hashOf(person),
    at: instantOf(atMs),
    site: 'default',
    keyId: '',
    data: type === 'received' ? { category: 'dinner' } : {},
  };
};

/** Few people, receipts and instants, so that all facts meet each other; verdicts more often than the rest. */
const event = fc
  .record({
    n: fc.nat({ max: receipts.length - 1 }),
    type: fc.oneof(
      { weight: 3, arbitrary: fc.constant('received' as const) },
      { weight: 2, arbitrary: fc.constantFrom('verified' as const, 'rejected' as const) },
      { weight: 2, arbitrary: fc.constantFrom(...FACTS_BEFORE_FREEZE, 'channel_changed' as const, 'bound' as const) },
    ),
    atMs: fc.nat({ max: 4 }),
    attempt: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ n, type, atMs, attempt }) => eventOf(n, type, atMs, type === 'received' ? 1 : attempt));
const history = fc.array(event, { maxLength: 40, size: 'max' });

const endOf = (events: readonly EventEnvelope[]) => {
  const entries = createEntries(events.length + 1);
  for (const one of events) entries.add(one);
  return entries.end('exclude');
};
const listOf = (events: readonly EventEnvelope[]): string[] => {
  const [list] = [...endOf(events).lists(key, campaignId)];
  return (
    Buffer.from(list?.entries ?? [])
      .toString('hex')
      .match(/.{64}/g) ?? []
  );
};

interface Known {
  readonly n: number;
  readonly claim: FactedClaim;
  readonly facts: readonly Fact[];
}

/** As the database has them: each receipt's earliest acceptance, and its facts. */
const knownOf = (events: readonly EventEnvelope[]): readonly Known[] =>
  receipts.flatMap(({ receiptNo }, n) => {
    const facts = events.filter(({ receipt }) => receipt === receiptNo);
    const [first] = facts
      .filter(({ type }) => type === 'received')
      .map(({ at }) => at)
      .toSorted();
    return first === undefined ? [] : [{ n, facts, claim: claimOf({ acceptedAt: first, receipt: receiptNo }, facts) }];
  });

/** Receipts by the state that they are shown in. */
const shownOf = (events: readonly EventEnvelope[]) => {
  const known = knownOf(events);
  return known.map(({ n, claim, facts }) => {
    const others = known.filter((one) => one.n !== n && receipts[one.n]?.person === receipts[n]?.person);
    return {
      n,
      facts,
      state: shownState(
        claim,
        facts,
        others.map((one) => one.claim),
      ),
    };
  });
};

const entriesOf = (numbers: readonly number[]): string[] =>
  numbers
    .map((n) => entryOf(campaignId, receipts[n]?.receiptNo ?? '', receipts[n]?.receiptSecret ?? '').toString('hex'))
    .toSorted();

describe('any history', () => {
  it('has in its list exactly the receipts that are shown as verified', () => {
    let withEntries = 0;
    fc.assert(
      fc.property(history, (events) => {
        const verified = shownOf(events).filter(({ state }) => state === 'verified');
        const list = listOf(events);
        expect(list).toEqual(entriesOf(verified.map(({ n }) => n)));
        withEntries += list.length;
      }),
      { numRuns: 1_000 },
    );
    expect(withEntries).toBeGreaterThan(200);
  });

  it('and the same comparison finds a list by the earliest receipt alone', () => {
    const [first, second] = [fc.constant(eventOf(0, 'received', 0)), fc.constant(eventOf(1, 'received', 1))];
    const ofOne = fc
      .tuple(first, second, fc.array(event, { maxLength: 20, size: 'max' }))
      .map(([a, b, more]) => [a, b, ...more.filter(({ citizenHash }) => citizenHash === a.citizenHash)]);
    const differs = fc.sample(ofOne, 300).filter((events) => {
      const [earliest] = knownOf(events).toSorted((a, b) => (beats(a.claim, b.claim) ? -1 : 1));
      const isIn = earliest !== undefined && project(earliest.facts).state === 'verified';
      const verified = shownOf(events).filter(({ state }) => state === 'verified');
      return entriesOf(isIn ? [earliest.n] : []).join() !== entriesOf(verified.map(({ n }) => n)).join();
    });
    expect(differs).not.toEqual([]);
  });

  it('has as many entries as the ledger check expects, which shares no code with the list', () => {
    fc.assert(
      fc.property(history, (events) => {
        const records = events
          .filter(({ type }) => type === 'received')
          .map(({ receipt, citizenHash, at }) => ({ receipt, citizenHash, acceptedAt: at }));
        const facts = events
          .filter(({ type }) => type !== 'received')
          .map(({ receipt, type, attempt = 1 }) => ({ fact: `${receipt} ${type} ${attempt}` }));
        expect(verdictsOf(records, facts, true).entries).toBe(listOf(events).length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('shows a receipt in its own state, or superseded by another one of the person that is not', () => {
    fc.assert(
      fc.property(history, (events) => {
        const all = shownOf(events);
        for (const { n, state, facts } of all) {
          const own = project(facts).state;
          if (state === own) continue;
          expect([state, ['received', 'manual_review', 'verified'].includes(own)]).toEqual(['superseded', true]);
          const others = all.filter((one) => one.n !== n && receipts[one.n]?.person === receipts[n]?.person);
          expect(others.filter((one) => one.state !== 'superseded')).not.toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has each receipt in the counts of the list once, in the state that is shown', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { people, superseded, ended, byFact } = endOf(events).counts;
        const shown = shownOf(events);
        const hidden = shown.filter(({ state, facts }) => state !== project(facts).state);
        expect(superseded).toBe(hidden.length);
        expect(people + superseded + ended).toBe(shown.length);
        expect(Object.values(byFact).reduce((sum, count) => sum + count, 0)).toBe(people);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same list and the same states in any order, with any repeats', () => {
    const retold = history.chain((events) =>
      fc
        .shuffledSubarray(events)
        .chain((repeats) => fc.shuffledSubarray([...events, ...repeats], { minLength: events.length + repeats.length }))
        .map((other) => ({ events, other })),
    );
    fc.assert(
      fc.property(retold, ({ events, other }) => {
        expect(listOf(other)).toEqual(listOf(events));
        const states = (of: readonly EventEnvelope[]) => shownOf(of).map(({ n, state }) => [n, state]);
        expect(states(other)).toEqual(states(events));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the order of a person’s receipts', () => {
  const claim = fc.record({
    acceptedAt: fc.nat({ max: 2 }).map(instantOf),
    receipt: fc.constantFrom('A', 'B', 'C'),
    fact: fc.constantFrom(...EVENT_TYPES),
  });

  it('is strict and total, by class, then acceptance, then receipt', () => {
    fc.assert(
      fc.property(claim, claim, claim, (a, b, c) => {
        const same = classOf(a.fact) === classOf(b.fact) && a.acceptedAt === b.acceptedAt && a.receipt === b.receipt;
        expect([countsBefore(a, b), countsBefore(b, a), same].filter(Boolean)).toHaveLength(1);
        if (countsBefore(a, b) && countsBefore(b, c)) expect(countsBefore(a, c)).toBe(true);
        if (classOf(a.fact) === classOf(b.fact)) expect(countsBefore(a, b)).toBe(beats(a, b));
      }),
    );
  });
});

describe('a number that another person registered first', () => {
  const [first, second] = [0, 1];
  const both = [eventOf(first, 'received', 0), eventOf(second, 'received', 5)];
  const statesOf = (...facts: readonly EventEnvelope[]): Record<number, string> =>
    Object.fromEntries(shownOf([...both, ...facts]).map(({ n, state }) => [n, state]));

  it.each<[string, readonly EventEnvelope[], string, string]>([
    ['supersedes at first', [], 'received', 'superseded'],
    [
      'with a wrong name keeps its owner out no longer than until its check',
      [eventOf(first, 'rejected', 6)],
      'rejected',
      'received',
    ],
    [
      'with a wrong name, while its owner is verified',
      [eventOf(first, 'rejected', 6), eventOf(second, 'verified', 7)],
      'rejected',
      'verified',
    ],
    [
      'with the right name after a correction',
      [
        eventOf(first, 'rejected', 6),
        eventOf(second, 'verified', 7),
        eventOf(first, 'corrected', 8),
        eventOf(first, 'verified', 9),
      ],
      'verified',
      'superseded',
    ],
    [
      'and is withdrawn by who holds its receipt',
      [eventOf(first, 'verified', 6), eventOf(second, 'verified', 7), eventOf(first, 'withdrawn', 8)],
      'withdrawn',
      'verified',
    ],
  ])('%s', (_, facts, shownFirst, shownSecond) => {
    expect(statesOf(...facts)).toEqual({ [first]: shownFirst, [second]: shownSecond });
  });
});
