/**
 * Stage 2 of issuance, for one channel: sends the request of each `issuing` fact until its outcome is known, and publishes the outcome
 * before the message is acknowledged (docs/adr/0036-issuing-is-a-fact.md).
 *
 * | the message                                             | what becomes of it |
 * |---------------------------------------------------------|--------------------|
 * | can't be read as an `issuing` of this channel           | set aside |
 * | is of a later release                                   | given back: another pod may know it |
 * | asks nothing any more (decide.ts)                       | acknowledged |
 * | the leader of its home shard does not answer            | given back |
 * | its data key was destroyed                              | acknowledged: the person is erased |
 * | its data key is not available now                       | given back |
 * | its account does not open, or is none                   | issue_failed: the citizen can bind another one |
 * | the channel has issued it                               | issued |
 * | the channel proves that it never will (ask.ts)          | issue_failed |
 * | the outcome is not known, or the turn did not come      | given back; next time the channel is first asked whether it was carried out |
 *
 * While the channel can't be asked, nothing is fetched. What is stored is looked up right before the turn for the first request. A
 * receipt is never in hand twice at once: a channel may refuse one of two requests for one account that it gets together.
 */
import { z } from 'zod';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { defined } from '../../contract/defined.ts';
import type { Channel, EventEnvelope } from '../../contract/envelope.ts';
import type { AccountFields, IssuingData } from '../../contract/outside/issuance.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { CouponIndex, Noted } from '../../journal/coupons.ts';
import type { PublishHome } from '../../journal/home-publisher.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import type { StreamCreatedAt } from '../../journal/streams/created-at.ts';
import { atMost } from '../../runtime/at-most.ts';
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Opener } from '../keys/opener.ts';
import { anonymousError } from '../log.ts';
import { HELD_SECONDS, roomAt, roomOfBatch, type System } from '../outside/follow.ts';
import type { Span } from '../tracing/spans.ts';
import { DONE, eventIn, type Outcome as OutcomeOf, oneByOne, setAside, spread } from '../worker/each.ts';
import type { Message, Settled, TierPart, WorkerLog } from '../worker/part.ts';
import { type AnswerKind, type Call, carryOut, type Unsettled } from './ask.ts';
import { decideAlone, decideIssuing, ISSUING_FACTS, queriesFirst, type Skip } from './decide.ts';
import { issuedFact, issueFailedFact, issuingDataOf } from './facts.ts';
import type { ChannelClient, IssueRequest } from './ports.ts';
import { requestNumber } from './request-number.ts';
import { issuableAt } from './section.ts';

/** Why a message is given back. */
export const WAITS = [
  'later_release',
  'data_key',
  'journal',
  'no_stock',
  'channel_blocked',
  'channel_retry',
  'draining',
  'unexpected',
] as const;
export type Wait = (typeof WAITS)[number];

export interface ChannelMetrics {
  asked(call: Call, kind: AnswerKind): void;
  outcome(kind: 'issued' | 'failed'): void;
  skipped(reason: Skip): void;
  givenBack(reason: Wait): void;
  /** A message is in hand until the result is called. */
  holds(storedAtMs: number): () => void;
  /** A coupon could not be noted, so its use will not be recorded. */
  unnoted(why: Exclude<Noted, 'noted'>): void;
}

/** The channel as this pod can ask it. */
export type Reached = Pick<System<unknown, ChannelClient>, 'client' | 'lane' | 'share'>;

export interface ChannelDeps {
  readonly campaignId: string;
  readonly site: string;
  readonly shards: number;
  readonly channel: Channel;
  /** Undefined: issuance has not started. */
  readonly start: () => IssuanceStart | undefined;
  /** Undefined: the campaign does not state this channel, or another one than the start; or its keys can't be read. */
  readonly reach: () => Reached | undefined;
  readonly createdAt: StreamCreatedAt;
  readonly opener: Opener;
  readonly facts: FactLookup;
  readonly publish: PublishHome;
  /** Before `issued` is published: whose coupon it is, for callbacks. Absent: the channel does not call back. */
  readonly noteCoupon?: CouponIndex['note'];
  readonly metrics: ChannelMetrics;
  readonly log: WorkerLog;
  readonly clock: Clock;
  /** Wall milliseconds: the time of facts. */
  readonly now: () => number;
  /** [0, 1) */
  readonly random?: () => number;
}

type Outcome = OutcomeOf<Wait>;

