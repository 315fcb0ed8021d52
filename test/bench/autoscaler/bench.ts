/** The loop of both contests: what is still to do, one run after the other, each on disk before the next begins. */
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { down } from '../../../tools/cluster.ts';
import type { ScenarioContext, ScenarioResult } from '../../helpers/scenario.ts';
import { readOptions } from './choice.ts';
import { horizontalSyncSeconds, usesHpa } from './contest.ts';
import { type PageServer, startPages } from './pages.ts';
import { writeManifests } from './published.ts';
import { appendRun, type RunRecord, readRuns } from './results.ts';
import { runOne } from './run-one.ts';
import { type Cell, chosen, type PlannedRun, remaining, runsOf } from './schedule.ts';
import { type ContestWorld, PAGES_PORT, startContestWorld } from './world.ts';

export const EVIDENCE = join(import.meta.dirname, '../../../docs/evidence');
const CLUSTER = 'vo-bench';

export interface Contest {
  /** Of the scenario, and of its file of runs. */
  readonly name: string;
  readonly cells: readonly Cell[];
  readonly pods: PodOptions;
  /** Addresses besides the host's end of the link where the pages of pods are asked for. */
  readonly podPages?: { readonly host: string; readonly port: number };
  /** What else the cluster needs; called again for each rate of the controller manager. */
  readonly prepare?: (world: ContestWorld, signal: AbortSignal) => Promise<void>;
  readonly verdict: (runs: readonly RunRecord[]) => {
    readonly holds: boolean;
    readonly summary: Record<string, unknown>;
  };
}

export const runsFile = (name: string): string => join(EVIDENCE, `05-bench-${name}.jsonl`);

/** One more try: a run that the machine spoiled before the crowd came shall not end an hour of them. */
const TRIES = 2;

export const contest = async (
  { name, cells, pods, podPages, prepare, verdict }: Contest,
  { args, signal, progress }: ScenarioContext,
): Promise<ScenarioResult> => {
  const { choice, minutes, seed, isFresh, keeps } = readOptions(args);
  const file = runsFile(name);
  if (isFresh) await rm(file, { force: true });
  const endAtMs = Date.now() + minutes * 60_000;
  const all = runsOf(cells, seed);
  const done = new Set((await readRuns(file)).map(({ id }) => id));
  const due = chosen(remaining(all, done), choice);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  progress(`${due.length} of ${all.length} runs to do, ${done.size} done before`);

  let world: ContestWorld | undefined;
  let pages: PageServer | undefined;
  let last: { readonly managerQps: number; readonly horizontalSyncSeconds: number | undefined } | undefined;
  const worldFor = async ({ managerQps, contestant }: PlannedRun): Promise<ContestWorld> => {
    // Without an HPA it does not matter how often it looks: the controller manager stays as the run before had it.
    const sync = usesHpa(contestant) ? horizontalSyncSeconds(contestant) : last?.horizontalSyncSeconds;
    const manager = { managerQps, horizontalSyncSeconds: sync };
    if (world !== undefined && JSON.stringify(last) === JSON.stringify(manager)) return world;
    await world?.stop();
    world = await startContestWorld({ ...manager, name: CLUSTER, pods, signal, progress });
    last = manager;
    await prepare?.(world, signal);
    return world;
  };
  try {
    for (const [index, planned] of due.entries()) {
      if (Date.now() >= endAtMs) break;
      const here = await worldFor(planned);
      pages ??= await startPages([
        { host: here.cluster.addresses.host, port: PAGES_PORT },
        ...(podPages === undefined ? [] : [podPages]),
      ]);
      await writeManifests(join(EVIDENCE, `05-bench-${name}`), planned, here);
      for (let attempt = 1; ; attempt += 1) {
        try {
          const run = await runOne(here, pages, planned, signal);
          await appendRun(file, { ...run, commit });
          const { decidedMs, writtenMs, readyMs, late, podSeconds, overshoot } = run.figures;
          const told = JSON.stringify({ decidedMs, writtenMs, readyMs, late, podSeconds, overshoot });
          progress(`${index + 1}/${due.length} ${planned.id} ${told}`);
          break;
        } catch (error) {
          signal.throwIfAborted();
          if (attempt === TRIES) throw error;
          progress(`${planned.id} is tried again: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
  } finally {
    await pages?.close();
    await world?.stop();
    if (world !== undefined && !keeps) await down(CLUSTER, new AbortController().signal);
  }
  const runs = await readRuns(file);
  const left = remaining(all, new Set(runs.map(({ id }) => id)));
  if (left.length > 0) {
    return {
      kind: 'not_run',
      reason: `${left.length} of ${all.length} runs are still to do; the same command goes on, and its figures are in ${file}`,
    };
  }
  return { kind: 'ran', ...verdict(runs), raw: { runs: `05-bench-${name}.jsonl` } };
};
