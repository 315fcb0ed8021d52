import type { CanaryReport } from '../../contract/app-contract.ts';
import type { FactsReport } from '../../contract/outside/books.ts';
import type { Backlog, Reading } from '../../contract/reading.ts';
import { followsArrivals, type Tier, takesRegistrations } from '../../contract/tiers.ts';
import type { QueueTotals } from '../queue/queue-counts.ts';
import type { ArrivalRates, DueBack } from '../scaling/types.ts';
import type { IntakesView, WorkersView } from './pod-views.ts';

/** Arrivals at the pods of one tier. */
export interface ArrivalReadings {
  readonly arrivals: Reading<ArrivalRates>;
  readonly attemptedPerSecond?: Reading<number>;
  readonly dueBack?: Reading<DueBack>;
}

export interface CampaignReadings extends ArrivalReadings {
  /** First attempts: what the law follows. */
  readonly arrivals: Reading<ArrivalRates>;
  /** All attempts per second, over 3 s: what people read. Absent: no pod counts returns, so arrivals are all attempts. */
  readonly attemptedPerSecond?: Reading<number>;
  /** Citizens who were asked to come again within seconds. Absent: no pod reports it. */
  readonly dueBack?: Reading<DueBack>;
  readonly backlog: Partial<Readonly<Record<Tier, Reading<Backlog>>>>;
  /** Of tiers with arrivals of their own, besides the one that takes registrations: all attempts and first attempts. */
  readonly arrivalsOf?: Partial<Readonly<Record<Tier, ArrivalReadings>>>;
  /** Messages that a tier processes per second. Absent: not measured. */
  readonly served?: Partial<Readonly<Record<Tier, Reading<number>>>>;
  /** Shed registrations (with 503 or below HTTP), in percent of the attempted ones. Absent: not measured. */
  readonly shedPercent?: Reading<number>;
  /** What pods report about the waiting room. Absent: none has one. */
  readonly queue?: Reading<QueueTotals>;
  readonly intakes?: Reading<IntakesView>;
  readonly workers?: Reading<WorkersView>;
  /** Of the pods that answered last. Absent: none has. */
  readonly clocks?: readonly PodClock[];
}

/** Attempted registrations per second over 3 s, first attempts or not. */
export const attemptedOf = ({
  arrivals,
  attemptedPerSecond,
}: Pick<CampaignReadings, 'arrivals' | 'attemptedPerSecond'>): Reading<number> =>
  attemptedPerSecond ?? (arrivals.kind === 'absent' ? arrivals : { ...arrivals, value: arrivals.value.over3s });

/** What a tier's replicas follow: its own arrivals, or those of registrations. */
export const arrivalsAt = (readings: CampaignReadings, tier: Tier): ArrivalReadings =>
  followsArrivals(tier) && !takesRegistrations(tier)
    ? (readings.arrivalsOf?.[tier] ?? { arrivals: { kind: 'absent' } })
    : readings;

/** The time of an intake pod. */
export interface PodClock {
  readonly pod: string;
  /** Seconds ahead of the operator's clock, less what a scrape may take. */
  readonly aheadSeconds: number;
  /** What the pod knows of clocks: seconds ahead of what most agree on; its own is `own`. Absent: they don't agree. */
  readonly agreed?: readonly { readonly clock: string; readonly aheadSeconds: number }[];
}

export interface RecordsReport {
  /** Absent while the database answers none of them. */
  readonly received?: number;
  /** Absent: none has counted winners' facts. */
  readonly facts?: FactsReport;
  /** Absent: these pods are too old for it. */
  readonly workers?: WorkersView;
}

export interface CanaryState extends CanaryReport {
  readonly atMs: number;
}
