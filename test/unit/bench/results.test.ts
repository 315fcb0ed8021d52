import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendRun, readRuns } from '../../bench/autoscaler/results.ts';
import { spreadOf } from '../../bench/autoscaler/statistics.ts';
import { scaleChecks, stepChecks, summaryOf } from '../../bench/autoscaler/verdict.ts';
import { aRun } from './a-run.ts';

describe('runs on disk', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'runs-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('are none before the first', async () => {
    expect(await readRuns(join(dir, 'runs.jsonl'))).toEqual([]);
  });

  it('come back as they were written', async () => {
    const file = join(dir, 'deep', 'runs.jsonl');
    const runs = [aRun({ id: 'a' }), aRun({ id: 'b', figures: { readyMs: undefined } })];
    for (const run of runs) await appendRun(file, run);
    expect((await readRuns(file)).map(({ id, figures }) => [id, figures.readyMs])).toEqual([
      ['a', 6_000],
      ['b', undefined],
    ]);
  });

  it('leave out the one that was cut off, and do not write behind it', async () => {
    const file = join(dir, 'runs.jsonl');
    await appendRun(file, aRun({ id: 'a' }));
    await writeFile(file, `${await readFile(file, 'utf8')}{"v":1,"id":"b`);
    expect((await readRuns(file)).map(({ id }) => id)).toEqual(['a']);
    await expect(appendRun(file, aRun({ id: 'c' }))).rejects.toThrow('delete its last line');
  });
});

describe('spread', () => {
  it('is median, extremes and the 95th percentile by nearest rank', () => {
    expect(spreadOf([5, 1, 3])).toEqual({ runs: 3, median: 3, least: 1, most: 5, p95: 5 });
    expect(spreadOf([4, 1, 3, 2])).toMatchObject({ median: 2.5, p95: 4 });
    expect(spreadOf(Array.from({ length: 40 }, (_, index) => index))).toMatchObject({ median: 19.5, p95: 37 });
    expect(spreadOf([])).toBeUndefined();
  });
});

describe('the verdict on the step', () => {
  const nobody = aRun({ id: 'n', contestant: 'nobody', figures: { readyMs: undefined, late: 30_000 } });
  const expert = aRun({ id: 'e', contestant: 'keda-expert', figures: { readyMs: 12_000 } });
  const fast = aRun({ id: 'f', contestant: 'keda-expert-1s', figures: { late: 5_000, podSeconds: 2_600 } });
  const ours = aRun({
    id: 'o',
    contestant: 'ours',
    figures: { writtenMs: 1_100, readyMs: 7_000, late: 4_000, podSeconds: 2_500 },
  });
  const failing = (...runs: Parameters<typeof stepChecks>[0]) =>
    stepChecks(runs)
      .filter(({ holds }) => !holds)
      .map(({ what }) => what);

  it('holds when ours writes early, is ready early, and the twin is late', () => {
    expect(failing(nobody, expert, fast, ours)).toEqual([]);
  });

  it('fails where ours is slower than it may be, or never wrote in one run', () => {
    expect(
      failing(nobody, expert, fast, ours, { ...ours, figures: { ...ours.figures, writtenMs: 2_500 } }),
    ).toHaveLength(1);
    expect(
      failing(nobody, expert, fast, ours, { ...ours, figures: { ...ours.figures, writtenMs: undefined } }),
    ).toHaveLength(1);
    expect(failing(nobody, expert, fast, { ...ours, figures: { ...ours.figures, readyMs: 9_000 } })).toHaveLength(1);
  });

  it('fails where more are late, or more pods are used, than with KEDA that looks each second', () => {
    const of = (figures: Partial<typeof ours.figures>) => ({ ...ours, figures: { ...ours.figures, ...figures } });
    expect(failing(nobody, expert, fast, of({ late: 4_100 }))).toHaveLength(1);
    expect(failing(nobody, expert, fast, of({ podSeconds: 2_601 }))).toHaveLength(1);
  });

  it('fails without the twin, and when the twin finds nobody late', () => {
    expect(failing(expert, fast, ours)).toEqual(['without scaling registrations are late']);
    expect(failing(expert, fast, ours, aRun({ id: 'n', contestant: 'nobody', figures: { late: 0 } }))).toHaveLength(1);
  });

  it('fails when contestants had other pods', () => {
    expect(failing(nobody, expert, fast, { ...ours, template: 'other' })).toEqual([
      'all contestants had the same pods',
    ]);
  });
});

describe('the verdict on the scale', () => {
  const run = (id: string, readyMs: number | undefined) => aRun({ id, crowd: 'scale-10-572', figures: { readyMs } });
  const oracles = [27_000, 27_500, 31_000].map((readyMs, index) => ({
    ...run(`limit-${index}`, readyMs),
    contestant: 'oracle' as const,
  }));

  it('holds for every run beside what the cluster takes, or not at all', () => {
    expect(scaleChecks([...oracles, run('a', 29_500)])[0]?.holds).toBe(true);
    expect(scaleChecks([...oracles, run('a', 28_000), run('b', 29_600)])[0]?.holds).toBe(false);
    expect(scaleChecks([...oracles, run('a', 28_000), run('b', undefined)])[0]?.holds).toBe(false);
  });

  it('does not hold where nothing ran, or nothing tells what the cluster takes', () => {
    expect(scaleChecks(oracles)[0]?.holds).toBe(false);
    expect(scaleChecks([run('a', 28_000)])[0]?.holds).toBe(false);
  });
});

it('sums cells up by their medians', () => {
  const runs = [aRun({ id: 'a' }), aRun({ id: 'b', figures: { readyMs: 8_000 } })];
  expect(summaryOf(runs)).toEqual({ 'step-2-40/ours/20': expect.objectContaining({ runs: 2, readyMs: 7_000 }) });
});
