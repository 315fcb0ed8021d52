/** When a pod stops asking an outside system by itself, and begins again. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterSent,
  afterTurn,
  type Breaker,
  breakerBlock,
  CLOSED,
  type Instant,
  PROBE_LOST_MS,
} from '../../../app/outside/breaker.ts';
import { OUTCOMES, type Sent } from '../../../app/outside/outcome.ts';

const QUOTA_END = 10_000_000;
const at = (ms: number): Instant => ({ monotonicMs: ms, agreedMs: ms });
const sent = (breaker: Breaker, outcome: Sent, ms: number, random = 0): Breaker =>
  afterSent(breaker, { outcome, now: at(ms), random, quotaEndMs: () => QUOTA_END });
const all = (breaker: Breaker, outcomes: readonly Sent[], ms: number): Breaker =>
  outcomes.reduce((one, outcome) => sent(one, outcome, ms), breaker);
const retries = (count: number): readonly Sent[] => Array(count).fill('retry');
const block = (breaker: Breaker, ms: number): string => breakerBlock(breaker, at(ms)) ?? 'open to requests';
/** How long it is blocked from an instant on, in ms. */
const blockedFor = (breaker: Breaker, fromMs: number): number => {
  let ms = fromMs;
  while (breakerBlock(breaker, at(ms)) !== undefined) ms += 100;
  return ms - fromMs;
};
const probed = (breaker: Breaker, ms: number): Breaker => afterTurn(breaker, at(ms));

const failing = all(CLOSED, retries(10), 0);
const refused = sent(CLOSED, 'refused', 0);

describe('a breaker', () => {
  const cases: Readonly<Record<string, readonly [Breaker, number, string]>> = {
    'is closed at first': [CLOSED, 0, 'open to requests'],
    'stays closed at nine failures in a row': [all(CLOSED, retries(9), 0), 0, 'open to requests'],
    'opens at the tenth': [failing, 0, 'failing'],
    'counts anew after an answer': [all(CLOSED, [...retries(9), 'answered', ...retries(9)], 0), 0, 'open to requests'],
    'opens at once when refused': [refused, 9_999, 'refused'],
    'lets a probe through after the time': [refused, 10_000, 'open to requests'],
    'lets only one probe through': [probed(refused, 10_000), 10_001, 'refused'],
    'gives a probe up that says nothing': [probed(refused, 10_000), 10_000 + PROBE_LOST_MS, 'open to requests'],
    'closes when the probe is answered': [sent(probed(failing, 2_000), 'answered', 2_100), 2_100, 'open to requests'],
    'says refused when a failing system refuses': [sent(failing, 'refused', 100), 100, 'refused'],
    'waits for the next day when the quota is used up': [sent(CLOSED, 'quota', 0), QUOTA_END - 1, 'quota'],
    'asks again on the next day': [sent(CLOSED, 'quota', 0), QUOTA_END, 'open to requests'],
    'keeps the quota in mind when an earlier request is answered': [
      all(CLOSED, ['quota', 'answered', ...retries(3)], 0),
      0,
      'quota',
    ],
    'closes when the probe finds the quota used up': [
      sent(probed(refused, 10_000), 'quota', 10_100),
      QUOTA_END,
      'open to requests',
    ],
  };
  it.each(Object.entries(cases))('%s', (_, [breaker, ms, expected]) => {
    expect(block(breaker, ms)).toBe(expected);
  });

  it('learns nothing while open from requests that were sent before', () => {
    for (const outcome of ['answered', 'retry'] as const) expect(sent(failing, outcome, 100)).toEqual(failing);
    expect(sent(refused, 'refused', 100)).toEqual(refused);
  });

  const again = (breaker: Breaker, outcome: Sent, times: number, random = 0): readonly number[] => {
    const waits: number[] = [];
    let [one, ms] = [breaker, 0];
    for (let n = 0; n < times; n += 1) {
      const waitMs = blockedFor(one, ms);
      waits.push(waitMs);
      ms += waitMs;
      one = sent(probed(one, ms), outcome, ms, random);
    }
    return waits;
  };

  it('waits longer each time that it is refused, up to a minute', () => {
    expect(again(refused, 'refused', 6)).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('waits longer each time that the probe fails, up to half a minute, half of it at random', () => {
    expect(again(failing, 'retry', 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(again(all(CLOSED, retries(10), 0), 'retry', 7, 0.9).at(-1)).toBe(28_500);
  });

  it('begins with the shortest time after it was closed', () => {
    const long = sent(probed(failing, 500), 'retry', 500);
    const closed = sent(probed(long, 9_000), 'answered', 9_000);
    expect(blockedFor(all(closed, retries(10), 9_000), 9_000)).toBe(500);
  });

  it('is never shut for good, and never lets two probes through, whatever happens', () => {
    const event = fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      outcome: fc.constantFrom(...OUTCOMES, 'nothing' as const),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let breaker = CLOSED;
        let ms = 0;
        for (const { afterMs, outcome, random } of events) {
          ms += afterMs;
          if (breakerBlock(breaker, at(ms)) === undefined) {
            breaker = afterTurn(breaker, at(ms));
            if (breaker.opened !== undefined) expect(breakerBlock(breaker, at(ms))).toBeDefined();
          }
          if (outcome !== 'nothing') breaker = sent(breaker, outcome, ms, random);
        }
        expect(breakerBlock(breaker, at(Math.max(QUOTA_END, ms + 60_000)))).toBeUndefined();
      }),
    );
  });
});
