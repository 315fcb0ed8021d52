/**
 * The last check before replicas are written. A tick decides from watches, which may be late, and by this process's clock,
 * which may be wrong; here the authorisation is read once more from its source, for every write that raises.
 *
 * | planned                       | authorised when it is written | written                      |
 * |-------------------------------|-------------------------------|------------------------------|
 * | fewer, or as many             | not asked                     | as planned                   |
 * | more                          | as many                       | as planned                   |
 * | more                          | fewer                         | what is authorised, and an event |
 * | more                          | not even what is there        | nothing, and an event        |
 * | more                          | can't be read                 | nothing; the step fails      |
 */

import { LABELS } from '../../contract/names.ts';
import { TIERS, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isDeployment, withReplicas } from '../resources/deployment.ts';
import type { Manifest } from '../resources/manifest.ts';
import { grantOf } from '../scaling/grants.ts';
import { ceilingInForce } from '../scaling/schedule.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';
import { withinCeiling } from '../tick/scale-tier.ts';

/** What is authorised, and the time, from the source: a watch may be late, and a clock may be wrong. */
export interface Authorization {
  readonly authorized: VoucherCampaign['spec']['scaling']['authorized'];
  readonly plans: readonly ScalePlan[];
  /** The time is this, or later. */
  readonly fromMs: number;
}

export interface AuthorizationReader {
  /** @param plans whose grants are to be used @throws Error when the campaign is gone, or another one has its name */
  read(campaign: VoucherCampaign, plans: readonly ScalePlan[], signal: AbortSignal): Promise<Authorization>;
}

export interface CeilingGuardDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly authorization?: AuthorizationReader;
}

/** A server's time is in whole seconds and rounded down, and reading and writing end within two (apply/applying.ts). */
const ARRIVES_WITHIN_MS = 3_000;

/** What is authorised throughout the time in which a write may arrive: 60 until 12:00:00, 20 then → 20 at 11:59:59. */
export const ceilingThroughout = ({ authorized, plans, fromMs }: Authorization, tier: Tier): number =>
  Math.min(...[fromMs, fromMs + ARRIVES_WITHIN_MS].map((atMs) => ceilingInForce(authorized, plans, tier, atMs)));

const granting = ({ plans, fromMs }: Authorization): readonly ScalePlan[] =>
  plans.filter((plan) => TIERS.some((tier) => grantOf(plan, tier, fromMs) !== undefined));

export const createCeilingGuard = (
  { clock, authorization }: CeilingGuardDeps,
  campaign: VoucherCampaign,
  planned: Authorization,
  emit: (event: CampaignEvent) => void,
) => {
  /** What may be written. @throws Error when the authorisation can't be read */
  const allowed = async (tier: Tier, from: number, wanted: number, signal: AbortSignal): Promise<number> => {
    if (wanted <= from) return wanted;
    const now = await (authorization === undefined
      ? { ...planned, fromMs: clock.now() }
      : authorization.read(campaign, granting(planned), signal));
    const ceiling = ceilingThroughout(now, tier);
    const may = withinCeiling(from, wanted, ceiling);
    if (may < wanted) {
      const message = `${tier} was not raised to ${wanted} replicas: the API server currently authorises ${ceiling}; retrying until the operator's cache agrees.`;
      emit(campaignEvent('Warning', 'CeilingHeld', message));
    }
    return may;
  };
  return {
    allowed,
    /** A manifest to create, with no more replicas than may be. */
    async created(manifest: Manifest, signal: AbortSignal): Promise<Manifest> {
      const component = manifest.metadata?.labels?.[LABELS.component];
      const tier = TIERS.find((scaled) => scaled === component);
      if (!isDeployment(manifest) || tier === undefined) return manifest;
      return withReplicas(manifest, await allowed(tier, 0, manifest.spec?.replicas ?? 1, signal));
    },
  };
};
export type CeilingGuard = ReturnType<typeof createCeilingGuard>;
