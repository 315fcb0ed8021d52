/** Facts in the shards that no citizen sent. Pure. */
import type { Reading } from '../../contract/reading.ts';
import { entryOf, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { outsideTiersOf, targetsOf } from '../outside/targets.ts';

/**
 * Facts a second that tiers publish: at most one for each message that was worked off, and for each request that an outside system
 * permits. A tier with lanes also publishes what its lanes take, without a request.
 *
 * Worked example: a channel permits 100 requests a second, and 700 messages were worked off: 600 of them began requests that wait.
 */
export const factsPerSecond = (spec: VoucherCampaignSpec, servedBy: (tier: Tier) => Reading<number>): number =>
  outsideTiersOf(spec).reduce((sum, tier) => {
    const permitted = targetsOf(spec, tier).reduce((all, { requestsPerSecond }) => all + requestsPerSecond, 0);
    const most = entryOf(tier).lanes === undefined ? permitted : Number.POSITIVE_INFINITY;
    const served = servedBy(tier);
    return sum + Math.min(most, served.kind === 'fresh' ? served.value : most);
  }, 0);
