/** The metrics of one tick for a campaign: arrivals from the intake pods, backlog from the journal. */

import { defined } from '../../contract/defined.ts';
import type { Backlog, Reading } from '../../contract/reading.ts';
import { followsArrivals, hasConsumer, perTier, type Tier, takesRegistrations, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { JournalAdmin, JournalBacklog } from '../../journal/administration.ts';
import { abortable } from '../../runtime/abortable.ts';
import { QueueCounts, type QueueTotals } from '../queue/queue-counts.ts';
import type { ObservedPod } from '../tick/cluster-view.ts';
import type { SignalReader } from '../tick/ports.ts';
import { ArrivalCounts, type Arrivals, atLeast, readingOf } from './arrivals.ts';
import { isBelievable, type JournalCounts, journalRates, remembered } from './journal-rates.ts';
import { intakesViewOf } from './pod-findings.ts';
import type { IntakesView } from './pod-views.ts';
import type { CampaignReadings, PodClock } from './readings.ts';
import type { IntakeSample, Scraper, ScrapeTarget } from './scrape.ts';
import { factsPerSecond } from './tier-facts.ts';

/** A source that did not answer in this tick. The tick goes on; the reading ages. */
export class SignalError extends Error {
  override readonly name = 'SignalError';
  readonly kind: 'scrape' | 'backlog';

  constructor(kind: SignalError['kind'], attempted: string, cause: unknown) {
    super(`${attempted}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.kind = kind;
  }
}

interface SignalDeps {
  readonly scraper: Pick<Scraper, 'scrape'>;
  readonly journal: Pick<JournalAdmin, 'backlog'>;
  readonly shards: number;
  readonly now: () => number;
  readonly backlogDeadlineMs?: number;
  /** Sabotage of a test: believes every zero. */
  readonly believes?: typeof isBelievable;
  /** At most one per source, campaign and tick. */
  readonly onError?: (campaignId: string, error: SignalError) => void;
}

/** A value this old says nothing about now. */
const STALE_AFTER_MS = 5_000;
const BACKLOG_DEADLINE_MS = 800;
/** A campaign without a tick for this long is gone. Idle ones have one every 10 s. */
const FORGET_AFTER_MS = 10 * 60_000;

/** What waits for a tier's consumer. */
interface Queue {
  backlog: Reading<Backlog>;
  served: Reading<number>;
  /** The journal's counts of the last 3 s. */
  counts: readonly JournalCounts[];
}

/** What arrives at the pods of one tier. */
interface Stream {
  readonly counts: ArrivalCounts;
  /** The last arrivals that every ready pod proved. */
  full: { readonly value: Arrivals; readonly atMs: number } | undefined;
  arrivals: Reading<Arrivals>;
  /** Pods that missed the last scrape: asked last, so that many hanging ones can't use up every turn. */
  missed: ReadonlySet<string>;
}

/** Its own arrivals are those of registrations. */
interface Known extends Stream {
  readonly queues: Readonly<Record<Tier, Queue>>;
  /** Of tiers with arrivals besides those. */
  readonly others: Map<Tier, Stream>;
  intakes: Reading<IntakesView>;
  readonly queueCounts: QueueCounts;
  queue: Reading<QueueTotals>;
  clocks: readonly PodClock[];
  askedAtMs: number;
}

const newStream = (): Stream => ({
  counts: new ArrivalCounts(),
  full: undefined,
  arrivals: { kind: 'absent' },
  missed: new Set(),
});

/** A reading that was not renewed: unchanged while it is young, then stale. */
const unrenewed = <T>(last: Reading<T>, nowMs: number): Reading<T> =>
  last.kind === 'absent' || nowMs - last.atMs <= STALE_AFTER_MS ? last : { ...last, kind: 'stale' };

const targetsOf = (pods: readonly ObservedPod[], missed: ReadonlySet<string>): readonly ScrapeTarget[] =>
  pods
    .flatMap(({ name, adminUrl }) => (adminUrl === undefined ? [] : [{ pod: name, adminUrl }]))
    .sort((a, b) => Number(missed.has(a.pod)) - Number(missed.has(b.pod)));

/** A page was made between the request and the end of the scrape: a pod's clock within that is not off. */
const podClock = ({ pod, sourceAtMs, clocks }: IntakeSample, askedAtMs: number, answeredAtMs: number): PodClock => ({
  pod,
  aheadSeconds: (Math.min(0, sourceAtMs - askedAtMs) + Math.max(0, sourceAtMs - answeredAtMs)) / 1000,
  ...defined({ agreed: clocks }),
});

const learnRates = (queue: Queue, { enqueued, workedOff }: JournalBacklog, atMs: number): void => {
  if (enqueued === undefined || workedOff === undefined) return;
  queue.counts = remembered(queue.counts, { atMs, enqueued, workedOff });
  const rates = journalRates(queue.counts);
  if (rates !== undefined) queue.served = { kind: 'fresh', value: rates.workedOffPerSecond, atMs };
};

const readingsOf = (arrivals: Reading<Arrivals>) => ({
  arrivals: readingOf(arrivals, ({ rates }) => rates),
  attemptedPerSecond: readingOf(arrivals, ({ attemptedPerSecond }) => attemptedPerSecond),
  dueBack: readingOf(arrivals, ({ dueBack }) => dueBack),
});

/** Arrivals checked against the journal: pods that report less than they have stored are not believed. */
const besideJournal = (
  { arrivals, queues }: Known,
  spec: VoucherCampaignSpec,
  believes: typeof isBelievable,
): Reading<Arrivals> => {
  // Of the tier that processes everything. Counts as old as a stale reading prove nothing about now.
  const { counts } = queues.records;
  const isRecent = arrivals.kind === 'fresh' && (counts.at(-1)?.atMs ?? 0) > arrivals.atMs - STALE_AFTER_MS;
  const enqueued = isRecent ? journalRates(counts)?.enqueuedPerSecond : undefined;
  if (arrivals.kind !== 'fresh' || enqueued === undefined) return arrivals;
  const stored = Math.max(0, enqueued - factsPerSecond(spec, (tier) => queues[tier].served));
  const { value, atMs } = arrivals;
  const { rates, attemptedPerSecond } = value;
  if (believes(attemptedPerSecond, stored)) return arrivals;
  return {
    kind: 'stale',
    value: {
      ...value,
      rates: { ...rates, over3s: Math.max(rates.over3s, stored) },
      attemptedPerSecond: Math.max(attemptedPerSecond, stored),
    },
    atMs,
  };
};

/**
 * | ready pods | of them answered, with proof | arrivals                                                        |
 * |------------|------------------------------|-----------------------------------------------------------------|
 * | none       | –                            | the last ones; stale after 5 s: no pod proved a zero            |
 * | some       | all                          | fresh, a zero included                                          |
 * | some       | not all                      | stale at once: the last full ones, or more where a part shows more |
 *
 * "With proof" (RateWindows): the pod answered, its series are there, its clock moved on and its counter didn't fall. Pods
 * that aren't ready are asked too, because a draining pod still counts, but their proof is not required.
 *
 * Fresh arrivals that are far below what the journal has stored meanwhile are stale (journal-rates.ts): a zero counts
 * only when the sequences prove it.
 */
const arrivalsBy = (
  stream: Stream,
  ready: ReadonlySet<string>,
  proven: ReadonlySet<string>,
  seen: Arrivals | undefined,
  atMs: number,
): Reading<Arrivals> => {
  if (seen === undefined || ready.size === 0) return unrenewed(stream.arrivals, atMs);
  if ([...ready].every((pod) => proven.has(pod))) {
    stream.full = { value: seen, atMs };
    return { kind: 'fresh', ...stream.full };
  }
  // What was known in full, or more where even a part shows more.
  const { full } = stream;
  if (full === undefined) return { kind: 'stale', value: seen, atMs };
  return { kind: 'stale', value: atLeast(full.value, seen), atMs: full.atMs };
};

/**
 * | journal answered in time | backlog                      |
 * |--------------------------|------------------------------|
 * | yes                      | fresh                        |
 * | no                       | the last one; stale after 5 s |
 * | never                    | absent                       |
 */
export const createSignalReader = (deps: SignalDeps): SignalReader => {
  const campaigns = new Map<string, Known>();

  const knownOf = (key: string, nowMs: number): Known => {
    for (const [other, { askedAtMs }] of campaigns) if (askedAtMs < nowMs - FORGET_AFTER_MS) campaigns.delete(other);
    const known: Known = campaigns.get(key) ?? {
      ...newStream(),
      others: new Map(),
      queues: perTier((): Queue => ({ backlog: { kind: 'absent' }, served: { kind: 'absent' }, counts: [] })),
      intakes: { kind: 'absent' },
      queueCounts: new QueueCounts(),
      queue: { kind: 'absent' },
      clocks: [],
      askedAtMs: nowMs,
    };
    known.askedAtMs = nowMs;
    campaigns.set(key, known);
    return known;
  };

  /** Of the tier's pods; @returns what their pages say besides. */
  const readArrivals = async (
    campaignId: string,
    [tier, stream]: readonly [Tier, Stream],
    pods: readonly ObservedPod[],
    signal: AbortSignal,
  ) => {
    // One instant for the tick, taken before the scrape, so that a pod that hangs doesn't stretch the others' second.
    const atMs = deps.now();
    const { samples, findings = [], missed } = await deps.scraper.scrape(targetsOf(pods, stream.missed), signal);
    const answeredAtMs = deps.now();
    stream.missed = new Set(missed.map(({ pod }) => pod));
    const [first] = missed;
    if (first !== undefined) {
      const attempted = `read the counters of ${missed.length} of ${pods.length} ${tier} pods, ${first.pod} among them`;
      deps.onError?.(campaignId, new SignalError('scrape', attempted, first.error));
    }
    const ready = new Set(pods.flatMap((pod) => (pod.ready ? [pod.name] : [])));
    const { proven, seen } = stream.counts.add(samples, atMs, ready);
    stream.arrivals = arrivalsBy(stream, ready, proven, seen, atMs);
    return { atMs, answeredAtMs, samples, findings };
  };

  const readRegistrations = async (
    campaignId: string,
    known: Known,
    pods: readonly ObservedPod[],
    signal: AbortSignal,
  ): Promise<void> => {
    const { atMs, answeredAtMs, samples, findings } = await readArrivals(campaignId, ['intake', known], pods, signal);
    const view = intakesViewOf(findings, pods);
    known.intakes = view === undefined ? unrenewed(known.intakes, atMs) : { kind: 'fresh', value: view, atMs };
    const totals = known.queueCounts.add(samples, atMs);
    const isRenewed = totals !== undefined && samples.some(({ queue }) => queue !== undefined);
    known.queue = isRenewed ? { kind: 'fresh', value: totals, atMs } : unrenewed(known.queue, atMs);
    if (samples.length > 0) known.clocks = samples.map((sample) => podClock(sample, atMs, answeredAtMs));
  };

  const readBacklog = async (campaignId: string, tier: Tier, queue: Queue, signal: AbortSignal): Promise<void> => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(deps.backlogDeadlineMs ?? BACKLOG_DEADLINE_MS)]);
    try {
      const value = await abortable(deps.journal.backlog(campaignId, deps.shards, tier, deadline), deadline);
      const atMs = deps.now();
      learnRates(queue, value, atMs);
      const { messages, oldestSeconds } = value;
      queue.backlog = {
        kind: 'fresh',
        value: { messages, ...(oldestSeconds === undefined ? {} : { oldestSeconds }) },
        atMs,
      };
    } catch (error) {
      deps.onError?.(campaignId, new SignalError('backlog', `ask the journal for the backlog of ${tier}`, error));
      queue.served = unrenewed(queue.served, deps.now());
      queue.backlog = unrenewed(queue.backlog, deps.now());
    }
  };

  return {
    async read({ metadata, spec }, cluster, signal): Promise<CampaignReadings> {
      const { campaignId } = spec;
      const fed = tiersOf(spec).filter(hasConsumer);
      const others = tiersOf(spec).filter((tier) => followsArrivals(tier) && !takesRegistrations(tier));
      const known = knownOf(`${metadata.namespace}/${metadata.name}/${campaignId}`, deps.now());
      const streams = others.map((tier) => [tier, known.others.get(tier) ?? newStream()] as const);
      await Promise.all([
        readRegistrations(campaignId, known, cluster.tiers.intake?.pods ?? [], signal),
        ...streams.map(async ([tier, stream]) => {
          known.others.set(tier, stream);
          await readArrivals(campaignId, [tier, stream], cluster.tiers[tier]?.pods ?? [], signal);
        }),
        ...fed.map((tier) => readBacklog(campaignId, tier, known.queues[tier], signal)),
      ]);
      known.arrivals = besideJournal(known, spec, deps.believes ?? isBelievable);
      const { arrivals, queues, intakes, queue } = known;
      return {
        ...readingsOf(arrivals),
        ...(streams.length === 0
          ? {}
          : { arrivalsOf: Object.fromEntries(streams.map(([tier, stream]) => [tier, readingsOf(stream.arrivals)])) }),
        // Proven with the arrivals that it is a share of, or not at all.
        shedPercent:
          arrivals.kind === 'fresh' ? readingOf(arrivals, ({ shedPercent }) => shedPercent) : { kind: 'absent' },
        backlog: Object.fromEntries(fed.map((tier) => [tier, queues[tier].backlog])),
        served: Object.fromEntries(fed.map((tier) => [tier, queues[tier].served])),
        intakes,
        ...(queue.kind === 'absent' ? {} : { queue }),
        ...defined({ clocks: known.clocks.length === 0 ? undefined : known.clocks }),
      };
    },
  };
};
