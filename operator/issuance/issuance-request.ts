/** Whether this tick orders the start of issuance. Pure. */
import type { IssuanceChannel } from '../../contract/decisions/control.ts';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { Observed } from '../tick/observed.ts';
import { issuanceCommandsOf, starterOf } from './commands.ts';
import type { IssuanceRequest } from './issuance-keeper.ts';
import { type Comparison, compareStocks } from './stocks.ts';

type Seen = Pick<Observed, 'draw' | 'issuance' | 'outside' | 'previous'>;

const chainOf = ({ draw }: Pick<Seen, 'draw'>) => (draw?.kind === 'known' ? draw.chain : undefined);

/** Digest of the draw's result, as far as is known. */
export const resultOf = (observed: Pick<Seen, 'draw' | 'previous'>): string | undefined =>
  chainOf(observed)?.drawn?.digest ?? observed.previous?.draw?.result;

/** Whether the result of the draw is known, and every winner's receipt shows it. */
export const isAnnounced = (observed: Pick<Seen, 'draw' | 'previous'>): boolean => {
  const chain = chainOf(observed);
  return chain === undefined ? observed.previous?.draw?.announced === true : chain.announced !== undefined;
};

/** When issuance started, as far as is known. */
export const issuanceStartedAt = ({ issuance, previous }: Pick<Seen, 'issuance' | 'previous'>): string | undefined =>
  (issuance?.kind === 'known' ? issuance.start?.at : undefined) ?? previous?.issuance?.startedAt;

export const stockComparison = (spec: VoucherCampaignSpec, observed: Seen, nowMs: number): Comparison => {
  const readings = (observed.outside?.reports.issuance ?? []).flatMap(({ stocks = [] }) => stocks);
  // A result that is not announced yet does not count.
  const result = isAnnounced(observed) ? chainOf(observed)?.drawn : undefined;
  return compareStocks(spec, result, readings, nowMs);
};

const channelsOf = ({ issuance, vouchers }: VoucherCampaignSpec): readonly IssuanceChannel[] =>
  (issuance?.channels ?? []).map(({ name, merchant, appId, stocks }) => ({
    channel: name,
    merchant,
    appId,
    stocks: stocks.flatMap(({ voucher, stock }) => {
      const found = vouchers.find((one) => one.name === voucher);
      if (found === undefined) return [];
      const { faceValueFen, minimumSpendFen } = found;
      return [{ voucher, stock, faceValueFen, minimumSpendFen }];
    }),
  }));

/**
 * | announced | an owner has started it | every stock is known | a stock differs | order |
 * |-----------|-------------------------|----------------------|-----------------|-------|
 * | no        | any                     | any                  | any             | none  |
 * | yes       | no, or of another result | any                 | any             | none  |
 * | yes       | yes                     | no                   | any             | none  |
 * | yes       | yes                     | yes                  | yes             | none  |
 * | yes       | yes                     | yes                  | no              | start |
 */
export const issuanceRequest = (campaign: VoucherCampaign, observed: Seen, nowMs: number): IssuanceRequest => {
  const { spec } = campaign;
  const channels = channelsOf(spec);
  const request = {
    campaignId: spec.campaignId,
    isDue: spec.issuance !== undefined && (isAnnounced(observed) || issuanceStartedAt(observed) !== undefined),
    settings: JSON.stringify(channels),
  };
  const chain = chainOf(observed);
  const startedBy = starterOf(issuanceCommandsOf(campaign), resultOf(observed));
  if (!request.isDue || chain?.announced === undefined || startedBy === undefined) return request;
  const { differences, hasIssued, readAtMs } = stockComparison(spec, observed, nowMs);
  if (differences.length > 0 || readAtMs === undefined) return request;
  return { ...request, order: { by: startedBy, channels, queryFirst: hasIssued, readAtMs } };
};

/** Whether the start is about to be written. */
export const isStarting = ({ order }: IssuanceRequest, { issuance }: Pick<Seen, 'issuance'>): boolean =>
  order !== undefined && (issuance?.kind !== 'known' || issuance.start === undefined);
