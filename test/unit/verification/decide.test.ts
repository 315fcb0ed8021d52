/** Which events ask a provider, and what they publish: never a paid call for what is answered, never two verdicts of one attempt. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { project } from '../../../app/core/projection.ts';
import { decide, decideAlone, type Known, requestIdOf } from '../../../app/verification/decide.ts';
import { factOf, UNREADABLE, verdictOf } from '../../../app/verification/verdict.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { encodeEnvelope, parseEnvelope } from '../../../contract/envelope-schema.ts';
import { factEvent, receivedEvent } from '../../helpers/records.ts';

const NOTHING: Known = { verified: 0, rejected: 0, manual_review: 0, corrected: 0, withdrawn: 0, erased: 0 };
const received = receivedEvent();
const corrected = (attempt: number) => factEvent('corrected', { attempt, n: attempt });
const skipped = (reason: string) => ({ kind: 'skip', reason });
const asked = (attempt: number) => ({ kind: 'ask', attempt });

describe('an event', () => {
  it.each<[string, EventEnvelope, Partial<Known>, object]>([
    ['a registration of which nothing is known is asked', received, {}, asked(1)],
    ['a canary is not', receivedEvent({ kind: 'canary' }), {}, skipped('not_a_citizen')],
    ['a rehearsal is not', receivedEvent({ kind: 'rehearsal' }), {}, skipped('not_a_citizen')],
    ['a verified one is not asked again', received, { verified: 1 }, skipped('answered')],
    ['nor a rejected one', received, { rejected: 1 }, skipped('answered')],
    ['nor one that a person reviews', received, { manual_review: 1 }, skipped('answered')],
    ['nor one that is withdrawn', received, { withdrawn: 1 }, skipped('withdrawn')],
    ['nor one whose person is erased, though the data key exists', received, { erased: 1 }, skipped('erased')],
    ['nor a correction of it', corrected(1), { rejected: 1, erased: 1 }, skipped('erased')],
    [
      'nor a registration that was corrected, even where its rejection is unknown',
      received,
      { corrected: 1 },
      skipped('corrected'),
    ],
    [
      'the first correction of a rejected one is asked for verdict 2',
      corrected(1),
      { rejected: 1, corrected: 1 },
      asked(2),
    ],
    ['and so is that of one that a person reviews', corrected(1), { manual_review: 1, corrected: 1 }, asked(2)],
    ['and not again once it has verdict 2', corrected(1), { rejected: 2, corrected: 1 }, skipped('answered')],
    ['nor once a second correction exists', corrected(1), { rejected: 1, corrected: 2 }, skipped('corrected')],
    ['the second correction is asked for verdict 3', corrected(2), { rejected: 2, corrected: 2 }, asked(3)],
    ['a third correction is never asked', corrected(3), { rejected: 3, corrected: 3 }, skipped('too_many_corrections')],
    [
      'a correction of a withdrawn receipt is not asked',
      corrected(1),
      { rejected: 1, withdrawn: 1 },
      skipped('withdrawn'),
    ],
  ])('%s', (_name, event, known, decision) => {
    expect(decide(event, { ...NOTHING, ...known })).toEqual(decision);
  });

  it('that is no question by itself needs no look-up', () => {
    expect(decideAlone(received)).toBeUndefined();
    expect(decideAlone(corrected(3))).toEqual(skipped('too_many_corrections'));
  });
});

const attempts = fc.integer({ min: 0, max: 4 });
const anyKnown = fc.record({
  verified: fc.integer({ min: 0, max: 1 }),
  rejected: attempts,
  manual_review: attempts,
  corrected: attempts,
  withdrawn: fc.integer({ min: 0, max: 1 }),
  erased: fc.integer({ min: 0, max: 1 }),
});
const anyEvent = fc.oneof(fc.constant(received), fc.integer({ min: 1, max: 4 }).map(corrected));
const ANSWERS = ['match', 'mismatch', 'no_record'] as const;

describe('whatever is stored', () => {
  it('an answered question is never asked again', () => {
    fc.assert(
      fc.property(anyEvent, anyKnown, fc.constantFrom(...ANSWERS), (event, known, kind) => {
        const decision = decide(event, known);
        if (decision.kind === 'skip') return;
        const fact = factOf(verdictOf({ kind, code: '0' }, 'p'), event, decision.attempt, { at: event.at, site: 's' });
        expect(decide(event, { ...known, [fact.type]: fact.attempt ?? 1 })).toEqual(skipped('answered'));
      }),
    );
  });

  it('more facts never make a question of what is none', () => {
    fc.assert(
      fc.property(anyEvent, anyKnown, anyKnown, (event, known, more) => {
        const both = Object.fromEntries(
          Object.entries(known).map(([type, attempt]) => [type, Math.max(attempt, more[type as keyof Known])]),
        ) as Known;
        if (decide(event, known).kind === 'skip') expect(decide(event, both).kind).toBe('skip');
      }),
    );
  });

  it('a verdict is what the projection shows, when it answers the last correction', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.constantFrom(...ANSWERS), (corrections, kind) => {
        const numbers = Array.from({ length: corrections }, (_, i) => i + 1);
        const history = [received, ...numbers.flatMap((n) => [factEvent('rejected', { attempt: n, n }), corrected(n)])];
        const last = history.at(-1) ?? received;
        const known = { ...NOTHING, rejected: corrections, corrected: corrections };
        const decision = decide(last, known);
        if (decision.kind !== 'ask') throw new Error('not asked');
        const verdict = verdictOf({ kind, code: '0' }, 'p');
        const fact = factOf(verdict, last, decision.attempt, { at: last.at, site: 's' });
        const { state } = project([...history, fact].map(({ type, attempt = 1, at }) => ({ type, attempt, at })));
        expect(state).toBe(verdict.type);
      }),
    );
  });
});

describe('a verdict', () => {
  it('is an envelope that every reader accepts, and has one id per fact', () => {
    const facts = [1, 2, 3].flatMap((attempt) =>
      ANSWERS.map((kind) =>
        factOf(verdictOf({ kind, code: '0' }, 'p'), received, attempt, { at: received.at, site: 's' }),
      ),
    );
    for (const fact of facts) expect(parseEnvelope(encodeEnvelope(fact))).toEqual({ kind: 'valid', event: fact });
    // Verified once, and three of the others.
    expect(new Set(facts.map(({ id }) => id)).size).toBe(7);
  });

  it('on a registration that can’t be read is never against the citizen', () => {
    expect(UNREADABLE.type).toBe('manual_review');
  });

  it('has a request id of 32 letters and digits that differs by campaign, receipt and attempt', () => {
    const ids = [
      requestIdOf('a', 'R', 1),
      requestIdOf('a', 'R', 2),
      requestIdOf('a', 'S', 1),
      requestIdOf('b', 'R', 1),
    ];
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(4);
    expect(requestIdOf('a', 'R', 1)).toBe(ids[0]);
  });
});
