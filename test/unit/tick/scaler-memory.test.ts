import { describe, expect, it } from '@jest/globals';
import { perTier } from '../../../contract/tiers.ts';
import { EMPTY_MEMORY, type TierMemory } from '../../../operator/scaling/types.ts';
import { parseMemory, resumeMemory, serializeMemory } from '../../../operator/tick/scaler-memory.ts';
import { memories } from '../../helpers/tier.ts';

const NOW_MS = Date.parse('2020-09-25T02:00:07.000Z');
const tier: TierMemory = {
  recentWanted: [
    { slotStartMs: 1_600_999_190_000, wanted: 40, rise: 0, rate: 12 },
    { slotStartMs: 1_600_999_200_000, wanted: 38, rise: 2_400, rate: 2_600 },
  ],
  fellMs: 1_600_999_100_000,
  pressing: { wanted: 60, untilMs: 1_600_999_300_000 },
  mistakesMs: [1_600_999_000_000],
  lastDownMs: 1_600_999_201_000,
  lastDownFrom: 42,
  freshTicks: 7,
  capacityPerReplica: 417.25,
  startSeconds: 8.4,
  createdPerSecond: 19.5,
  panicUntilMs: 1_600_999_320_000,
  blindSinceMs: 1_600_999_200_000,
  trial: { ready: 40, servedPerSecond: 17_000, useless: 1 },
  saturation: { sinceMs: 1_600_999_199_000, perReplica: 100, admissionPerSecond: 3_600 },
};
const memory = memories({ intake: tier });

describe('the scaler’s memory in status', () => {
  it('survives, except that a new process has seen no fresh tick', () => {
    expect(parseMemory(serializeMemory(memory))).toEqual(memories({ intake: { ...tier, freshTicks: 0 } }));
  });

  it('of a release that knew less is taken as it is', () => {
    const older = '{"v":1,"tiers":{"intake":{"b":10000,"w":[[0,40]]},"records":{"b":0,"w":[]}}}';
    expect(parseMemory(older)?.intake).toEqual({ recentWanted: [{ slotStartMs: 10_000, wanted: 40 }], freshTicks: 0 });
    expect(parseMemory(older)?.verification).toEqual(EMPTY_MEMORY);
  });

  it('does not change with the number of fresh ticks', () => {
    expect(serializeMemory(memories({ intake: { ...tier, freshTicks: 8 } }))).toBe(serializeMemory(memory));
  });

  it('fits into its field with an hour of slots in every tier', () => {
    const hour: TierMemory = {
      recentWanted: Array.from({ length: 62 }, (_, n) => ({
        slotStartMs: 1_600_999_190_000 + n * 60_000,
        wanted: 4999.99,
        rise: 123_456,
        rate: 1_234_567,
      })),
      mistakesMs: Array.from({ length: 20 }, (_, n) => 1_600_999_190_000 + n),
      freshTicks: 3,
    };
    expect(serializeMemory(perTier(() => hour)).length).toBeLessThan(16_384);
  });

  it.each([
    ['missing', undefined],
    ['not JSON', '{'],
    ['of another version', serializeMemory(memory).replace('"v":1', '"v":2')],
    ['without a tier', '{"v":1,"tiers":{}}'],
    ['with impossible numbers', serializeMemory(memory).replace('40', '-40')],
    ['with a capacity below nothing', serializeMemory(memory).replace('417.25', '-1')],
    ['with a number beyond all bounds', serializeMemory(memory).replace('3600', '1e999')],
    ['with a word for a number', serializeMemory(memory).replace('8.4', '"soon"')],
    ['with half a saturation', serializeMemory(memory).replace(',100,3600]', ']')],
  ])('is not trusted when it is %s', (_, text) => {
    expect(parseMemory(text)).toBeUndefined();
  });

  it('counts the present size as wanted until now when there is no history', () => {
    const resumed = resumeMemory({ scaler: 'garbage' }, { ...perTier(() => 0), intake: 40 }, NOW_MS);
    expect(resumed.intake).toEqual({
      recentWanted: [{ slotStartMs: Date.parse('2020-09-25T02:00:00.000Z'), wanted: 40 }],
      freshTicks: 0,
    });
    expect(resumed.records).toEqual(EMPTY_MEMORY);
  });
});
