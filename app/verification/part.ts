/**
 * The verification tier's part of the worker loop: what a message asks is asked of a provider at its pace, and the verdict is
 * published before the message is acknowledged.
 *
 * | the message                                             | what becomes of it |
 * |---------------------------------------------------------|--------------------|
 * | can't be read as an event                               | set aside |
 * | is of a later release                                   | given back: another pod may know it |
 * | asks nothing (decide.ts)                                | acknowledged |
 * | its data key was destroyed                              | acknowledged: the person is erased |
 * | its data key is not available now                       | given back |
 * | its fields do not open, or are none                     | manual_review: a person looks, and no provider is asked |
 * | its fields hold a login that counts (asserted.ts)       | verified, and no provider is asked |
 * | the leader of its home shard does not answer            | given back: nothing is paid for twice |
 * | no provider can be asked now, or the pod ends           | given back |
 * | the provider says match, mismatch or no_record          | its verdict is published (verdict.ts) |
 * | the provider says anything else                         | given back: trouble is never a verdict |
 *
 * What is stored is looked up right before the turn for the call, and the call is sent in its turn: nothing is waited for in
 * between, so that the provider's rate is kept. Two copies that this pod has in hand share one question. So a question is repeated
 * only if a pod dies between a provider's answer and the journal's acknowledgement, or if the journal delivers it to two pods at
 * once.
 */
import { z } from 'zod';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { PublishHome } from '../../journal/home-publisher.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import { atMost } from '../../runtime/at-most.ts';
import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import type { Opener } from '../keys/opener.ts';
import { anonymousError } from '../log.ts';
import { roomOfBatch } from '../outside/follow.ts';
import type { Lane, Sent } from '../outside/lane.ts';
import { inSpan, type Span } from '../tracing/spans.ts';
import { DONE, eventIn, type Outcome as OutcomeOf, oneByOne, spread } from '../worker/each.ts';
import type { Message, Settled, TierPart, WorkerLog } from '../worker/part.ts';
import { type Asserted, sentLogin } from './asserted.ts';
import { attemptOf, decide, decideAlone, LOOKED_UP, requestIdOf, type Skip } from './decide.ts';
import type { IdentityProvider, ProviderAnswer } from './ports.ts';
import { factOf, isAnswered, UNREADABLE, type Verdict, type VerdictType, verdictOf } from './verdict.ts';

/** A provider that can be asked now, and this pod's turn there. */
export interface Desk {
  readonly lane: Lane;
  readonly provider: IdentityProvider;
}

export interface Desks {
  /** Undefined: none can be asked now. */
  choose(): Desk | undefined;
  /** Questions that this pod can ask within a few seconds; 0: none can be asked now. */
  room(): number;
}

export interface VerificationMetrics {
  question(provider: string, outcome: ProviderAnswer['kind']): void;
  verdict(type: VerdictType): void;
  skipped(reason: Skip): void;
  givenBack(reason: Wait): void;
  /** A message is in hand until the result is called. */
  holds(storedAtMs: number): () => void;
}

/** Why a message is given back. */
export const WAITS = [
  'later_release',
  'data_key',
  'journal',
  'provider_blocked',
  'provider_retry',
  'draining',
  'unexpected',
] as const;
export type Wait = (typeof WAITS)[number];

export interface VerificationDeps {
  readonly campaignId: string;
  readonly site: string;
  readonly shards: number;
  readonly desks: Desks;
  readonly opener: Opener;
  /** The verdict of a login that a registration carries; undefined: none, or one that does not count. */
  readonly asserted: Asserted;
  readonly facts: Pick<FactLookup, 'find'>;
  readonly publish: PublishHome;
  readonly metrics: VerificationMetrics;
  readonly log: WorkerLog;
  /** Wall milliseconds: the time of verdicts. */
  readonly now: () => number;
  /** [0, 1) */
  readonly random?: () => number;
}

type Outcome = OutcomeOf<Wait>;

/** While one batch ends, the next one of the shard waits in the lanes, so that no turn is left unused. */
const BATCHES_PER_SHARD = 2;
/** Messages that are looked up or wait for their turn. The others wait before the look-up, so that it is never old. */
const NEXT_IN_LINE = 16;
/** After trouble at a provider, by the number of deliveries. */
const RETRY: BackoffLimits = { initialMs: 1_000, maxMs: 60_000 };
const DELAY_MS: Readonly<Record<Exclude<Wait, 'provider_retry'>, number>> = {
  later_release: 60_000,
  data_key: 10_000,
  journal: 2_000,
  provider_blocked: 2_000,
  draining: 0,
  unexpected: 30_000,
};

const SENT: Readonly<Record<ProviderAnswer['kind'], Sent>> = {
  match: 'answered',
  mismatch: 'answered',
  no_record: 'answered',
  retry: 'retry',
  quota: 'quota',
  refused: 'refused',
};

/** One for each, so that the log's limit of one does not hide another. */
const LOGGED: Readonly<Record<'retry' | 'quota' | 'refused', string>> = {
  retry: 'provider gave no answer; asking again later',
  quota: 'provider takes no more requests today',
  refused: 'provider refuses every request',
};

/** What intakes seal, as far as it is asked about. */
const personal = z.object({
  name: z.string().min(1),
  idType: z.string().min(1),
  idNumber: z.string().min(1),
  identity: sentLogin.optional().catch(undefined),
});
type Fields = z.infer<typeof personal>;

type Prepared =
  | Outcome
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'turn'; readonly desk: Desk; readonly fields: Fields };