/** While one batch ends, the next one of the shard waits in the lane, so that no turn is left unused. */
const BATCHES_PER_SHARD = 2;
/**
 * A batch ends with its last message, and a request without an answer ends after 5 s. Where 5 % have none, six batches that hold 5 s use
 * 92 % of the permitted rate, and those that hold 10 s all of it (simulated).
 */
const HELD_FOR_SECONDS = HELD_SECONDS + 5;
/** Messages that are looked up or wait for their first turn. The others wait before the look-up, so that it is never old. */
const NEXT_IN_LINE = 16;
/** After an unknown outcome, by the number of deliveries. */
const RETRY: BackoffLimits = { initialMs: 1_000, maxMs: 60_000 };
const DELAY_MS: Readonly<Record<Exclude<Wait, 'channel_retry'>, number>> = {
  later_release: 60_000,
  data_key: 10_000,
  journal: 2_000,
  no_stock: 60_000,
  channel_blocked: 2_000,
  draining: 0,
  unexpected: 30_000,
};
/** One for each, so that the log's limit of one does not hide another. */
const LOGGED: Readonly<Record<Unsettled['kind'], string>> = {
  unknown: 'the outcome at the channel is unknown; asking again later',
  throttled: 'the channel takes no more requests now; asking again later',
  quota: 'the channel takes no more requests today',
  refused: 'the channel refuses every request',
};

const fields: z.ZodType<AccountFields> = z.object({ account: z.string().min(1) });

interface Asking {
  readonly event: EventEnvelope;
  readonly n: number;
  readonly data: IssuingData;
  readonly start: IssuanceStart;
  readonly factsMayBeLost: boolean;
  readonly deliveryCount?: number;
  readonly span?: Span;
}

type Prepared = Outcome | { readonly kind: 'unreadable' } | { readonly kind: 'account'; readonly account: string };

