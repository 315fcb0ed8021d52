/**
 * The last line before replicas are written. A tick decides from watches, which may be late, and by this process's clock,
 * which may be wrong; here what is authorised is read once more from whoever keeps it, for every write that raises.
 *
 * | planned                       | authorised when it is written | written                      |
 * |-------------------------------|-------------------------------|------------------------------|
 * | fewer, or as many             | not asked                     | as planned                   |
 * | more                          | as many                       | as planned                   |
 * | more                          | fewer                         | what is authorised, and told |
 * | more                          | not even what is there        | nothing, and told            |
 * | more                          | can't be read                 | nothing; the step fails      |
 */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { LABELS } from '../../contract/names.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isDeployment, withReplicas } from '../resources/deployment.ts';
import type { Manifest } from '../resources/manifest.ts';
import { grantOf } from '../scaling/grants.ts';
import { ceilingInForce } from '../scaling/schedule.ts';
import type { CampaignEvent } from '../tick/campaign-event.ts';
import { campaignEvent } from '../tick/events.ts';
import { SCALED_TIERS, type ScaledTier } from '../tick/observed.ts';
import { withinCeiling } from '../tick/scale-tier.ts';
import type { Authorization, AuthorizationReader } from './authorization.ts';

export interface CeilingGuardDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly authorization?: AuthorizationReader;
}

export interface CeilingGuard {
  /** What may be written. @throws Error when nobody tells what is authorised */
  allowed(tier: ScaledTier, from: number, wanted: number, signal: AbortSignal): Promise<number>;
  /** A manifest to create, with no more replicas than may be. */
  created(manifest: Manifest, signal: AbortSignal): Promise<Manifest>;
}

/** A server tells whole seconds that have gone by, and reading and writing end within two (apply/applying.ts). */
const ARRIVES_WITHIN_MS = 3_000;

/** What is authorised throughout the time in which a write may arrive: 60 until 12:00:00, 20 then → 20 at 11:59:59. */
export const ceilingThroughout = ({ authorized, plans, fromMs }: Authorization, tier: ScaledTier): number =>
  Math.min(...[fromMs, fromMs + ARRIVES_WITHIN_MS].map((atMs) => ceilingInForce(authorized, plans, tier, atMs)));

/** Plans of which anything is to be used. */
const granting = ({ plans, fromMs }: Authorization): readonly ScalePlan[] =>
  plans.filter((plan) => SCALED_TIERS.some((tier) => grantOf(plan, tier, fromMs) !== undefined));

export const createCeilingGuard = (
  { clock, authorization }: CeilingGuardDeps,
  campaign: VoucherCampaign,
  planned: Authorization,
  emit: (event: CampaignEvent) => void,
): CeilingGuard => {
  const allowed: CeilingGuard['allowed'] = async (tier, from, wanted, signal) => {
    if (wanted <= from) return wanted;
    const now = await (authorization === undefined
      ? { ...planned, fromMs: clock.now() }
      : authorization.read(campaign, granting(planned), signal));
    const ceiling = ceilingThroughout(now, tier);
    const may = withinCeiling(from, wanted, ceiling);
    if (may < wanted) {
      const message = `${tier} was not raised to ${wanted} replicas: ${ceiling} are authorised by now. It stays so until the authorisation is seen here, too.`;
      emit(campaignEvent('Warning', 'CeilingHeld', message));
    }
    return may;
  };
  return {
    allowed,
    async created(manifest, signal) {
      const component = manifest.metadata?.labels?.[LABELS.component];
      const tier = SCALED_TIERS.find((scaled) => scaled === component);
      if (!isDeployment(manifest) || tier === undefined) return manifest;
      return withReplicas(manifest, await allowed(tier, 0, manifest.spec?.replicas ?? 1, signal));
    },
  };
};
