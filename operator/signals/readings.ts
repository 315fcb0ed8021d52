/** The signals of one tick. */
import type { CanaryReport } from '../../contract/app-contract.ts';
import type { Backlog, Reading } from '../../contract/reading.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { ArrivalRates, DueBack } from '../scaling/types.ts';
import type { IntakesView, WorkersView } from './pod-views.ts';

/** Signals of one tick. */
export interface CampaignReadings {
  /** First attempts: what the law follows. */
  readonly arrivals: Reading<ArrivalRates>;
  /** All attempts per second, over 3 s: what people read. Absent: nobody tells them apart, and arrivals are all. */
  readonly attemptedPerSecond?: Reading<number>;
  /** Citizens who were asked to come again within seconds. Absent: nobody tells. */
  readonly dueBack?: Reading<DueBack>;
  readonly backlog: Partial<Readonly<Record<Tier, Reading<Backlog>>>>;
  /** Messages that a tier works off per second. Absent: nobody measures it. */
  readonly served?: Partial<Readonly<Record<Tier, Reading<number>>>>;
  /** Of the attempted registrations, those that were sent away, with 503 or below HTTP, in percent. Absent: nobody measures it. */
  readonly shedPercent?: Reading<number>;
  /** Absent: nobody reads it. */
  readonly intakes?: Reading<IntakesView>;
  readonly workers?: Reading<WorkersView>;
  /** Of the pods that answered last. Absent: none has, or nobody looks. */
  readonly clocks?: readonly PodClock[];
}

/** Attempted registrations per second over 3 s, first attempts or not. */
export const attemptedOf = ({
  arrivals,
  attemptedPerSecond,
}: Pick<CampaignReadings, 'arrivals' | 'attemptedPerSecond'>): Reading<number> =>
  attemptedPerSecond ?? (arrivals.kind === 'absent' ? arrivals : { ...arrivals, value: arrivals.value.over3s });

/** The time that an intake pod tells. */
export interface PodClock {
  readonly pod: string;
  /** Seconds that it is ahead of the operator's clock; what a scrape takes is allowed for. */
  readonly aheadSeconds: number;
  /** What the pod says of clocks it knows: seconds ahead of what most agree on; its own is `own`. Absent: they don't agree. */
  readonly agreed?: readonly { readonly clock: string; readonly aheadSeconds: number }[];
}

/** What records pods say. */
export interface RecordsTold {
  /** Absent while the database answers none of them. */
  readonly received?: number;
  /** Absent: these pods are older than what is asked. */
  readonly workers?: WorkersView;
}

/** What became of the last canary. */
export interface CanaryState extends CanaryReport {
  readonly atMs: number;
}
