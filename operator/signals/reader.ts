/** Signals of one tick for a campaign: arrivals from the intake pods, backlog from the journal. */
import type { Tier } from '../api/names.ts';
import type { CampaignReadings, JournalAdmin, ObservedPod, SignalReader } from '../reconcile/ports.ts';
import type { ArrivalRates, Backlog, Reading } from '../scaling/types.ts';
import { RateWindows } from '../scaling/windows.ts';
import type { Scraper, ScrapeTarget } from './scrape.ts';

export interface SignalDeps {
  readonly scraper: Scraper;
  readonly journal: Pick<JournalAdmin, 'backlog'>;
  readonly shards: number;
  readonly now: () => number;
}

/** A value this old says nothing about now. */
const STALE_AFTER_MS = 5_000;
const BACKLOG_DEADLINE_MS = 800;

interface Known {
  readonly windows: RateWindows;
  arrivals: Reading<ArrivalRates>;
  backlog: Reading<Backlog>;
}

/** A reading that was not renewed: fresh while it is young, then stale. */
const unrenewed = <T>(last: Reading<T>, nowMs: number, graceMs: number): Reading<T> => {
  if (last.kind === 'absent') return last;
  return { kind: nowMs - last.atMs <= graceMs ? last.kind : 'stale', value: last.value, atMs: last.atMs };
};

const targetsOf = (pods: readonly ObservedPod[]): readonly ScrapeTarget[] =>
  pods.flatMap(({ name, adminUrl }) => (adminUrl === undefined ? [] : [{ pod: name, adminUrl }]));

/**
 * | ready pods | all of them answered, clocks moving | arrivals |
 * |------------|-------------------------------------|----------|
 * | none       | –                                   | as last known, then stale: nobody proved a zero |
 * | some       | yes                                 | fresh, a zero included |
 * | some       | one missing                         | stale, with the rates that the others show: the missing one could only add |
 *
 * Pods that aren't ready are asked too: a draining pod still counts what it took.
 */
export const createSignalReader = (deps: SignalDeps): SignalReader => {
  const campaigns = new Map<string, Known>();

  const knownOf = (campaignId: string): Known => {
    const known: Known = campaigns.get(campaignId) ?? {
      windows: new RateWindows(),
      arrivals: { kind: 'absent' },
      backlog: { kind: 'absent' },
    };
    campaigns.set(campaignId, known);
    return known;
  };

  const readArrivals = async (
    known: Known,
    pods: readonly ObservedPod[],
    signal: AbortSignal,
  ): Promise<Reading<ArrivalRates>> => {
    const samples = await deps.scraper.scrape(targetsOf(pods), signal);
    const nowMs = deps.now();
    const fresh = new Set<string>();
    for (const { pod, attempted, sourceAtMs } of samples) {
      if (known.windows.add({ pod, counter: attempted, sourceAtMs }, nowMs)) fresh.add(pod);
    }
    const rates = known.windows.rates(nowMs);
    const ready = pods.filter((pod) => pod.ready);
    if (rates === undefined || ready.length === 0) return unrenewed(known.arrivals, nowMs, STALE_AFTER_MS);
    const everyoneAnswered = ready.every(({ name }) => fresh.has(name));
    return { kind: everyoneAnswered ? 'fresh' : 'stale', value: rates, atMs: nowMs };
  };

  const readBacklog = async (
    known: Known,
    campaignId: string,
    tier: Tier,
    signal: AbortSignal,
  ): Promise<Reading<Backlog>> => {
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(BACKLOG_DEADLINE_MS)]);
      const value = await deps.journal.backlog(campaignId, deps.shards, tier, deadline);
      return { kind: 'fresh', value, atMs: deps.now() };
    } catch {
      return unrenewed(known.backlog, deps.now(), STALE_AFTER_MS);
    }
  };

  return {
    async read(campaign, cluster, signal): Promise<CampaignReadings> {
      const { campaignId } = campaign.spec;
      const known = knownOf(campaignId);
      [known.arrivals, known.backlog] = await Promise.all([
        readArrivals(known, cluster.tiers.intake?.pods ?? [], signal),
        readBacklog(known, campaignId, 'records', signal),
      ]);
      return { arrivals: known.arrivals, backlog: { records: known.backlog } };
    },
  };
};