export const verificationPart = (deps: VerificationDeps): TierPart<Settled> => {
  const { campaignId, site, shards, desks, opener, facts, publish, metrics, log, now } = deps;
  const { random = Math.random } = deps;
  const nextInLine = atMost(NEXT_IN_LINE);
  const draining = new AbortController();
  /** By request id: questions that this pod has in hand. */
  const inHand = new Map<string, Promise<Outcome>>();

  const wait = (reason: Exclude<Wait, 'provider_retry'>): Outcome => {
    const drains = draining.signal.aborted ? 'draining' : reason;
    return { kind: 'wait', reason: drains, delayMs: spread(DELAY_MS[drains], random()) };
  };
  const retry = (answer: ProviderAnswer, deliveryCount = 1): Outcome => {
    if (answer.kind !== 'retry') return wait('provider_blocked');
    const asked = spread(answer.retryAfterMs ?? 0, random());
    const delayMs = Math.max(asked, backoffMs(deliveryCount, RETRY, random()));
    return { kind: 'wait', reason: 'provider_retry', delayMs };
  };
  const skip = (reason: Skip): Outcome => {
    metrics.skipped(reason);
    return DONE;
  };

  const settle = async (
    event: EventEnvelope,
    verdict: Verdict,
    span: Span | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const at = new Date(now()).toISOString();
    await publish(factOf(verdict, event, attemptOf(event), { at, site }), signal, span?.traceparent);
    metrics.verdict(verdict.type);
    return DONE;
  };

  /** Waits for the turn at a provider; undefined: none can be asked now. */
  const turn = async (): Promise<Desk | undefined> => {
    for (let desk = desks.choose(); desk !== undefined; desk = desks.choose()) {
      const isOurs = await desk.lane.turn(draining.signal).catch(() => false);
      if (isOurs) return desk;
      // A lane that is blocked now is not chosen again, so this ends.
      if (draining.signal.aborted || desk.lane.blocked() === undefined) return undefined;
    }
    return undefined;
  };

  /** Undefined: an answer of a person is needed, because the fields can't be read. */
  const fieldsOf = async (event: EventEnvelope, signal: AbortSignal): Promise<Outcome | Fields | undefined> => {
    const opened = await opener.open(event.keyId, String(event.data['sealed']), event.receipt, signal);
    if (opened.kind === 'destroyed') return skip('erased');
    if (opened.kind === 'unavailable') {
      log.warn({ keyId: event.keyId, error: opened.cause }, 'data key not available; retrying');
      return wait('data_key');
    }
    return opened.kind === 'opened' ? parseUntrusted(personal, opened.plaintext) : undefined;
  };

  /** All that comes before the call. */
  const prepare = async (event: EventEnvelope, signal: AbortSignal): Promise<Prepared> => {
    if (draining.signal.aborted) return wait('draining');
    const known = await facts.find(event.receipt, event.citizenHash, LOOKED_UP);
    if (known === undefined) return wait('journal');
    const decision = decide(event, known);
    if (decision.kind === 'skip') return skip(decision.reason);
    const fields = await fieldsOf(event, signal);
    if (fields === undefined) return { kind: 'verdict', verdict: UNREADABLE };
    if ('kind' in fields) return fields;
    const verdict = await deps.asserted(fields, Date.parse(event.at));
    if (verdict !== undefined) return { kind: 'verdict', verdict };
    const desk = await turn();
    return desk === undefined ? wait('provider_blocked') : { kind: 'turn', desk, fields };
  };

  const answerEvent = async (
    event: EventEnvelope,
    { deliveryCount, span }: Message,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const prepared = await nextInLine(() => prepare(event, signal));
    if (prepared.kind === 'verdict') return settle(event, prepared.verdict, span, signal);
    if (prepared.kind !== 'turn') return prepared;
    const { lane, provider } = prepared.desk;
    const { name, idType, idNumber } = prepared.fields;
    const requestId = requestIdOf(campaignId, event.receipt, attemptOf(event));
    const answer = await inSpan(
      span,
      'provider.verify',
      { provider: provider.name },
      () => provider.verify({ name, idType, idNumber, requestId }, signal),
      ({ kind }) => kind,
    ).catch((error: unknown) => {
      lane.sent('retry');
      throw error;
    });
    lane.sent(SENT[answer.kind]);
    metrics.question(provider.name, answer.kind);
    if (!isAnswered(answer)) {
      const { kind } = answer;
      log.warn(
        { provider: provider.name, kind, ...('reason' in answer ? { reason: answer.reason } : {}) },
        LOGGED[kind],
      );
      return retry(answer, deliveryCount);
    }
    return settle(event, verdictOf(answer, provider.name), span, signal);
  };

  const answerMessage = async (message: Message, signal: AbortSignal): Promise<Outcome> => {
    const decoded = eventIn(message, campaignId);
    const { shard, sequence } = message;
    if (decoded.kind === 'later_release') return wait('later_release');
    if (decoded.kind !== 'event') return decoded;
    const { event } = decoded;
    const alone = decideAlone(event);
    if (alone?.kind === 'skip') return skip(alone.reason);
    const key = requestIdOf(campaignId, event.receipt, attemptOf(event));
    const known = inHand.get(key);
    if (known !== undefined) return known;
    const answering = answerEvent(event, message, signal)
      .catch((error: unknown): Outcome => {
        if (signal.aborted) return wait('draining');
        log.warn({ shard, sequence, ...anonymousError(error) }, 'verification failed; retrying');
        return wait('unexpected');
      })
      .finally(() => inHand.delete(key));
    inHand.set(key, answering);
    return answering;
  };

  return {
    tier: 'verification',
    batchesPerShard: BATCHES_PER_SHARD,
    room: () => roomOfBatch(desks.room(), shards * BATCHES_PER_SHARD),
    drain: () => draining.abort(),
    ...oneByOne({ answer: answerMessage, givenBack: metrics.givenBack, holds: metrics.holds }),
  };
};
