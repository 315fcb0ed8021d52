/** What a tick wants of the draw. Pure. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { Promoted } from '../../contract/decisions/draw.ts';
import type { Earlier } from '../../contract/decisions/draw-chain.ts';
import { defined } from '../../contract/defined.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { drawRuns } from '../tick/jobs.ts';
import type { Observed } from '../tick/observed.ts';
import { drawCommandsOf } from './commands.ts';
import { type DrawRequest, nextEntered } from './draw-keeper.ts';
import { hasDraw } from './order.ts';

type Seen = Pick<Observed, 'freeze' | 'draw'>;

const isListed = ({ freeze }: Seen): boolean => freeze?.kind === 'done' && freeze.listed !== undefined;

export const drawRequest = (campaign: VoucherCampaign, observed: Seen): DrawRequest => ({
  campaignId: campaign.spec.campaignId,
  isDue: isListed(observed) && hasDraw(campaign.spec),
  values: drawCommandsOf(campaign).values,
});

/** Whether the next step is under way, or may be taken now. People's annotations and dates wake the operator by themselves. */
export const isDrawing = (campaign: VoucherCampaign, observed: Seen, nowMs: number): boolean => {
  if (!isListed(observed) || !hasDraw(campaign.spec)) return false;
  if (observed.draw?.kind !== 'known') return true;
  if (drawRuns(campaign, observed, nowMs).length > 0) return true;
  const { campaignId, values } = drawRequest(campaign, observed);
  return nextEntered(observed.draw.chain, values, campaignId, nowMs) !== undefined;
};

/** One postponement a day for longer than any campaign; settings are one small value. */
const MOST_EARLIER = 100;
const MOST_PROMOTIONS_SHOWN = 200;

/**
 * A commitment that was replaced, and why: with the lists of the commitment in force, which are the same, it is the whole file.
 * `missing` without a name: drand had not published its round in time, or no relay answered.
 */
const earlierOf = ({ committed: { at, digest, commitment }, missing }: Earlier) => {
  const { attempt, notBefore, postponeAt, sources } = commitment;
  const without = missing.length > 0 ? missing : sources.filter(({ type }) => type === 'Drand').map(({ name }) => name);
  return { attempt, digest, at, notBefore, postponeAt, sources, missing: without };
};

/** Without the person and the reason, which may name a citizen. */
const promotionsOf = (promoted: readonly Promoted[]) => ({
  count: promoted.length,
  last: promoted
    .slice(-MOST_PROMOTIONS_SHOWN)
    .map(({ voucher, fallen, entry, at }) => ({ voucher, fallen, entry, at })),
});

/** What citizens see of the draw, by the intake. The people who entered a value are in the bundle, and not here. */
export const publishedDraw = ({ draw }: Pick<Observed, 'draw'>): LiveSettings['published'] => {
  if (draw?.kind !== 'known' || draw.chain.committed === undefined) return undefined;
  const { committed, sourced, drawn, announced, earlier, promoted } = draw.chain;
  const sources = sourced?.sources.map(({ enteredBy: _people, ...value }) => value);
  return {
    commitment: { digest: committed.digest, at: committed.at, ...committed.commitment },
    ...(sources === undefined ? {} : { sources }),
    ...(drawn === undefined ? {} : { result: { digest: drawn.digest, at: drawn.at, vouchers: drawn.vouchers } }),
    ...(announced === undefined ? {} : { announcedAt: announced.at }),
    ...(earlier.length === 0 ? {} : { earlier: earlier.slice(-MOST_EARLIER).map(earlierOf) }),
    ...(promoted.length === 0 ? {} : { promotions: promotionsOf(promoted) }),
  };
};

/** With what pods show that a receipt has lost. Undefined: the result is not announced. */
export const announcedDraw = ({ draw, freeze }: Seen): LiveSettings['announced'] =>
  draw?.kind === 'known' && draw.chain.announced !== undefined && freeze?.kind === 'done'
    ? {
        barriers: freeze.frozen.barriers,
        unverified: freeze.frozen.unverified,
        ...defined({ excluded: freeze.frozen.excluded }),
      }
    : undefined;

/** A new leader has not read yet what is published: the settings in the bucket remain until then. */
export const isPublishedUnknown = ({ draw, previous }: Pick<Observed, 'draw' | 'previous'>): boolean =>
  previous?.draw?.commitment !== undefined && (draw === undefined || draw.kind === 'unknown');
