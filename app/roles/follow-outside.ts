/** The outside systems of a tier, each at this pod's share of its rate. */
import type { Registry } from 'prom-client';
import type { Tier } from '../../contract/tiers.ts';
import type { JournalConnection } from '../../journal/connection.ts';
import { createSharesRead } from '../../journal/live/outside-shares.ts';
import { systemClock, type WallClock } from '../../runtime/clock.ts';
import type { LimitedLog } from '../limited-log.ts';
import { type FollowDeps, type FollowedSystems, followSystems, type SystemSpec } from '../outside/follow.ts';
import { createOutsideMetrics } from '../outside/metrics.ts';

interface Pod {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly podName: string;
  readonly agreed: WallClock;
  readonly registry: Registry;
  readonly log: LimitedLog;
}

export const followOutside = <Spec extends SystemSpec, Client>(
  tier: Tier,
  of: Pick<FollowDeps<Spec, Client>, 'create' | 'identityOf' | 'systemOf'>,
  { connection, campaignId, podName, agreed, registry, log }: Pod,
  signal: AbortSignal,
): FollowedSystems<Spec, Client> =>
  followSystems(
    {
      ...of,
      readShares: createSharesRead({ connection, campaignId, tier }),
      podName,
      clock: systemClock,
      agreed,
      random: Math.random,
      metrics: createOutsideMetrics(registry),
      onError: log.failed('read the shares of this pod'),
    },
    signal,
  );
