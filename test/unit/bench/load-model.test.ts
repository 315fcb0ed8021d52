import { describe, expect, it } from '@jest/globals';
import { createLoadModel, type LoadPoint, waitsOf } from '../../bench/autoscaler/load-model.ts';

const model = () => createLoadModel({ startedAtMs: 0, capacityPerReplica: 20 });
const all = { fromMs: 0, toMs: Number.POSITIVE_INFINITY, lateAfterSeconds: 5 };

describe('the load model', () => {
  it('has nobody arrive before the first call', () => {
    expect(model().now(10_000)).toMatchObject({ arrived: 0, served: 0, backlog: 0, overLastSecond: 0 });
  });

  it('works off what arrives while pods suffice', () => {
    const load = model();
    load.setReady(5, 0);
    load.setArrivals(() => 80, 0);
    expect(load.now(10_000).backlog).toBeCloseTo(0);
    expect(load.now(10_000).arrived).toBeCloseTo(800);
    expect(load.now(10_000).overLastSecond).toBeCloseTo(80);
  });

  it('lets wait what pods can not carry, and drains it with more of them', () => {
    const load = model();
    load.setReady(1, 0);
    load.setArrivals(() => 100, 0);
    expect(load.now(10_000).backlog).toBeCloseTo(800);
    load.setReady(9, 10_000);
    expect(load.now(15_000).backlog).toBeCloseTo(400);
    expect(load.now(30_000).backlog).toBeCloseTo(0);
  });

  it('has the exact area of a ramp', () => {
    const load = model();
    load.setArrivals((seconds) => 10 * seconds, 0);
    expect(load.now(10_000).arrived).toBeCloseTo(500);
    expect(load.now(10_000).overLastSecond).toBeCloseTo(95);
  });

  it('counts the rate of the last second also across a step', () => {
    const load = model();
    load.setArrivals(() => 20, 0);
    load.setArrivals(() => 520, 5_250);
    expect(load.now(5_500).overLastSecond).toBeCloseTo(0.75 * 20 + 0.25 * 520);
  });
});

describe('waits', () => {
  it('are those of a queue in the order of arrival', () => {
    const load = model();
    load.setReady(1, 0);
    load.setArrivals(() => 100, 0);
    load.setArrivals(() => 0, 10_000);
    load.now(60_000);
    const waits = waitsOf(load.points, all);
    // Who comes at t is served at 5 t: all who come later than 1.25 s wait longer than 5 s.
    expect(waits.arrived).toBe(1_000);
    expect(waits.late).toBeGreaterThan(860);
    expect(waits.late).toBeLessThan(890);
    expect(waits.waitP99Seconds).toBeGreaterThan(39);
    expect(waits.waitP99Seconds).toBeLessThan(40.5);
    expect(waits.peakBacklog).toBe(800);
  });

  it('are none where pods suffice', () => {
    const load = model();
    load.setReady(10, 0);
    load.setArrivals(() => 150, 0);
    load.now(20_000);
    expect(waitsOf(load.points, all)).toMatchObject({ late: 0, peakBacklog: 0, arrived: 3_000 });
  });

  it('count as late those who still wait at the end, and only when they have waited long enough', () => {
    const load = model();
    load.setArrivals(() => 100, 0);
    load.now(10_000);
    expect(waitsOf(load.points, all).late).toBe(500);
  });

  it('are of those who arrived in between, not before', () => {
    const points: LoadPoint[] = [
      { atMs: -1_000, arrived: 0, served: 0 },
      { atMs: 0, arrived: 100, served: 0 },
      { atMs: 1_000, arrived: 110, served: 10 },
      { atMs: 10_000, arrived: 110, served: 110 },
    ];
    expect(waitsOf(points, { ...all, toMs: 1_000 }).arrived).toBe(10);
  });
});
