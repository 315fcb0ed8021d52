/**
 * How long an intake pod takes from created to Ready, by stage: one at a time is taken away without grace from a campaign at
 * rest, and its successor is watched. Times are from the API server's watch; the time of the process itself
 * is from its log. `--pods N`, `--cluster NAME`.
 */
import { parseArgs } from 'node:util';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { watchPath } from '../helpers/kube-api.ts';
import { CAMPAIGN_NAMESPACE, type Platform, withPlatform } from '../helpers/platform.ts';
import type { Scenario, ScenarioContext } from '../helpers/scenario.ts';

const MOST_MS = 2_500;
const CAMPAIGN = { intake: { min: 2, max: 2, capacityPerReplica: 500 } };
const INTAKE = 'app.kubernetes.io/component=intake';

/** Monotonic milliseconds of each change. */
interface Changes {
  created: number;
  scheduled?: number;
  started?: number;
  ready?: number;
}

/** What one start took, milliseconds. */
interface Start {
  readonly pod: string;
  readonly toScheduled: number;
  /** Sandbox, volumes, container. */
  readonly toStarted: number;
  /** The process, the probe, and the kubelet's report. */
  readonly toReady: number;
  readonly all: number;
  /** From the start of the process until it was ready, by its own log. */
  readonly process: number;
}

const isTrue = ({ status }: Pod, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

const hasStarted = ({ status }: Pod): boolean =>
  status?.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false;

const note = (all: Map<string, Changes>, type: string, pod: Pod): void => {
  const name = pod.metadata?.name ?? '';
  const nowMs = performance.now();
  if (type === 'ADDED' && !all.has(name)) all.set(name, { created: nowMs });
  const seen = all.get(name);
  if (seen === undefined) return;
  if (isTrue(pod, 'PodScheduled')) seen.scheduled ??= nowMs;
  if (hasStarted(pod)) seen.started ??= nowMs;
  if (isTrue(pod, 'Ready')) seen.ready ??= nowMs;
};

const readyLine = z.object({ msg: z.literal('ready'), startedInMs: z.number() });

const processMs = async ({ kubectl }: Platform, pod: string): Promise<number> => {
  for (const line of (await kubectl('logs', pod)).split('\n')) {
    if (!line.startsWith('{')) continue;
    const { data } = readyLine.safeParse(JSON.parse(line));
    if (data !== undefined) return data.startedInMs;
  }
  throw new Error(`${pod} never said that it was ready`);
};

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);

const run = async ({ args, signal, progress }: ScenarioContext, platform: Platform) => {
  const { values } = parseArgs({ args: [...args], options: { pods: { type: 'string' } }, strict: false });
  const { kubectl, api } = platform;
  const seen = new Map<string, Changes>();
  const watching = new AbortController();
  const path = `/api/v1/namespaces/${CAMPAIGN_NAMESPACE}/pods?labelSelector=${encodeURIComponent(INTAKE)}`;
  const watched = watchPath(
    api,
    path,
    ({ type, object }) => note(seen, type, object as Pod),
    AbortSignal.any([signal, watching.signal]),
  );
  const starts: Start[] = [];
  try {
    await eventually(() => [...seen.values()].filter(({ ready }) => ready !== undefined).length >= 2, {
      timeoutMs: 60_000,
      what: 'both intakes to be Ready',
    });
    for (let n = 0; n < Number(values['pods'] ?? 15); n += 1) {
      const before = new Set(seen.keys());
      const [oldest = ''] = (await kubectl('get', 'pods', '-l', INTAKE, '-o', 'jsonpath={.items[*].metadata.name}'))
        .trim()
        .split(' ');
      await kubectl('delete', 'pod', oldest, '--grace-period=0', '--force', '--wait=false');
      const [pod, { created, scheduled, started, ready }] = await eventually(
        () => {
          const found = [...seen].find(([name]) => !before.has(name));
          return found?.[1].ready === undefined ? undefined : found;
        },
        { timeoutMs: 60_000, what: `the successor of ${oldest}` },
      );
      const [at, on, up] = [scheduled ?? Number.NaN, started ?? Number.NaN, ready ?? Number.NaN];
      const start = {
        pod,
        toScheduled: Math.round(at - created),
        toStarted: Math.round(on - at),
        toReady: Math.round(up - on),
        all: Math.round(up - created),
        process: await processMs(platform, pod),
      };
      starts.push(start);
      progress(JSON.stringify(start));
    }
  } finally {
    watching.abort();
    await watched;
  }
  const of = (stage: Exclude<keyof Start, 'pod'>): number => median(starts.map((start) => start[stage]));
  return {
    kind: 'ran' as const,
    holds: of('all') <= MOST_MS,
    summary: {
      pods: starts.length,
      medianMs: {
        toScheduled: of('toScheduled'),
        toStarted: of('toStarted'),
        toReady: of('toReady'),
        all: of('all'),
        process: of('process'),
      },
      slowestMs: Math.max(...starts.map(({ all }) => all)),
    },
    raw: starts,
  };
};

export const scenario: Scenario = {
  issue: '05',
  run: (context) => withPlatform(context, CAMPAIGN, (platform) => run(context, platform)),
};
