/**
 * Stage 1 of issuance: a fact that may make a request necessary is looked at beside the other facts of its receipt, and the request
 * is begun by an `issuing` fact (docs/adr/0036-issuing-is-a-fact.md). It asks no channel, so none delays it.
 *
 * | the message                                    | what becomes of it |
 * |------------------------------------------------|--------------------|
 * | can't be read as an event                      | set aside |
 * | is of a later release                          | given back: another pod may know it |
 * | asks for nothing (decide.ts)                   | acknowledged |
 * | the leader of its home shard does not answer   | given back |
 * | begins a request                               | `issuing` is appended, and the message is acknowledged |
 * | … but another one was appended meanwhile       | given back: the facts are looked up again |
 */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { AppendIssuing } from '../../journal/home-publisher.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import { atMost } from '../../runtime/at-most.ts';
import { anonymousError } from '../log.ts';
import type { Span } from '../tracing/spans.ts';
import { DONE, eventIn, type Outcome as OutcomeOf, oneByOne, spread } from '../worker/each.ts';
import type { Message, Settled, TierPart, WorkerLog } from '../worker/part.ts';
import {
  ACCOUNT_FACTS,
  decideAlone,
  decideRoute,
  END_FACTS,
  PLACE_FACTS,
  type ReceiptFacts,
  type RouterDecision,
  type Skip,
} from './decide.ts';
import { issuingFact } from './facts.ts';
import { requestNumber } from './request-number.ts';
import { issuableAt } from './section.ts';

export const WAITS = ['later_release', 'not_started', 'journal', 'overtaken', 'draining', 'unexpected'] as const;
export type Wait = (typeof WAITS)[number];

export interface RouterMetrics {
  /** A request was begun. */
  begun(channel: string): void;
  skipped(reason: Skip): void;
  givenBack(reason: Wait): void;
}

export interface RouterDeps {
  readonly campaignId: string;
  readonly site: string;
  /** Undefined: issuance has not started. */
  readonly start: () => IssuanceStart | undefined;
  readonly facts: FactLookup;
  readonly append: AppendIssuing;
  readonly metrics: RouterMetrics;
  readonly log: WorkerLog;
  /** Wall milliseconds: the time of facts. */
  readonly now: () => number;
  /** [0, 1) */
  readonly random?: () => number;
}

type Outcome = OutcomeOf<Wait>;

/** Each asks the journal up to eight questions; a server with 10,000 open ones drops all. */
const AT_ONCE = 32;
/** Of a shard. */
const BATCH = 128;
const DELAY_MS: Readonly<Record<Wait, number>> = {
  later_release: 60_000,
  not_started: 2_000,
  journal: 2_000,
  overtaken: 1_000,
  draining: 0,
  unexpected: 30_000,
};

export const routerPart = (deps: RouterDeps): TierPart<Settled> => {
  const { campaignId, site, start, facts, append, metrics, log, now, random = Math.random } = deps;
  const inTurn = atMost(AT_ONCE);
  const draining = new AbortController();
  const wait = (reason: Wait): Outcome => {
    const drains = draining.signal.aborted ? 'draining' : reason;
    return { kind: 'wait', reason: drains, delayMs: spread(DELAY_MS[drains], random()) };
  };
  const skip = (reason: Skip): Outcome => {
    metrics.skipped(reason);
    return DONE;
  };

  /** Undefined: nothing is known. */
  const decisionOn = async (event: EventEnvelope): Promise<RouterDecision | undefined> => {
    const { receipt, citizenHash } = event;
    const place: ReceiptFacts | undefined =
      event.type === 'won' || event.type === 'promoted'
        ? { [event.type]: { event, sequence: 0 } }
        : await facts.last(receipt, citizenHash, PLACE_FACTS);
    // Most of those who bind an account do not win: nothing else of them is looked up.
    if (place === undefined || (place.won === undefined && place.promoted === undefined))
      return place && decideRoute(place);
    const found = await facts.last(receipt, citizenHash, ACCOUNT_FACTS);
    const ends = found?.issuing === undefined ? {} : await facts.last(receipt, citizenHash, END_FACTS);
    if (found === undefined || ends === undefined) return undefined;
    const known: ReceiptFacts = { ...place, ...found, ...ends };
    const decision = decideRoute(known);
    const hasOthers = (found.bound?.event.attempt ?? 1) > 1;
    if (decision.kind !== 'skip' || decision.reason !== 'unbound' || !hasOthers) return decision;
    const accounts = await facts.all(receipt, citizenHash, 'bound');
    return accounts && decideRoute({ ...known, accounts });
  };

  const route = async (
    event: EventEnvelope,
    started: IssuanceStart,
    span: Span | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const decision = await decisionOn(event);
    if (decision === undefined) return wait('journal');
    if (decision.kind === 'skip') return skip(decision.reason);
    const { n, after, place, account } = decision;
    const issuable = issuableAt(started, account.channel, place.voucher);
    if (issuable === undefined) return skip('no_stock');
    const request = requestNumber({ campaignId, merchant: issuable.merchant, receipt: event.receipt, n });
    const made = { at: new Date(now()).toISOString(), site };
    const fact = issuingFact(event, { n, place, account, request }, made);
    const appended = await append(fact, after, signal, span?.traceparent);
    if (appended !== 'stored') return wait(appended === 'overtaken' ? 'overtaken' : 'journal');
    metrics.begun(account.channel);
    return DONE;
  };

  const answerMessage = async (message: Message, signal: AbortSignal): Promise<Outcome> => {
    const started = start();
    if (started === undefined) return wait('not_started');
    const decoded = eventIn(message, campaignId);
    if (decoded.kind === 'later_release') return wait('later_release');
    if (decoded.kind !== 'event') return decoded;
    const alone = decideAlone(decoded.event);
    if (alone !== undefined) return skip(alone.reason);
    try {
      return await inTurn(() =>
        draining.signal.aborted
          ? Promise.resolve(wait('draining'))
          : route(decoded.event, started, message.span, signal),
      );
    } catch (error) {
      if (signal.aborted) return wait('draining');
      const { shard, sequence } = message;
      log.warn({ shard, sequence, ...anonymousError(error) }, 'beginning a request failed; retrying');
      return wait('unexpected');
    }
  };

  return {
    tier: 'issuance',
    beginsTraces: true,
    room: () => (start() === undefined ? 0 : BATCH),
    drain: () => draining.abort(),
    ...oneByOne({ answer: answerMessage, givenBack: metrics.givenBack, holds: () => () => undefined }),
  };
};
