/** The observe stage: reads everything within one deadline. What a source can't tell now is stale, never guessed. */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { unreadableInPlan, unreadableText } from '../../contract/readable.ts';
import type { Reading } from '../../contract/reading.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { WorkersView } from '../signals/pod-views.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { ObservedCluster } from './cluster-view.ts';
import { ReconcileError } from './errors.ts';
import type { ClusterReader, CountsReader, SignalReader } from './ports.ts';

/** Leaves a tenth of the one-second tick for deciding and writing. */
const GATHER_DEADLINE_MS = 900;

export interface GatherDeps {
  readonly clock: Clock;
  readonly cluster: ClusterReader;
  readonly signals: SignalReader;
  /** Absent where nobody counts. */
  readonly counts?: CountsReader;
}

export interface Gathered {
  readonly cluster: ObservedCluster;
  readonly readings: CampaignReadings;
  readonly counts: { readonly received: number } | undefined;
  /** Sources that failed; the tick goes on without them. */
  readonly errors: readonly ReconcileError[];
}

const aged = <T>(reading: Reading<T>): Reading<T> =>
  reading.kind === 'fresh' ? { kind: 'stale', value: reading.value, atMs: reading.atMs } : reading;

/** The last readings as they count when this tick's did not come. */
export const agedReadings = (last: CampaignReadings | undefined): CampaignReadings =>
  last === undefined
    ? { arrivals: { kind: 'absent' }, backlog: {} }
    : {
        arrivals: aged(last.arrivals),
        backlog: Object.fromEntries(Object.entries(last.backlog).map(([tier, reading]) => [tier, aged(reading)])),
        ...(last.attemptedPerSecond === undefined ? {} : { attemptedPerSecond: aged(last.attemptedPerSecond) }),
        ...(last.dueBack === undefined ? {} : { dueBack: aged(last.dueBack) }),
        ...(last.clocks === undefined ? {} : { clocks: last.clocks }),
        ...(last.shedPercent === undefined ? {} : { shedPercent: aged(last.shedPercent) }),
        ...(last.intakes === undefined ? {} : { intakes: aged(last.intakes) }),
        ...(last.workers === undefined ? {} : { workers: aged(last.workers) }),
        served: Object.fromEntries(Object.entries(last.served ?? {}).map(([tier, reading]) => [tier, aged(reading)])),
      };

/** A plan that can't be read grants nothing and takes nothing away; the condition PlanPending says so. */
const withReadablePlans = (cluster: ObservedCluster): ObservedCluster => {
  const problemsOf = (plan: ScalePlan) => unreadableInPlan(plan);
  const plans = cluster.plans.filter((plan) => problemsOf(plan).length === 0);
  if (plans.length === cluster.plans.length) return cluster;
  const unreadablePlans = cluster.plans
    .filter((plan) => problemsOf(plan).length > 0)
    .map((plan) => ({ name: plan.metadata.name, problem: unreadableText(problemsOf(plan)) }));
  return { ...cluster, plans, unreadablePlans };
};

/** As long as arrivals count. */
const WORKERS_STALE_AFTER_MS = 5_000;

/** What workers said last, when this tick's answer did not come: one that is late is no news. */
const workersNow = (
  told: WorkersView | undefined,
  last: CampaignReadings['workers'],
  nowMs: number,
): CampaignReadings['workers'] => {
  if (told !== undefined) return { kind: 'fresh', value: told, atMs: nowMs };
  if (last === undefined || last.kind === 'absent') return last;
  return nowMs - last.atMs <= WORKERS_STALE_AFTER_MS ? last : aged(last);
};

/**
 * @throws ReconcileError `observe_cluster`: without the present replicas there is nothing to decide about.
 */
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
  const { counts: counter } = deps;
  const [readings, told] = await Promise.all([
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
  ]);
  const workers = workersNow(told?.workers, last?.workers, clock.now());
  const counts = told?.received === undefined ? undefined : { received: told.received };
  return {
    cluster: withReadablePlans(cluster),
    readings: workers === undefined ? readings : { ...readings, workers },
    counts,
    errors,
  };
};
