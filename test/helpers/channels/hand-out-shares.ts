/**
 * Hands out the shares of issuance as the operator does at each tick, by its own code: the pods' metrics pages, the hand-out, and the
 * keeper that writes by compare-and-set. Without Kubernetes: a pod exists while its process does, and is Ready as its probe says.
 */
import { ADMIN_PATHS } from '../../../contract/app-contract.ts';
import type { OutsideShares } from '../../../contract/outside/outside.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { SharesStore } from '../../../journal/administration.ts';
import { handOutsOf } from '../../../operator/outside/hand-outs.ts';
import { SharesKeeper } from '../../../operator/outside/shares-keeper.ts';
import { createOutsideReader } from '../../../operator/signals/outside-reports.ts';
import { createScraper } from '../../../operator/signals/scrape.ts';
import type { ObservedCluster, ObservedPod } from '../../../operator/tick/cluster-view.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { again } from '../../../runtime/sleep.ts';

export interface RunningPod {
  readonly name: string;
  readonly adminUrl: string;
}

interface HandOutOptions {
  readonly campaign: VoucherCampaign;
  readonly store: SharesStore | undefined;
  readonly pods: () => readonly RunningPod[];
}

const TICK_MS = 1_000;
const PROBE_WITHIN_MS = 1_000;
/** As the kubelet counts by default. */
const FAILURES_TO_BE_NOT_READY = 3;

export const handOutShares = ({ campaign, store, pods }: HandOutOptions, signal: AbortSignal) => {
  let failures = 0;
  const onError = (): void => {
    failures += 1;
  };
  const keeper = new SharesKeeper({ clock: systemClock, store, onFailure: onError });
  const scraper = createScraper();
  const reader = createOutsideReader(scraper);
  const missed = new Map<string, number>();

  const probe = async ({ name, adminUrl }: RunningPod): Promise<ObservedPod> => {
    const answer = await fetch(`${adminUrl}${ADMIN_PATHS.ready}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_WITHIN_MS)]),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    // Until its first success a pod is not Ready.
    const before = missed.get(name) ?? FAILURES_TO_BE_NOT_READY;
    const now = answer?.ok === true ? 0 : before + 1;
    missed.set(name, now);
    return { name, tier: 'issuance', ready: now < FAILURES_TO_BE_NOT_READY, createdAtMs: 0, adminUrl };
  };

  const tick = async (): Promise<void> => {
    const observed = await Promise.all(pods().map(probe));
    const cluster: ObservedCluster = {
      tiers: {
        issuance: {
          deployment: { name: 'issuance', replicas: observed.length, resourceVersion: '1' },
          pods: observed,
        },
      },
      plans: [],
    };
    const reports = await reader.read(campaign, cluster, signal);
    const known: Parameters<typeof handOutsOf>[1] = {
      cluster,
      previous: undefined,
      outside: { reports, known: (tier) => keeper.known(tier), nowMs: systemClock.monotonicMs() },
    };
    keeper.keep(campaign, 'issuance', handOutsOf(campaign, known, {}, Date.now()).issuance, signal);
  };
  const ticking = again(tick, TICK_MS, signal, onError);

  return {
    /** Those in force; undefined: not known now. */
    shares: (): OutsideShares | undefined => keeper.known('issuance').inForce?.value,
    /** Ticks and requests to the journal that failed. */
    failures: (): number => failures,
    /** After the signal. */
    async done(): Promise<void> {
      await ticking;
      await keeper.settled();
      await scraper.close();
    },
  };
};
