import { describe, expect, it } from '@jest/globals';
import { decide } from '../../../operator/scaling/decide.ts';
import { cellsOf, KINDS, runaway } from '../../bench/law/cells.ts';
import { fallsOf } from '../../bench/law/monotone.ts';
import { optimumOf, playFixed, playLaw } from '../../bench/law/play.ts';
import { type Result, verdictOf } from '../../bench/law/verdict.ts';
import { defaultCampaign } from '../../bench/traces/cases.ts';
import { alwaysTheMaximum } from '../../bench/traces/sabotage.ts';

const campaign = await defaultCampaign();
const cell = runaway(campaign);
const optimum = optimumOf(cell);

describe('the grid', () => {
  it('has every kind, every corner and the case of the issue, the same for the same seed', () => {
    const cells = cellsOf('unit', campaign);
    expect(cells).toHaveLength(217);
    expect(new Set(cells.map(({ kind }) => kind))).toEqual(new Set(KINDS));
    expect(cellsOf('unit', campaign)).toEqual(cells);
    expect(cellsOf('other', campaign)).not.toEqual(cells);
  });
});

describe('the search', () => {
  it('finds the fewest replicas that do as well, where one by one finds them too', () => {
    const limit = optimum.bestLate + Math.max(50, 0.01 * optimum.bestLate);
    expect(playFixed(cell, optimum.replicas).late).toBeLessThanOrEqual(limit);
    for (let replicas = cell.base; replicas < optimum.replicas; replicas += 1) {
      expect(playFixed(cell, replicas).late).toBeGreaterThan(limit);
    }
  });

  it('agrees with the issue’s model of the same plant within a tenth', () => {
    // 600 asked for at once: 29,819 late. 161: 29,969. 108: 39,983.
    expect(Math.abs(optimum.bestLate / 29_819 - 1)).toBeLessThan(0.1);
    expect(Math.abs(playFixed(cell, 161).late / 29_969 - 1)).toBeLessThan(0.1);
    expect(Math.abs(playFixed(cell, 108).late / 39_983 - 1)).toBeLessThan(0.1);
  });
});

describe('the verdict', () => {
  const resultOf = (law: Result['law']): Result => ({
    name: cell.name,
    kind: cell.kind,
    tier: cell.tier,
    law,
    optimum,
  });
  const missed = (law: Result['law'], falls: readonly string[] = []): readonly string[] =>
    verdictOf([resultOf(law)], law, { asked: 1, falls })
      .filter(({ holds }) => !holds)
      .map(({ goal }) => goal);
  const best = playFixed(cell, optimum.replicas);

  it('holds for the optimum', () => {
    expect(missed({ ...best, mostWanted: optimum.replicas })).toEqual([]);
  });

  it('fails a law that always asks for the maximum', () => {
    const most = playLaw(cell, alwaysTheMaximum);
    expect(most.mostWanted).toBe(600);
    expect(missed(most)).toEqual([
      '60/s → 3,000/s: late ≤ 30,300, wanted never above 178',
      'replicas ≤ 1.1 × the fewest that suffice, median of either tier where beliefs are right',
    ]);
  });

  it('fails a law that asks for too little, turns around, or falls', () => {
    expect(missed(playFixed(cell, 80))).toContain(
      'late ≤ 1.1 × best (or best + 50) in every cell where beliefs are right',
    );
    expect(missed({ ...best, turns: 2 })).toEqual(['replicas turn around at most once in a cell']);
    expect(missed(best, ['here'])).toEqual(['wanted never falls when more arrive or more wait']);
  });
});

describe('the questions about more arrivals and more who wait', () => {
  it('find no fall in the law', () => {
    expect(fallsOf(decide).falls).toEqual([]);
  });

  it('find one in a law that wants less in the middle of a queue', () => {
    const spoiled: typeof decide = (input, limits, memory) => {
      const decision = decide(input, limits, memory);
      const messages = input.backlog?.kind === 'fresh' ? input.backlog.value.messages : 0;
      return { ...decision, wanted: messages > 1_000 && messages < 2_000 ? 2 : decision.wanted };
    };
    expect(fallsOf(spoiled).falls.length).toBeGreaterThan(0);
  });
});
