import { describe, expect, it } from '@jest/globals';
import { CROWDS } from '../../bench/autoscaler/contest.ts';
import { createLoadModel } from '../../bench/autoscaler/load-model.ts';
import { areaSeconds, directionChanges, figuresOf } from '../../bench/autoscaler/measure.ts';
import { everySecond, relative, thinned } from '../../bench/autoscaler/run-one.ts';

const crowd = CROWDS['step-2-40'];

const played = (readyAt: readonly (readonly [number, number])[]) => {
  const model = createLoadModel({ startedAtMs: 0, capacityPerReplica: 20 });
  model.setReady(2, 0);
  model.setArrivals(crowd.arrivalsAt, 0);
  for (const [atMs, count] of readyAt) model.setReady(count, atMs);
  model.now(crowd.windowSeconds * 1_000);
  return model.points;
};

describe('the figures of a run', () => {
  it('are when the first and when enough replicas were written, and when enough were Ready', () => {
    const replicas = [
      [0, 2],
      [1_200, 20],
      [2_300, 44],
    ] as const;
    const ready = [
      [0, 2],
      [4_000, 30],
      [6_500, 40],
      [7_000, 44],
    ] as const;
    const figures = figuresOf(crowd, { replicas, ready, pods: replicas, readAtMs: 400 }, played(ready.slice(1)));
    expect(figures).toMatchObject({
      seenMs: 400,
      decidedMs: 1_200,
      writtenMs: 2_300,
      readyMs: 6_500,
      overshoot: 1.1,
      directionChanges: 0,
    });
    expect(figures.podSeconds).toBe(Math.round(2 * 1.2 + 20 * 1.1 + 44 * 57.7));
    expect(figures.peakBacklog).toBeGreaterThan(1_000);
  });

  it('say nothing of what never came, and count everybody who was late', () => {
    const still = [[0, 2]] as const;
    const figures = figuresOf(crowd, { replicas: still, ready: still, pods: still, readAtMs: undefined }, played([]));
    expect(figures.decidedMs).toBeUndefined();
    expect(figures.writtenMs).toBeUndefined();
    expect(figures.readyMs).toBeUndefined();
    expect(figures.late).toBeGreaterThan(25_000);
  });

  it('find nobody late where pods stand ready', () => {
    const ready = [[0, 40]] as const;
    const model = createLoadModel({ startedAtMs: 0, capacityPerReplica: 20 });
    model.setReady(40, 0);
    model.setArrivals(crowd.arrivalsAt, 0);
    model.now(60_000);
    const figures = figuresOf(crowd, { replicas: ready, ready, pods: ready, readAtMs: 1 }, model.points);
    expect(figures).toMatchObject({ late: 0, peakBacklog: 0, podSeconds: 2_400, overshoot: 1 });
  });

  it('see changes of direction, not steps of one way', () => {
    expect(
      directionChanges([
        [0, 2],
        [1, 20],
        [2, 40],
      ]),
    ).toBe(0);
    expect(
      directionChanges([
        [0, 2],
        [1, 40],
        [2, 30],
        [3, 30],
        [4, 35],
      ]),
    ).toBe(2);
  });

  it('measure the area of a stair between two instants', () => {
    expect(
      areaSeconds(
        [
          [0, 2],
          [1_000, 4],
        ],
        0,
        3_000,
      ),
    ).toBe(2 + 8);
    expect(
      areaSeconds(
        [
          [0, 2],
          [5_000, 4],
        ],
        0,
        3_000,
      ),
    ).toBe(6);
    expect(areaSeconds([], 0, 3_000)).toBe(0);
  });
});

describe('series', () => {
  it('begin with what held when the crowd came', () => {
    expect(
      relative(
        [
          [100, 1],
          [200, 2],
          [305.4, 3],
        ],
        250,
      ),
    ).toEqual([
      [0, 2],
      [55, 3],
    ]);
    expect(relative([[300, 3]], 250)).toEqual([
      [0, 0],
      [50, 3],
    ]);
  });

  it('are thinned to the last of each fifth of a second, the first point and the end kept', () => {
    const ready = Array.from({ length: 41 }, (_, index) => [index * 10, index] as const);
    expect(thinned(ready)).toEqual([
      [0, 0],
      [200, 20],
      [400, 40],
    ]);
    expect(thinned([])).toEqual([]);
  });

  it('are kept once a second', () => {
    const points = Array.from({ length: 26 }, (_, index) => ({ atMs: 1_000 + index * 100, arrived: index, served: 0 }));
    expect(everySecond(points, 1_000)).toEqual([
      [0, 0, 0],
      [1, 10, 0],
      [2, 20, 0],
      [2.5, 25, 0],
    ]);
  });
});
