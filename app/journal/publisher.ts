/**
 * The hedged publish: an acknowledgement means that a quorum of servers has fsynced the message.
 *
 * A message goes to its citizen's home shard. Without an answer in 300 ms a second copy goes to the next healthy shard,
 * if the budget has room, and the first answer of either counts. A refusal that proves that nothing was stored (nobody
 * listens, no space) is followed by another shard at once: that makes no copy and costs no budget. An empty budget never
 * hedges: the publish waits for its own answer, for sending it away would only make the citizen send it once more.
 */
import { JetStreamApiError, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { Counter, type Registry } from 'prom-client';
import { METRICS } from '../../operator/api/app-contract.ts';
import { eventSubject } from '../../operator/api/names.ts';
import { encodeEnvelope } from '../core/envelope-schema.ts';
import { shardOf } from '../core/shard.ts';
import type { PublishOutcome, RegistrationJournal } from '../intake/ports.ts';
import type { JournalConnection } from './connection.ts';
import { HedgeBudget, ShardHealth, SILENT_AFTER_MS } from './hedge.ts';

export interface PublisherOptions {
  readonly connection: JournalConnection;
  readonly campaignId: string;
  readonly shards: number;
  readonly registry: Registry;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  /** Publishes without an answer, at most; the next one is told `busy`. */
  readonly maxInFlight?: number;
}

const TOTAL_BUDGET_MS = 3_000;
const MAX_IN_FLIGHT = 1_024;
const RETRY_SOON_MS = 1_000;
const RETRY_LATER_MS = 5_000;

type Kind = 'first' | 'reroute' | 'hedge';
type Failure = 'nobody' | 'full' | 'unknown';

/**
 * nats-server's JetStream error codes that mean "no space" (server/errors.json): insufficient resources 10023, memory
 * 10028, storage 10047, account limits 10002 and 10003, and 10077, "maximum bytes exceeded" of a stream that discards new.
 */
const FULL = new Set([10002, 10003, 10023, 10028, 10047, 10077, 10122]);

const failureOf = (error: unknown): Failure => {
  // The client's name for "no responders"; its class is not exported.
  if (error instanceof Error && error.name === 'JetStreamNotEnabled') return 'nobody';
  if (error instanceof JetStreamApiError && FULL.has(error.code)) return 'full';
  return 'unknown';
};

export const createPublisher = (options: PublisherOptions): RegistrationJournal => {
  const { connection, campaignId, shards, monotonicMs, maxInFlight = MAX_IN_FLIGHT } = options;
  const client: JetStreamClient = jetstream(connection.nats);
  const health = new ShardHealth(shards);
  const budget = new HedgeBudget();
  const counter = new Counter({
    name: METRICS.journalPublishes,
    help: 'Messages sent to the journal: first, reroute (home shard is silent), hedge (a second copy), by outcome.',
    labelNames: ['kind', 'outcome'],
    registers: [options.registry],
  });
  let inFlight = 0;

  const publish: RegistrationJournal['publish'] = (event, signal) => {
    if (!connection.isConnected()) return unavailable('disconnected', RETRY_SOON_MS);
    if (inFlight >= maxInFlight) return unavailable('busy', RETRY_SOON_MS);
    const startedAtMs = monotonicMs();
    const home = shardOf(event.citizenHash, shards);
    const first = health.first(home, startedAtMs, budget.hasRoom(startedAtMs));
    if (first === undefined) return unavailable('all_shards_silent', RETRY_SOON_MS);
    budget.publish(startedAtMs);
    inFlight += 1;
    const payload = encodeEnvelope(event);
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    const tried = new Set<number>();
    const failures = new Set<Failure>();
    let outstanding = 0;
    let settled = false;
    let hedgeTimer: NodeJS.Timeout | undefined;

    const settle = (outcome: PublishOutcome): void => {
      if (settled) return;
      settled = true;
      inFlight -= 1;
      clearTimeout(hedgeTimer);
      clearTimeout(totalTimer);
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const fail = (): void => {
      if (failures.has('full') && !failures.has('unknown')) settle(unavailableNow('journal_full', RETRY_LATER_MS));
      else settle(unavailableNow(connection.isConnected() ? 'timeout' : 'disconnected', RETRY_SOON_MS));
    };
    const onAbort = (): void => settle(unavailableNow('disconnected', RETRY_SOON_MS));
    const totalTimer = setTimeout(fail, TOTAL_BUDGET_MS);
    signal.addEventListener('abort', onAbort, { once: true });

    const send = async (shard: number, kind: Kind): Promise<void> => {
      tried.add(shard);
      outstanding += 1;
      clearTimeout(hedgeTimer);
      hedgeTimer = setTimeout(() => onSilence(shard), SILENT_AFTER_MS);
      try {
        const timeout = Math.max(1, TOTAL_BUDGET_MS - (monotonicMs() - startedAtMs));
        const ack = await client.publish(eventSubject(campaignId, shard, event.type), payload, {
          msgID: event.id,
          timeout,
        });
        health.heard(shard, monotonicMs());
        counter.inc({ kind, outcome: ack.duplicate ? 'duplicate' : 'acknowledged' });
        const { seq: sequence, duplicate } = ack;
        settle({ kind: 'acknowledged', shard, sequence, duplicate, attempts: tried.size });
      } catch (error) {
        outstanding -= 1;
        const failure = failureOf(error);
        failures.add(failure);
        counter.inc({ kind, outcome: failure });
        if (failure === 'nobody') health.unreachable(shard);
        if (failure === 'full') health.heard(shard, monotonicMs());
        if (!settled) onFailure(failure);
      }
    };

    const onSilence = (shard: number): void => {
      const nowMs = monotonicMs();
      health.waited(shard, nowMs);
      const next = health.next(home, tried);
      if (settled || next === undefined || !budget.take(nowMs)) return;
      void send(next, 'hedge');
    };

    /** `unknown` may have been stored: the other answers, or the total budget, decide. */
    const onFailure = (failure: Failure): void => {
      const next = failure === 'unknown' ? undefined : health.next(home, tried);
      if (next !== undefined) void send(next, 'reroute');
      else if (outstanding === 0) fail();
    };

    void send(first, first === home ? 'first' : 'reroute');
    return promise;
  };

  return { publish };
};

type Unavailable = Extract<PublishOutcome, { kind: 'unavailable' }>;

const unavailableNow = (reason: Unavailable['reason'], retryAfterMs: number): Unavailable => ({
  kind: 'unavailable',
  reason,
  retryAfterMs,
});

const unavailable = async (reason: Unavailable['reason'], retryAfterMs: number): Promise<Unavailable> =>
  unavailableNow(reason, retryAfterMs);
