/** The decisions of the hedged publish, with time as an argument. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HedgeBudget, ShardHealth, SILENT_AFTER_MS } from '../../../journal/hedge.ts';

describe('a hedge budget', () => {
  const spend = (budget: HedgeBudget, nowMs: number): number => {
    let taken = 0;
    while (taken < 10_000 && budget.take(nowMs)) taken += 1;
    return taken;
  };

  const cases: Readonly<Record<string, { readonly publishes: number; readonly hedges: number }>> = {
    'lets an idle system hedge five times': { publishes: 0, hedges: 5 },
    'lets a slow system hedge five times': { publishes: 49, hedges: 5 },
    'is a tenth of what was published': { publishes: 2_000, hedges: 200 },
    'is rounded down': { publishes: 2_009, hedges: 200 },
  };
  it.each(Object.entries(cases))('%s', (_, { publishes, hedges }) => {
    const budget = new HedgeBudget();
    for (let i = 0; i < publishes; i += 1) budget.publish(5_000);
    expect(spend(budget, 5_500)).toBe(hedges);
    expect(budget.hasRoom(5_500)).toBe(false);
  });

  it('forgets after ten seconds what was published and what was hedged', () => {
    const budget = new HedgeBudget();
    for (let i = 0; i < 1_000; i += 1) budget.publish(0);
    expect(spend(budget, 9_000)).toBe(100);
    expect(spend(budget, 10_000)).toBe(0);
    // Hedges are remembered for up to a second more, publishes for up to a second less.
    expect(spend(budget, 19_500)).toBe(0);
    expect(spend(budget, 20_000)).toBe(5);
  });

  it('does not forget a hedge of the end of a second before ten have gone by', () => {
    const budget = new HedgeBudget();
    expect(spend(budget, 999)).toBe(5);
    expect(spend(budget, 10_998)).toBe(0);
  });

  it('never exceeds its share within a window, whatever the order of publishes and hedges', () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 8_500, max: 10_500 })),
      publishes: fc.integer({ min: 0, max: 80 }),
      wanted: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new HedgeBudget();
        const published: number[] = [];
        const hedged: number[] = [];
        let nowMs = 0;
        for (const { waitMs, publishes, wanted } of steps) {
          nowMs += waitMs;
          for (let i = 0; i < publishes; i += 1) {
            budget.publish(nowMs);
            published.push(nowMs);
          }
          for (let i = 0; i < wanted; i += 1) {
            if (!budget.take(nowMs)) continue;
            hedged.push(nowMs);
            const within = (times: readonly number[]): number => times.filter((at) => at > nowMs - 10_000).length;
            expect(within(hedged)).toBeLessThanOrEqual(Math.max(5, within(published) / 10));
          }
        }
      }),
    );
  });
});

describe('a shard’s health', () => {
  const silence = (health: ShardHealth, shard: number, nowMs: number): void => health.waited(shard, nowMs);

  it('is silent when a publish waited and nothing was heard of it for 300 ms', () => {
    const health = new ShardHealth(3);
    health.heard(0, 1_000);
    silence(health, 0, 1_000 + SILENT_AFTER_MS - 1);
    expect(health.first(0, 1_300, true)).toBe(0);
    silence(health, 0, 1_000 + SILENT_AFTER_MS);
    expect(health.next(2, new Set([2]))).toBe(1);
  });

  it('is well again with the first answer, however late', () => {
    const health = new ShardHealth(3);
    health.unreachable(0);
    health.heard(0, 9_000);
    expect(health.first(0, 9_001, false)).toBe(0);
  });

  interface Case {
    readonly silent: readonly number[];
    readonly probedAtMs?: number;
    readonly hasRoom: boolean;
    readonly first: number | undefined;
  }
  const AT = 50_000;
  const firsts: Readonly<Record<string, Case>> = {
    'a healthy home is used': { silent: [1, 2], hasRoom: true, first: 0 },
    'a silent home is probed when that is due and covered': { silent: [0], hasRoom: true, first: 0 },
    'a silent home is not probed without a budget to cover it': { silent: [0], hasRoom: false, first: 1 },
    'a silent home is not probed twice within a second': { silent: [0], probedAtMs: AT - 999, hasRoom: true, first: 1 },
    'a silent home is probed again after a second': { silent: [0], probedAtMs: AT - 1_000, hasRoom: true, first: 0 },
    'the next healthy one is taken in ring order': { silent: [0, 1], probedAtMs: AT - 1, hasRoom: true, first: 2 },
    'with all silent, one a second is let through, budget or not': { silent: [0, 1, 2], hasRoom: false, first: 0 },
    'with all silent, the others are refused': {
      silent: [0, 1, 2],
      probedAtMs: AT - 1,
      hasRoom: true,
      first: undefined,
    },
  };
  it.each(Object.entries(firsts))('%s', (_, { silent, probedAtMs, hasRoom, first }) => {
    const health = new ShardHealth(3);
    for (const shard of silent) health.unreachable(shard);
    if (probedAtMs !== undefined) expect(health.first(0, probedAtMs, true)).toBe(0);
    expect(health.first(0, AT, hasRoom)).toBe(first);
  });

  it('remembers for ten seconds that the silence began with a lack of space', () => {
    const health = new ShardHealth(3);
    expect(health.wasFull(0)).toBe(false);
    health.refusedAsFull(1, 1_000);
    expect([health.wasFull(10_999), health.wasFull(11_000)]).toEqual([true, false]);
  });

  it('blames the connection, not the shards, when all were silent before a new one', () => {
    const health = new ShardHealth(3);
    for (const shard of [0, 1, 2]) health.unreachable(shard);
    expect(health.allSilent()).toBe(true);
    health.reconnected(1_000);
    expect([0, 1, 2].map((home) => health.first(home, 1_001, false))).toEqual([0, 1, 2]);
  });

  it('keeps the mark of a shard that was silent beside others that were not', () => {
    const health = new ShardHealth(3);
    health.unreachable(1);
    health.reconnected(1_000);
    expect(health.first(1, 1_001, false)).toBe(2);
  });

  it('never chooses a shard that was tried, nor one that is silent while another is not', () => {
    const shards = fc.subarray([0, 1, 2, 3, 4]);
    fc.assert(
      fc.property(shards, shards, fc.integer({ min: 0, max: 4 }), (silent, tried, home) => {
        const health = new ShardHealth(5);
        for (const shard of silent) health.unreachable(shard);
        const next = health.next(home, new Set(tried));
        const open = [0, 1, 2, 3, 4].filter((shard) => !silent.includes(shard) && !tried.includes(shard));
        if (next === undefined) expect(open).toEqual([]);
        else expect(open).toContain(next);
      }),
    );
  });
});