export const channelPart = (deps: ChannelDeps): TierPart<Settled> => {
  const { campaignId, site, shards, channel, start, reach, createdAt } = deps;
  const { opener, facts, publish, noteCoupon, metrics, log, clock, now, random = Math.random } = deps;
  const nextInLine = atMost(NEXT_IN_LINE);
  const draining = new AbortController();
  /** By receipt: the request that this pod has in hand. */
  const inHand = new Map<string, { readonly n: number; readonly answer: Promise<Outcome> }>();

  const wait = (reason: Exclude<Wait, 'channel_retry'>): Outcome => {
    const drains = draining.signal.aborted ? 'draining' : reason;
    return { kind: 'wait', reason: drains, delayMs: spread(DELAY_MS[drains], random()) };
  };
  const retry = (answer: Unsettled, deliveryCount = 1): Outcome => {
    log.warn(
      { channel, kind: answer.kind, ...('reason' in answer ? { reason: answer.reason } : {}) },
      LOGGED[answer.kind],
    );
    if (answer.kind === 'quota' || answer.kind === 'refused') return wait('channel_blocked');
    const asked = spread(answer.retryAfterMs ?? 0, random());
    const delayMs = Math.max(asked, backoffMs(deliveryCount, RETRY, random()));
    return { kind: 'wait', reason: 'channel_retry', delayMs };
  };
  const skip = (reason: Skip): Outcome => {
    metrics.skipped(reason);
    return DONE;
  };
  const made = () => ({ at: new Date(now()).toISOString(), site });

  /** All that comes before the first request. */
  const prepare = async ({ event, n, data }: Asking, signal: AbortSignal): Promise<Prepared> => {
    if (draining.signal.aborted) return wait('draining');
    const known = await facts.last(event.receipt, event.citizenHash, ISSUING_FACTS);
    if (known === undefined) return wait('journal');
    const decision = decideIssuing(n, known);
    if (decision.kind === 'skip') return skip(decision.reason);
    const opened = await opener.open(event.keyId, data.sealed, event.receipt, signal);
    if (opened.kind === 'destroyed') return skip('erased');
    if (opened.kind === 'unavailable') {
      log.warn({ keyId: event.keyId, error: opened.cause }, 'data key not available; retrying');
      return wait('data_key');
    }
    const account = opened.kind === 'opened' ? parseUntrusted(fields, opened.plaintext)?.account : undefined;
    return account === undefined ? { kind: 'unreadable' } : { kind: 'account', account };
  };

  const fail = async (
    { event, n, data, span }: Asking,
    why: Parameters<typeof issueFailedFact>[3],
    signal: AbortSignal,
  ): Promise<Outcome> => {
    await publish(issueFailedFact(event, n, data, why, made()), signal, span?.traceparent);
    metrics.outcome('failed');
    return DONE;
  };

  const send = async (asking: Asking, signal: AbortSignal): Promise<Outcome> => {
    const { event, n, data, deliveryCount, span } = asking;
    const issuable = issuableAt(asking.start, channel, data.voucher);
    if (issuable === undefined) return wait('no_stock');
    const reached = reach();
    if (reached === undefined) return wait('channel_blocked');
    const prepared = await nextInLine(() => prepare(asking, signal));
    if (prepared.kind === 'unreadable') return fail(asking, { failure: 'account', code: 'unreadable' }, signal);
    if (prepared.kind !== 'account') return prepared;
    const requestOf = (attempt: number): IssueRequest => ({
      stock: issuable.stock,
      account: prepared.account,
      request:
        attempt === n
          ? data.request
          : requestNumber({ campaignId, merchant: issuable.merchant, receipt: event.receipt, n: attempt }),
      wonAt: data.wonAt,
    });
    const result = await carryOut(
      { client: reached.client, lane: reached.lane, clock, draining: draining.signal, asked: metrics.asked, span },
      requestOf(n),
      queriesFirst(n, asking).map(requestOf),
      signal,
    );
    if (result.kind === 'blocked') return wait('channel_blocked');
    if (result.kind === 'unsettled') return retry(result.answer, deliveryCount);
    if (result.kind === 'failed') return fail(asking, result, signal);
    const { request, coupon } = result;
    const noted = await noteCoupon?.(channel, coupon, event, signal);
    if (noted === 'taken' || noted === 'full') metrics.unnoted(noted);
    await publish(issuedFact(event, { ...data, request }, coupon, made()), signal, span?.traceparent);
    metrics.outcome('issued');
    return DONE;
  };

  /** Copies of one request that this pod has in hand share its outcome; another request of the receipt waits for it. */
  const once = async (receipt: string, n: number, work: () => Promise<Outcome>): Promise<Outcome> => {
    for (let before = inHand.get(receipt); before !== undefined; before = inHand.get(receipt)) {
      if (before.n === n) return before.answer;
      await before.answer;
    }
    const answer = work().finally(() => inHand.delete(receipt));
    inHand.set(receipt, { n, answer });
    return answer;
  };

  const answerMessage = async (message: Message, signal: AbortSignal): Promise<Outcome> => {
    const started = start();
    if (started === undefined) return wait('channel_blocked');
    const decoded = eventIn(message, campaignId);
    if (decoded.kind === 'later_release') return wait('later_release');
    if (decoded.kind !== 'event') return decoded;
    const { event } = decoded;
    const data = issuingDataOf(event);
    if (event.type !== 'issuing' || data?.channel !== channel) {
      return setAside(message, 'wrong_subject', 'data: not that of a request to this channel');
    }
    const alone = decideAlone(event);
    if (alone !== undefined) return skip(alone.reason);
    const { shard, sequence, deliveryCount, span } = message;
    const n = event.attempt ?? 1;
    const work = async (): Promise<Outcome> => {
      try {
        // After the delivery: had the shard's stream been made anew before it, this is the new one's time.
        const created = await createdAt(shard, signal);
        if (created === undefined) return wait('journal');
        const factsMayBeLost = started.queryFirst || created !== started.streams[shard];
        return await send(
          { event, n, data, start: started, factsMayBeLost, ...defined({ deliveryCount, span }) },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return wait('draining');
        log.warn({ channel, shard, sequence, ...anonymousError(error) }, 'issuing failed; retrying');
        return wait('unexpected');
      }
    };
    return once(event.receipt, n, work);
  };

  return {
    tier: `issuance_${channel}`,
    batchesPerShard: BATCHES_PER_SHARD,
    room() {
      const reached = start() === undefined ? undefined : reach();
      if (reached === undefined || reached.lane.blocked() !== undefined) return 0;
      return roomOfBatch(roomAt(reached.share(), HELD_FOR_SECONDS), shards * BATCHES_PER_SHARD);
    },
    drain: () => draining.abort(),
    ...oneByOne({ answer: answerMessage, givenBack: metrics.givenBack, holds: metrics.holds }),
  };
};
