/**
 * A campaign as the API server has it, with the user's own permissions: campaign and plans by watch, the log of decisions and the
 * claim of the namespace by a read every 5 s, as often as the operator writes the log. All of it goes on while the API server is
 * away: the last state is shown with its age.
 */

import { unreadableInPlan } from '../../contract/readable.ts';
import type { ApiResource } from '../../operator/kube/api-resources.ts';
import { CAMPAIGNS, SCALE_PLANS } from '../../operator/kube/api-resources.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { Informer } from '../../operator/kube/informer.ts';
import type { KubeObject } from '../../operator/kube/objects.ts';
import { keepScalePlan } from '../../operator/kube/scale-plans.ts';
import { Store, type Stored } from '../../operator/kube/store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { again } from '../../runtime/sleep.ts';
import type { Api, ClusterOptions } from '../access.ts';
import type { SeenClaim } from '../claim.ts';
import { createCluster, type Decisions, type SeenCampaign, seenCampaign } from '../cluster.ts';
import { reasonOf } from '../status/watch.ts';
import type { Frame, Source } from './frame.ts';

const READ_EVERY_MS = 5_000;
/** Ages and countdowns move each second; a change of the campaign is shown at once. */
const FRAME_EVERY_MS = 1_000;

interface LiveOptions {
  readonly api: Api;
  readonly options: ClusterOptions;
  readonly clock: Clock;
  readonly wallMs: () => number;
  readonly random: () => number;
}

/** What is read now and then. */
interface Read {
  readonly decisions: Decisions | undefined;
  readonly claim: SeenClaim | undefined;
}

/** @param name undefined: the only campaign @throws UsageError, KubeError when the first read fails */
export const openLive = async (
  { api, options, clock, wallMs, random }: LiveOptions,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Source> => {
  const cluster = createCluster(api, signal);
  const readBeside = async (campaign: SeenCampaign): Promise<Read> => {
    const [decisions, claim] = await Promise.all([
      cluster.decisions(campaign).catch((error: unknown) => {
        // Without the log the status still has the numbers and their reason.
        if (isKubeError(error, 'forbidden')) return undefined;
        throw error;
      }),
      cluster.claim(campaign.metadata.namespace),
    ]);
    return { decisions, claim };
  };
  const first = await cluster.anyCampaign(name);
  const { namespace, name: called } = first.metadata;
  let beside = await readBeside(first);
  let campaign: SeenCampaign = first;
  const openedAtMs = clock.monotonicMs();
  let readAtMs = openedAtMs;
  let readFailure: unknown;
  let onChange = (): void => undefined;

  const storeOf = <T extends Stored>(): Store<T> =>
    new Store<T>({ onChange: () => onChange(), onListenerError: () => undefined });
  const campaigns = storeOf<ReturnType<typeof seenCampaign>>();
  const plans = storeOf<ReturnType<typeof keepScalePlan>>();
  const informerOf = <T extends Stored>(resource: ApiResource, store: Store<T>, keep: (object: KubeObject) => T) =>
    new Informer<T>({
      client: api.client,
      clock,
      random,
      store,
      resource,
      namespace,
      keep,
      onReport: () => undefined,
    });
  const watches = [informerOf(CAMPAIGNS, campaigns, seenCampaign), informerOf(SCALE_PLANS, plans, keepScalePlan)];

  /** Each source by itself: one that is refused must not look current because another one answers. */
  const troubles = (): readonly { readonly ageMs: number; readonly error: unknown }[] => [
    ...watches.flatMap((watch) =>
      watch.trouble === undefined
        ? []
        : [{ ageMs: watch.quietMs() ?? clock.monotonicMs() - openedAtMs, error: watch.trouble.error }],
    ),
    ...(readFailure === undefined ? [] : [{ ageMs: clock.monotonicMs() - readAtMs, error: readFailure }]),
  ];

  const frame = (): Frame => {
    const found = campaigns.get(namespace, called);
    if (found !== undefined) campaign = found;
    const own = [...plans.list(namespace)].filter(
      (plan) => plan.spec.campaignName === called && unreadableInPlan(plan).length === 0,
    );
    const oldest = troubles().toSorted((a, b) => b.ageMs - a.ageMs)[0];
    return {
      report: { campaign, plans: own, ...beside, options, nowMs: wallMs() },
      source: {
        kind: 'live',
        ageMs: oldest?.ageMs ?? 0,
        failure: oldest === undefined ? undefined : reasonOf(oldest.error),
        isGone: found === undefined && watches[0]?.isSynced === true,
      },
    };
  };

  return {
    async run(onFrame, ended) {
      onChange = () => onFrame(frame());
      const read = async (): Promise<void> => {
        beside = await readBeside(campaign);
        readAtMs = clock.monotonicMs();
        readFailure = undefined;
      };
      onFrame(frame());
      await Promise.all([
        ...watches.map((watch) => watch.run(ended)),
        again(read, READ_EVERY_MS, ended, (error) => {
          readFailure = error;
        }),
        again(
          async () => onFrame(frame()),
          FRAME_EVERY_MS,
          ended,
          () => undefined,
        ),
      ]);
    },
  };
};
