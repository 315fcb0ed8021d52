import { describe, expect, it } from '@jest/globals';
import { parseMemory, resumeMemory, serializeMemory } from '../../../operator/plan/memory.ts';
import { EMPTY_MEMORY, type TierMemory } from '../../../operator/scaling/types.ts';

const NOW_MS = Date.parse('2020-09-25T02:00:07.000Z');
const tier: TierMemory = {
  recentWanted: [
    { slotStartMs: 1_600_999_190_000, wanted: 40 },
    { slotStartMs: 1_600_999_200_000, wanted: 38 },
  ],
  lastDownMs: 1_600_999_201_000,
  lastDownFrom: 42,
  freshTicks: 7,
};
const memory = { intake: tier, records: EMPTY_MEMORY };

describe('the scaler’s memory in status', () => {
  it('survives, except that a new process has seen no fresh tick', () => {
    expect(parseMemory(serializeMemory(memory))).toEqual({ intake: { ...tier, freshTicks: 0 }, records: EMPTY_MEMORY });
  });

  it('does not change with the number of fresh ticks', () => {
    expect(serializeMemory({ ...memory, intake: { ...tier, freshTicks: 8 } })).toBe(serializeMemory(memory));
  });

  it('fits into its field with an hour of slots in both tiers', () => {
    const hour: TierMemory = {
      recentWanted: Array.from({ length: 361 }, (_, n) => ({
        slotStartMs: 1_600_999_190_000 + n * 10_000,
        wanted: 4999,
      })),
      freshTicks: 3,
    };
    expect(serializeMemory({ intake: hour, records: hour }).length).toBeLessThan(16_384);
  });

  it.each([
    ['missing', undefined],
    ['not JSON', '{'],
    ['of another version', serializeMemory(memory).replace('"v":1', '"v":2')],
    ['without a tier', '{"v":1,"tiers":{}}'],
    ['with impossible numbers', serializeMemory(memory).replace('40', '-40')],
  ])('is not trusted when it is %s', (_, text) => {
    expect(parseMemory(text)).toBeUndefined();
  });

  it('counts the present size as wanted until now when there is no history', () => {
    const resumed = resumeMemory({ scaler: 'garbage' }, { intake: 40, records: 0 }, NOW_MS);
    expect(resumed.intake).toEqual({
      recentWanted: [{ slotStartMs: Date.parse('2020-09-25T02:00:00.000Z'), wanted: 40 }],
      freshTicks: 0,
    });
    expect(resumed.records).toEqual(EMPTY_MEMORY);
  });
});
