/** Commands of owners to let the next of the waitlist move up, beside what the chain says of them. Pure. */
import { hash } from 'node:crypto';
import { type ChainState, isAnswered } from '../../contract/decisions/draw-chain.ts';
import { MOST_PROMOTIONS_AT_ONCE, type OrderedPromotion } from '../../contract/decisions/draw-order.ts';
import { promoteAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { drawCommandsOf, firstDigits } from './commands.ts';

/** Those that a Job is to carry out, in their order. */
export const pendingPromotions = (campaign: VoucherCampaign, chain: ChainState): readonly OrderedPromotion[] => {
  const { drawn, announced } = chain;
  if (drawn === undefined || announced === undefined) return [];
  return drawCommandsOf(campaign)
    .promotions.filter(({ result, command }) => result === firstDigits(drawn.digest) && !isAnswered(chain, command))
    .slice(0, MOST_PROMOTIONS_AT_ONCE)
    .map(({ command, falls, by, reason }) => ({ command, falls, by, reason }));
};

/**
 * Annotations of commands that are over: the chain has the answer, and the facts of who moved up are stored. The operator removes them,
 * so that a campaign with thousands of promotions stays small: an object has 256 KiB of annotations at most.
 */
export const answeredPromotions = (campaign: VoucherCampaign, chain: ChainState): readonly string[] =>
  chain.recorded < chain.promoted.length
    ? []
    : drawCommandsOf(campaign)
        .promotions.filter(({ command }) => isAnswered(chain, command))
        .map(({ falls }) => promoteAnnotation(falls));

/** As many as fit into the name of a Job. */
const RUN_DIGITS = 5;

/** Part of the Job's name: other commands need another Job. */
export const promotionRun = ({ promoted }: ChainState, promotions: readonly OrderedPromotion[]): string => {
  const what = [promoted.length, ...promotions.map(({ command }) => command)].join(' ');
  return `p${hash('sha256', what).slice(0, RUN_DIGITS)}`;
};

/** Without citizen.key no entry can be computed: no list, no result and no promotion. */
export const isTooLate = (previous: VoucherCampaignStatus | undefined): boolean =>
  previous?.privacy?.orderedAt !== undefined;

/** Whether a Job has work: a command has no answer, or the fact of a promotion is missing. */
export const isPromoting = (campaign: VoucherCampaign, chain: ChainState): boolean =>
  chain.recorded < chain.promoted.length || pendingPromotions(campaign, chain).length > 0;
