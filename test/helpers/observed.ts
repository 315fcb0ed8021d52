/** What a tick observes; a test sets only what differs. */

import { API_VERSION } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { Ceilings } from '../../contract/types/common.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { CampaignReadings } from '../../operator/signals/readings.ts';
import type { ObservedTier } from '../../operator/tick/cluster-view.ts';
import type { Observed } from '../../operator/tick/observed.ts';

export const anObservedTier = (tier: Tier, replicas: number, ready = replicas): ObservedTier => ({
  deployment: { name: `chengdu-${tier}`, replicas, resourceVersion: '7' },
  pods: Array.from({ length: replicas }, (_, n) => ({
    name: `chengdu-${tier}-${n}`,
    tier,
    ready: n < ready,
    createdAtMs: 0,
  })),
});

export const freshReadings = (
  atMs: number,
  { arrivals = 0, backlog = 0 }: { readonly arrivals?: number; readonly backlog?: number } = {},
): CampaignReadings => ({
  arrivals: { kind: 'fresh', value: { over1s: arrivals, over3s: arrivals, over60s: arrivals }, atMs },
  backlog: { records: { kind: 'fresh', value: { messages: backlog }, atMs } },
});

export const SYNCED = { kind: 'ready', durability: 'Synced', replicas: 3, message: 'sync always' } as const;

/** Two settled tiers of two replicas, nothing arriving, journal ready. */
export const anObserved = (changes: Partial<Observed> = {}): Observed => ({
  cluster: { tiers: { intake: anObservedTier('intake', 2), records: anObservedTier('records', 2) }, plans: [] },
  readings: freshReadings(0),
  journal: SYNCED,
  canary: { result: 'confirmed', reason: '', atMs: 0 },
  counts: undefined,
  previous: undefined,
  memory: undefined,
  ...changes,
});

export const aScalePlan = ({
  name = 'plan-1',
  expiresAtMs,
  ceilings = { intake: 40 },
  verdict,
  ceilingUntilMs,
  evidence = [],
  reason = 'Load',
  status = {},
}: {
  readonly name?: string;
  readonly expiresAtMs: number;
  readonly ceilings?: Ceilings;
  readonly verdict?: 'Approved' | 'Rejected';
  readonly ceilingUntilMs?: number;
  readonly evidence?: ScalePlan['spec']['evidence'];
  readonly reason?: ScalePlan['spec']['reason'];
  readonly status?: ScalePlan['status'];
}): ScalePlan => ({
  apiVersion: API_VERSION,
  kind: 'ScalePlan',
  metadata: { name, namespace: 'vouchers' },
  spec: {
    campaignName: 'chengdu',
    campaignId: 'chengdu-2020-3',
    reason,
    ceilings,
    evidence,
    expiresAt: new Date(expiresAtMs).toISOString(),
    ...(verdict === undefined
      ? {}
      : {
          decision: {
            verdict,
            decidedBy: 'owner',
            ...(ceilingUntilMs === undefined ? {} : { ceilingUntil: new Date(ceilingUntilMs).toISOString() }),
          },
        }),
  },
  // Decided a minute before it would have expired, unless stated.
  ...(verdict === undefined && Object.keys(status).length === 0
    ? {}
    : {
        status: {
          ...(verdict === undefined ? {} : { decidedAt: new Date(expiresAtMs - 60_000).toISOString() }),
          ...status,
        },
      }),
});
