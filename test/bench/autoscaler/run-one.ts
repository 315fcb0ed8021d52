/** One run: a contestant takes the tier over, everything comes to rest, the crowd comes, and what follows is watched. */
import { createHash } from 'node:crypto';
import { loadavg } from 'node:os';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { eventually } from '../../helpers/eventually.ts';
import { APPS } from '../../helpers/kube-world.ts';
import { observeFor } from '../../helpers/platform.ts';
import { arrivalsFor, CONTEST, CROWDS, type Crowd } from './contest.ts';
import { startContestant } from './contestants.ts';
import { createLoadModel, type LoadModel, type LoadPoint } from './load-model.ts';
import { DEPLOYMENT, NAMESPACE } from './manifests.ts';
import { figuresOf, type Series } from './measure.ts';
import type { PageServer } from './pages.ts';
import type { RunRecord } from './results.ts';
import type { PlannedRun } from './schedule.ts';
import { type ContestWatch, watchContest } from './watch.ts';
import type { ContestWorld } from './world.ts';

/** At rest for so long before the crowd may come. */
const REST_MS = 6_000;
const LOOK_MS = 100;
const GRACE_SECONDS = 10;
const SETUP_WITHIN_MS = 120_000;

/** ms after `zeroMs`, one value per change; what held when the crowd came stands at 0. */
export const relative = (series: Series, zeroMs: number): Series => {
  const before = series.findLast(([atMs]) => atMs <= zeroMs)?.[1] ?? 0;
  const after = series
    .filter(([atMs]) => atMs > zeroMs)
    .map(([atMs, count]) => [Math.round(atMs - zeroMs), count] as const);
  return [[0, before], ...after];
};

const KEPT_EVERY_MS = 200;

/** For the record: of 600 pods that become Ready one by one, five points a second. Figures are made of all points. */
export const thinned = (series: Series): Series => [
  ...new Map(series.map((point) => [Math.ceil(point[0] / KEPT_EVERY_MS), point])).values(),
];

const last = (series: Series): number => series.at(-1)?.[1] ?? 0;

/** Pods of all contestants are the same when these are equal; what the API server and the operator add for a name is left out. */
const templateOf = async ({ api }: ContestWorld): Promise<string> => {
  const found = (await api.call({
    method: 'GET',
    path: `${APPS}/namespaces/${NAMESPACE}/deployments/${DEPLOYMENT}`,
  })) as Deployment;
  return createHash('sha256').update(JSON.stringify(found.spec?.template)).digest('hex').slice(0, 16);
};

/** Until the tier is whole, the base load comes and is worked off, and the contestant watches. */
const comeToRest = async (
  crowd: Crowd,
  model: LoadModel,
  watch: ContestWatch,
  isWatching: () => Promise<boolean>,
): Promise<void> => {
  const isWhole = (): boolean => last(watch.replicas) === crowd.from && last(watch.ready) === crowd.from;
  await eventually(isWhole, { timeoutMs: SETUP_WITHIN_MS, everyMs: LOOK_MS, what: `${crowd.from} pods to be Ready` });
  const basePerSecond = arrivalsFor(crowd.from);
  model.setArrivals(() => basePerSecond, performance.now());
  let restingSinceMs = performance.now();
  await eventually(
    async () => {
      const nowMs = performance.now();
      if (!isWhole() || model.now(nowMs).backlog > basePerSecond || !(await isWatching())) restingSinceMs = nowMs;
      return nowMs - restingSinceMs >= REST_MS;
    },
    { timeoutMs: SETUP_WITHIN_MS, everyMs: 500, what: 'the contestant to watch and everything to be at rest' },
  );
};

/** One point per second: what plots and recounts need, a few hundred bytes. */
export const everySecond = (points: readonly LoadPoint[], zeroMs: number): RunRecord['series']['load'] => {
  const kept = new Map<number, LoadPoint>();
  for (const point of points) {
    const second = Math.ceil((point.atMs - zeroMs) / 1_000);
    // The last one of each second: whatever was in between is in its counts.
    if (point.atMs >= zeroMs) kept.set(second, point);
  }
  return [...kept.values()].map(
    ({ atMs, arrived, served }) =>
      [Math.round((atMs - zeroMs) / 100) / 10, Math.round(arrived), Math.round(served)] as const,
  );
};

export const runOne = async (
  world: ContestWorld,
  pages: PageServer,
  planned: PlannedRun,
  signal: AbortSignal,
): Promise<Omit<RunRecord, 'commit'>> => {
  const crowd: Crowd = CROWDS[planned.crowd];
  // Before and not after: what can't be cleared away must not cost the run that left it.
  await world.clear();
  const startedAt = new Date().toISOString();
  const model = createLoadModel({ startedAtMs: performance.now(), capacityPerReplica: CONTEST.capacityPerReplica });
  pages.serve(model);
  const watch = watchContest(world.api, (count, atMs) => model.setReady(count, atMs));
  try {
    const contestant = await startContestant(world, planned.contestant, crowd);
    try {
      await comeToRest(crowd, model, watch, () => contestant.isWatching());
      const template = await templateOf(world);
      await observeFor(planned.phaseMs, signal);
      const loadAverage = loadavg()[0] ?? 0;
      const zeroMs = performance.now();
      model.setArrivals(crowd.arrivalsAt, zeroMs);
      await contestant.foresee?.();
      const hasEnoughReady = (): boolean => last(watch.ready) >= crowd.to;
      // There is nothing to be patient for.
      const hasNobody = planned.contestant === 'nobody';
      const isOver = (): boolean => {
        const seconds = (performance.now() - zeroMs) / 1_000;
        const mayEnd = hasEnoughReady() || hasNobody || seconds >= crowd.patienceSeconds;
        return seconds >= crowd.windowSeconds && mayEnd;
      };
      const withinMs = 1_000 * (Math.max(crowd.windowSeconds, crowd.patienceSeconds) + GRACE_SECONDS);
      await eventually(isOver, { timeoutMs: withinMs, everyMs: LOOK_MS, what: 'the run to be over', signal });
      model.now(performance.now());
      const seen = {
        replicas: relative(watch.replicas, zeroMs),
        ready: relative(watch.ready, zeroMs),
        pods: relative(watch.pods, zeroMs),
      };
      const read = pages.firstReadSince(zeroMs);
      const points = model.points.map((point) => ({ ...point, atMs: point.atMs - zeroMs }));
      const readAtMs = read === undefined ? undefined : Math.round(read - zeroMs);
      return {
        v: 1,
        ...planned,
        startedAt,
        loadAverage: Number(loadAverage.toFixed(2)),
        template,
        figures: figuresOf(crowd, { ...seen, readAtMs }, points),
        series: {
          replicas: seen.replicas,
          ready: thinned(seen.ready),
          pods: thinned(seen.pods),
          load: everySecond(model.points, zeroMs),
        },
      };
    } finally {
      await contestant.stop();
    }
  } finally {
    await watch.stop();
    pages.serve(undefined);
  }
};
