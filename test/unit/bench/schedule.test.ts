import { describe, expect, it } from '@jest/globals';
import { type Cell, chosen, remaining, runsOf } from '../../bench/autoscaler/schedule.ts';

const cells: readonly Cell[] = [
  { crowd: 'step-2-40', contestant: 'keda-documented', runs: 3, managerQps: 20 },
  { crowd: 'step-2-40', contestant: 'keda-expert', runs: 15, managerQps: 20 },
  { crowd: 'step-2-40', contestant: 'ours', runs: 15, managerQps: 20 },
  { crowd: 'spikes', contestant: 'ours', runs: 2, managerQps: 20 },
];

describe('the schedule of runs', () => {
  const runs = runsOf(cells, 7);

  it('has every run of every cell once', () => {
    expect(runs).toHaveLength(35);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(35);
    expect(runs.filter(({ contestant }) => contestant === 'keda-documented').map(({ id }) => id)).toEqual([
      'step-2-40/keda-documented/20/1',
      'step-2-40/keda-documented/20/2',
      'step-2-40/keda-documented/20/3',
    ]);
  });

  it('interleaves contestants: none is ever two rounds ahead', () => {
    const ahead = { 'keda-expert': 0, ours: 0 };
    for (const { crowd, contestant } of runs) {
      if (crowd !== 'step-2-40' || !(contestant === 'ours' || contestant === 'keda-expert')) continue;
      ahead[contestant] += 1;
      expect(Math.abs(ahead.ours - ahead['keda-expert'])).toBeLessThanOrEqual(1);
    }
  });

  it('spreads the few runs of a cell over the whole', () => {
    const places = runs.flatMap(({ contestant }, index) => (contestant === 'keda-documented' ? [index] : []));
    expect(places.every((place, index) => place >= index * 11 && place < (index + 1) * 11)).toBe(true);
  });

  it('draws who comes first, and the phase, from the seed', () => {
    const first = (seed: number) => runsOf(cells, seed).map(({ id, phaseMs }) => `${id} ${phaseMs}`);
    expect(first(7)).toEqual(runs.map(({ id, phaseMs }) => `${id} ${phaseMs}`));
    expect(first(8)).not.toEqual(first(7));
    const phases = runs.map(({ phaseMs }) => phaseMs);
    expect(Math.min(...phases)).toBeLessThan(3_000);
    expect(Math.max(...phases)).toBeGreaterThan(12_000);
    expect(Math.max(...phases)).toBeLessThanOrEqual(15_000);
  });

  it('goes on with what no earlier bench has finished, in the same order', () => {
    const done = new Set(runs.slice(0, 4).map(({ id }) => id));
    expect(remaining(runs, done)).toEqual(runs.slice(4));
    expect(remaining(runs, new Set(runs.map(({ id }) => id)))).toEqual([]);
  });

  it('keeps what was asked for', () => {
    expect(chosen(cells, { crowds: ['spikes'] })).toEqual([cells[3]]);
    expect(chosen(cells, { contestants: ['ours'], runs: 1 }).map(({ runs: count }) => count)).toEqual([1, 1]);
    expect(chosen(cells, {})).toEqual(cells);
  });
});
