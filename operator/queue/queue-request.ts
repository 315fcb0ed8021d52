/** What a tick wants of the waiting room, as data. Pure. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import { ADMISSION_SECONDS } from '../../contract/crowd/queue.ts';
import { operatorAheadSeconds } from '../conditions/clocks-agree.ts';
import { acknowledgesNothing, type Effects } from '../contingency/contingency.ts';
import type { PlanInput } from '../tick/observed.ts';
import { type Crowd, crowdIn } from './crowd.ts';
import type { WantedPace } from './pace.ts';

export interface QueueRequest extends WantedPace {
  readonly campaignId: string;
  /** Agreed time. */
  readonly nowMs: number;
  /** The order of those who came before opening is drawn now, unless it was. */
  readonly isOpen: boolean;
}

const MINUTE_MS = 60_000;

/**
 * | waiting room | journal | time                                  | wanted |
 * |--------------|---------|---------------------------------------|--------|
 * | off          | any     | any                                   | nothing |
 * | on           | not ready | any                                 | nothing: pods follow the last pace |
 * | on           | ready   | before tickets are given              | nothing |
 * | on           | ready   | before opening                        | rate 0 |
 * | on           | ready, acknowledges nothing; or a page | open   | rate 0 |
 * | on           | ready   | open, and while an admission is valid | the admission rate × correction × share (crowd.ts) |
 * | on           | ready   | later                                 | nothing |
 */
export const queueRequest = (
  input: Pick<PlanInput, 'campaign' | 'observed' | 'times' | 'nowMs'>,
  effects: Effects,
  settings: Pick<LiveSettings, 'traffic'> | undefined,
): QueueRequest | undefined => {
  const { campaign, observed, times } = input;
  const { waitingRoom } = campaign.spec.traffic;
  const { journal, queue, readings } = observed;
  if (waitingRoom?.enabled !== true || journal?.kind !== 'ready' || settings === undefined) return undefined;
  const nowMs = input.nowMs - Math.round(operatorAheadSeconds(readings.clocks) * 1000);
  if (nowMs < times.opensAtMs - (waitingRoom.preQueueMinutes + 1) * MINUTE_MS) return undefined;
  if (nowMs > times.closesAtMs + ADMISSION_SECONDS * 1000) return undefined;
  const isOpen = nowMs >= times.opensAtMs;
  const isServing = isOpen && effects.page === undefined && !acknowledgesNothing(journal);
  return {
    campaignId: campaign.spec.campaignId,
    nowMs,
    isOpen,
    isClosed: effects.isQueueClosed === true,
    hasQueue: (crowdIn(queue)?.ahead ?? 0) > 0,
    ratePerSecond: isServing ? numbersPerSecond(settings.traffic.admissionPerSecond, crowdIn(queue)) : 0,
  };
};

/** More than come at once where citizens are some seconds late. */
const OVERDUE_SECONDS = 10;
/** After an outage those come first whose turn has passed meanwhile. */
const WHILE_OVERDUE = 0.1;

/**
 * 2,000/s are admitted, one of two comes (correction 1.85), the journal keeps up: 3,700 numbers a second. After an outage of a minute
 * 120,000 may come whose turn has passed: 370, until there are fewer than 20,000.
 */
const numbersPerSecond = (admissionPerSecond: number, crowd: Crowd | undefined): number => {
  if (crowd === undefined) return admissionPerSecond;
  const isOverdue = crowd.overdue > OVERDUE_SECONDS * admissionPerSecond;
  const rate = admissionPerSecond * crowd.correction * crowd.share * (isOverdue ? WHILE_OVERDUE : 1);
  return Math.max(1, Math.round(rate));
};
