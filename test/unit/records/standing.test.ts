import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { factKey } from '../../../app/core/projection.ts';
import type { JournalledEvent } from '../../../app/records/ports.ts';
import { collapseByCitizen, collapseFacts, registrationBeats, settle } from '../../../app/records/standing.ts';
import { projectHistory } from '../../helpers/project-history.ts';
import { history, journalled, receiptOf, receivedEvent } from '../../helpers/records.ts';

/** A database in memory that does what app/store does with the pure decisions. */
const createTables = () => {
  const registration = new Map<string, JournalledEvent>();
  const superseded = new Map<string, string>();
  return {
    registration,
    superseded,
    commit(events: readonly JournalledEvent[]) {
      for (const claims of collapseByCitizen(events)) {
        const citizen = claims.standing.event.citizenHash;
        const stored = registration.get(citizen);
        if (stored === undefined) registration.set(citizen, claims.standing);
        const settled = stored === undefined ? undefined : settle(claims, stored);
        if (settled?.displacedBy !== undefined) registration.set(citizen, settled.displacedBy);
        if (settled?.reinstated !== undefined) superseded.delete(settled.reinstated);
        for (const { receipt, at } of settled?.superseded ?? claims.superseded) {
          const known = superseded.get(receipt);
          if (known === undefined || at < known) superseded.set(receipt, at);
        }
      }
    },
  };
};

const received = (events: readonly JournalledEvent[]) => events.filter(({ event }) => event.type === 'received');

/** Any order and repetition of `events`, cut into batches. */
const arranged = (events: readonly JournalledEvent[]): fc.Arbitrary<readonly (readonly JournalledEvent[])[]> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...events), { maxLength: events.length }),
      fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
    )
    .chain(([repeated, sizes]) =>
      fc.shuffledSubarray([...events, ...repeated], { minLength: events.length + repeated.length }).map((shuffled) => {
        const batches: JournalledEvent[][] = [];
        for (let at = 0; at < shuffled.length; ) {
          const size = sizes.next().value ?? 1;
          batches.push(shuffled.slice(at, at + size));
          at += size;
        }
        return batches;
      }),
    );

const historyAndArrangement = history('spring')
  .filter((events) => received(events).length > 0)
  .chain((events) => fc.tuple(fc.constant(events), arranged(received(events))));

describe('which copy stands', () => {
  it('is the same for every permutation, repetition and split into batches', () => {
    fc.assert(
      fc.property(historyAndArrangement, ([events, batches]) => {
        const whole = createTables();
        whole.commit(received(events));
        const pieces = createTables();
        for (const batch of batches) pieces.commit(batch);
        expect(pieces.registration).toEqual(whole.registration);
        expect(pieces.superseded).toEqual(whole.superseded);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the reference join of the core', () => {
    fc.assert(
      fc.property(historyAndArrangement, ([events, batches]) => {
        const tables = createTables();
        for (const batch of batches) tables.commit(batch);
        const reference = projectHistory(events.map(({ event }) => event));
        const claims = new Map(
          [...tables.registration].map(([citizen, { event }]) => [
            citizen,
            { acceptedAt: event.at, receipt: event.receipt },
          ]),
        );
        expect(claims).toEqual(reference.registrations);
        expect(new Set(tables.superseded.keys())).toEqual(reference.superseded);
        const facts = collapseFacts(events.filter(({ event }) => event.type !== 'received'));
        expect(new Map(facts.map(({ event }) => [`${event.receipt} ${factKey(event)}`, event]))).toEqual(
          reference.facts,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is decided by a total order: of two different copies exactly one beats the other', () => {
    fc.assert(
      fc.property(history('spring'), (events) => {
        const copies = received(events).filter(
          ({ event }) => event.citizenHash === received(events)[0]?.event.citizenHash,
        );
        for (const a of copies) {
          for (const b of copies) expect(registrationBeats(a, b) !== registrationBeats(b, a)).toBe(a !== b);
        }
      }),
    );
  });
});

describe('claims of one batch', () => {
  it('come sorted by citizen, so that workers lock in one order', () => {
    const events = ['c', 'a', 'd', 'b'].map((citizen, i) => journalled(receivedEvent({ citizen }), i + 1));
    const order = collapseByCitizen(events).map(({ standing }) => standing.event.citizenHash);
    expect(order).toEqual([...order].sort());
  });

  it('name each other receipt of a person once, at its earliest', () => {
    const copies = [
      receivedEvent({ receipt: 'late', atMs: 9 }),
      receivedEvent({ receipt: 'early', atMs: 1 }),
      receivedEvent({ receipt: 'late', atMs: 5 }),
    ];
    const [claims] = collapseByCitizen(copies.map((event, i) => journalled(event, i + 1)));
    expect(claims?.standing.event.receipt).toBe(receiptOf('early'));
    expect(claims?.superseded.map(({ receipt, at }) => [receipt, at])).toEqual([
      [receiptOf('late'), '2020-09-25T01:00:00.005Z'],
    ]);
  });
});
