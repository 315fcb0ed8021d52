/** The observe stage: reads everything within one deadline. What a source does not answer is out of date, never guessed. */

import type { FactsReport } from '../../contract/outside/books.ts';
import { unreadableInPlan, unreadableText } from '../../contract/readable.ts';
import type { Reading } from '../../contract/reading.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { WorkersView } from '../signals/pod-views.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { ObservedCluster } from './cluster-view.ts';
import { ReconcileError } from './errors.ts';
import type { ClusterReader, CountsReader, OutsideReader, OutsideReports, SignalReader } from './ports.ts';

/** Leaves a tenth of the one-second tick for deciding and writing. */
const GATHER_DEADLINE_MS = 900;

export interface GatherDeps {
  readonly clock: Clock;
  readonly cluster: ClusterReader;
  readonly signals: SignalReader;
  /** Absent where no component counts. */
  readonly counts?: CountsReader;
  /** Absent where no outside system is asked. */
  readonly outside?: OutsideReader;
}

export interface Gathered {
  readonly cluster: ObservedCluster;
  readonly readings: CampaignReadings;
  readonly counts: { readonly received: number } | undefined;
  /** Undefined: no records pod has counted winners' facts in this tick. */
  readonly facts: FactsReport | undefined;
  readonly outside: OutsideReports;
  readonly errors: readonly ReconcileError[];
}

const aged = <T>(reading: Reading<T>): Reading<T> =>
  reading.kind === 'fresh' ? { ...reading, kind: 'stale' } : reading;
const agedAll = <R extends Readonly<Record<string, Reading<unknown>>>>(readings: R): R =>
  Object.fromEntries(Object.entries(readings).map(([name, reading]) => [name, aged(reading)])) as R;

/** The last readings, out of date now because this tick's did not come. */
export const agedReadings = (last: CampaignReadings | undefined): CampaignReadings => {
  if (last === undefined) return { arrivals: { kind: 'absent' }, backlog: {} };
  const { arrivals, arrivalsOf = {}, backlog, clocks, served = {}, ...others } = last;
  const agedOf = Object.entries(arrivalsOf).map(([tier, readings]) => [tier, agedAll({ ...readings })] as const);
  return {
    ...agedAll({ arrivals, ...others }),
    ...(agedOf.length === 0 ? {} : { arrivalsOf: Object.fromEntries(agedOf) }),
    backlog: agedAll(backlog),
    served: agedAll(served),
    ...(clocks && { clocks }),
  };
};

/** A plan that can't be read grants nothing and takes nothing away; the condition PlanPending says so. */
const withReadablePlans = (cluster: ObservedCluster): ObservedCluster => {
  const judged = cluster.plans.map((plan) => ({ plan, problems: unreadableInPlan(plan) }));
  const unreadablePlans = judged
    .filter(({ problems }) => problems.length > 0)
    .map(({ plan, problems }) => ({ name: plan.metadata.name, problem: unreadableText(problems) }));
  if (unreadablePlans.length === 0) return cluster;
  const plans = judged.filter(({ problems }) => problems.length === 0).map(({ plan }) => plan);
  return { ...cluster, plans, unreadablePlans };
};

/** As long as arrivals count. */
const WORKERS_STALE_AFTER_MS = 5_000;

/** The last report of the workers counts on for a while when this tick's did not come. */
const workersNow = (
  reported: WorkersView | undefined,
  last: CampaignReadings['workers'],
  nowMs: number,
): CampaignReadings['workers'] => {
  if (reported !== undefined) return { kind: 'fresh', value: reported, atMs: nowMs };
  if (last === undefined || last.kind === 'absent') return last;
  return nowMs - last.atMs <= WORKERS_STALE_AFTER_MS ? last : aged(last);
};
/** @throws ReconcileError `observe_cluster`: without the present replicas nothing can be decided. */
export const gather = async (
  deps: GatherDeps,
  campaign: VoucherCampaign,
  last: CampaignReadings | undefined,
  signal: AbortSignal,
): Promise<Gathered> => {
  const { clock } = deps;
  const startedAtMs = clock.monotonicMs();
  const left = (): number => Math.max(0, GATHER_DEADLINE_MS - (clock.monotonicMs() - startedAtMs));

  const cluster = await within(clock, left(), signal, (inner) => deps.cluster.observe(campaign, inner)).catch(
    (error: unknown) => {
      throw new ReconcileError('observe_cluster', 'read Deployments, pods and plans', error);
    },
  );

  const errors: ReconcileError[] = [];
  const { counts: counter, outside: outsideReader } = deps;
  const [readings, reported, outside = {}] = await Promise.all([
    within(clock, left(), signal, (inner) => deps.signals.read(campaign, cluster, inner)).catch((error: unknown) => {
      errors.push(new ReconcileError('read_signals', 'read arrivals and backlog', error));
      return agedReadings(last);
    }),
    counter === undefined
      ? undefined
      : within(clock, left(), signal, (inner) => counter.count(campaign, cluster, inner)).catch((error: unknown) => {
          errors.push(new ReconcileError('read_counts', 'count registrations', error));
          return undefined;
        }),
    outsideReader === undefined
      ? undefined
      : within(clock, left(), signal, (inner) => outsideReader.read(campaign, cluster, inner)).catch(
          (error: unknown) => {
            errors.push(new ReconcileError('read_outside', 'read what pods report about outside systems', error));
            return undefined;
          },
        ),
  ]);
  const workers = workersNow(reported?.workers, last?.workers, clock.now());
  const counts = reported?.received === undefined ? undefined : { received: reported.received };
  return {
    cluster: withReadablePlans(cluster),
    readings: workers === undefined ? readings : { ...readings, workers },
    counts,
    facts: reported?.facts,
    outside,
    errors,
  };
};
