/** Which Jobs there is work for. Pure. */

import { type ChainState, missingValues } from '../../contract/decisions/draw-chain.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';
import type { JobName } from '../../contract/jobs.ts';
import { type ReconcileOrder, runOf } from '../../contract/outside/reconcile.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { ownOrderOf, reconcileOrderOf } from '../books/reconcile-order.ts';
import { authorizerOf, drawCommandsOf } from '../draw/commands.ts';
import { drawOrder, hasDraw } from '../draw/order.ts';
import { isPromoting, isTooLate, pendingPromotions, promotionRun } from '../draw/promotions.ts';
import { type ExclusionRun, exclusionRuns, exclusionsOf } from '../exclusion/exclusions.ts';
import type { CampaignTimes, Observed } from './observed.ts';

/** A Job that is to be there. */
export interface JobRun {
  readonly job: JobName;
  /** Part of its name: what has several runs needs a Job of its own for each, because a Job can't be changed. */
  readonly run?: string;
  /** Of the draw, after the list. */
  readonly order?: DrawOrder;
  /** Of `books`. */
  readonly reconcile?: ReconcileOrder;
  /** Of `exclude`. */
  readonly exclusion?: ExclusionRun;
}

/**
 * | known of list and draw                                        | draw                          | compare         |
 * |---------------------------------------------------------------|-------------------------------|-----------------|
 * | nothing                                                       | no work                       | no work         |
 * | that it is not frozen                                         | no work                       | from opening on |
 * | it is frozen, and not made yet                                | makes it                      | from opening on |
 * | it is made; the campaign has no sources                       | no work                       | no work: it ends by itself |
 * | it is made; the steps are not known                           | no work                       | no work         |
 * | … no commitment, and no owner has authorised it               | no work                       | no work         |
 * | … no commitment, authorised                                   | c1: commits                   | no work         |
 * | committed n, before notBefore                                 | no work                       | no work         |
 * | committed n, public values are missing                        | no work                       | no work         |
 * | committed n, public values are missing, postponeAt or later   | c<n + 1>: postpones           | no work         |
 * | committed n, notBefore or later                               | r<n>: sources, result, facts  | no work         |
 * | sourced or drawn                                              | r<n>                          | no work         |
 * | announced                                                     | no work                       | no work         |
 * | … and owners have the next of the waitlist move up            | p<digits>: one for these commands | no work     |
 * | any, and the destruction of personal data has begun           | no work: the keys are gone    | no work         |
 *
 * Besides these, `books` once the list is made, for ten minutes after a person has ordered it, and once every winner has a voucher until it
 * is done; and `exclude` until the list is frozen, for
 * each earlier campaign whose list of winners is due (operator/exclusion/exclusions.ts).
 *
 * Level-based: a Job that failed for good, or was deleted, is created again for as long as there is work.
 */
export const jobsWithWork = (
  campaign: VoucherCampaign,
  observed: Pick<Observed, 'freeze' | 'draw' | 'earlier' | 'excludedLists'> & Partial<Pick<Observed, 'previous'>>,
  { opensAtMs }: Pick<CampaignTimes, 'opensAtMs'>,
  nowMs: number,
): readonly JobRun[] => {
  const { freeze } = observed;
  if (freeze === undefined) return [];
  const isListed = freeze.kind === 'done' && freeze.listed !== undefined;
  const { previous } = observed;
  if (isTooLate(previous)) return isListed ? booksRuns(campaign, previous, nowMs) : [];
  if (isListed) return [...drawRuns(campaign, observed, nowMs), ...booksRuns(campaign, previous, nowMs)];
  return [
    ...(freeze.kind === 'done' ? [{ job: 'draw' } as const] : excludeRuns(campaign, observed, nowMs)),
    ...(nowMs >= opensAtMs ? [{ job: 'compare' } as const] : []),
  ];
};

const excludeRuns = (
  campaign: VoucherCampaign,
  observed: Pick<Observed, 'earlier' | 'excludedLists'> & Partial<Pick<Observed, 'previous'>>,
  nowMs: number,
): readonly JobRun[] => {
  const exclusions = exclusionsOf(campaign, { previous: undefined, ...observed }, nowMs);
  return exclusionRuns(campaign, exclusions).map((run) => ({ job: 'exclude', ...run }));
};

const booksRuns = (campaign: VoucherCampaign, previous: Observed['previous'], nowMs: number): readonly JobRun[] => {
  const own = campaign.spec.issuance === undefined ? undefined : ownOrderOf(previous);
  return [reconcileOrderOf(campaign, nowMs), own].flatMap((reconcile) =>
    reconcile === undefined ? [] : [{ job: 'books', run: runOf(reconcile), reconcile }],
  );
};

/** The run of the draw that is due once the list is made. */
export const drawRuns = (
  campaign: VoucherCampaign,
  { freeze, draw, previous }: Pick<Observed, 'freeze' | 'draw'> & Partial<Pick<Observed, 'previous'>>,
  nowMs: number,
): readonly JobRun[] => {
  if (!hasDraw(campaign.spec) || draw?.kind !== 'known') return [];
  const { chain } = draw;
  const { committed, sourced, announced } = chain;
  if (isTooLate(previous)) return [];
  if (committed !== undefined && announced !== undefined) return promotionRuns(campaign, chain, committed.authorizedBy);
  const lists = freeze?.kind === 'done' ? freeze.listed?.lists : undefined;
  const authorizedBy = authorizerOf(drawCommandsOf(campaign), lists);
  if (committed === undefined)
    return authorizedBy === undefined
      ? []
      : [{ job: 'draw', run: 'c1', order: drawOrder(campaign.spec, authorizedBy) }];
  const order = drawOrder(campaign.spec, committed.authorizedBy);
  const { attempt, commitment } = committed;
  const isReady = nowMs >= Date.parse(commitment.notBefore) && missingValues(chain).length === 0;
  if (sourced !== undefined || isReady) return [{ job: 'draw', run: `r${attempt}`, order }];
  return nowMs >= Date.parse(commitment.postponeAt) ? [{ job: 'draw', run: `c${attempt + 1}`, order }] : [];
};

const promotionRuns = (campaign: VoucherCampaign, chain: ChainState, authorizedBy: string): readonly JobRun[] => {
  if (!isPromoting(campaign, chain)) return [];
  const promotions = pendingPromotions(campaign, chain);
  const order = { ...drawOrder(campaign.spec, authorizedBy), promotions: [...promotions] };
  return [{ job: 'draw', run: promotionRun(chain, promotions), order }];
};

/** When the next of them is due by date alone. */
export const jobInstants = ({ draw }: Pick<Observed, 'draw'>): readonly number[] => {
  if (draw?.kind !== 'known') return [];
  const { committed, sourced } = draw.chain;
  if (committed === undefined || sourced !== undefined) return [];
  return [Date.parse(committed.commitment.notBefore), Date.parse(committed.commitment.postponeAt)];
};
