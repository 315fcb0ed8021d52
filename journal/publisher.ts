/**
 * Publishes the intake's messages: an acknowledgement means that a quorum of servers has fsynced the message. One publish is in
 * attempt.ts, the rules for all of them in hedge.ts; here they are admitted and counted, and learn of the connection's state.
 */
import type { Registry } from 'prom-client';
import { METRICS } from '../contract/app-contract.ts';
import { encodeEnvelope } from '../contract/envelope-schema.ts';
import { metric } from '../contract/metrics/metrics.ts';
import { astraySubject, subjectOf } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import { counter } from '../runtime/metrics.ts';
import { type AttemptContext, PublishAttempt, unavailable } from './attempt.ts';
import type { CampaignJournal } from './connection.ts';
import { HedgeBudget, ShardHealth } from './hedge.ts';
import { createOutbox } from './outbox.ts';
import type { RegistrationJournal } from './publishing.ts';

export interface PublisherOptions extends CampaignJournal {
  readonly registry: Registry;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  /** Ends all publishes under way: the process ends. A citizen who hangs up ends none. */
  readonly signal: AbortSignal;
}

/** Publishes without an answer, at most; the next one is `busy`. */
const MAX_IN_FLIGHT = 1_024;
/** Another server, if there is one, accepts the connection within milliseconds: a shorter loss is not reported. */
const AWAY_AFTER_MS = 500;

export const createPublisher = (options: PublisherOptions): RegistrationJournal => {
  const { connection, campaignId, shards, monotonicMs, signal } = options;
  const outbox = createOutbox(connection, monotonicMs);
  const publishes = counter(options.registry, metric(METRICS.journalPublishes));
  const context: AttemptContext = {
    shards,
    health: new ShardHealth(shards),
    budget: new HedgeBudget(),
    monotonicMs,
    isConnected: () => connection.isConnected(),
    count: (kind, outcome) => publishes.inc({ kind, outcome }),
    onAllSilent: () => connection.suspect(),
  };
  const inFlight = new Set<PublishAttempt>();
  let isAway = !connection.isConnected();
  let awayTimer: NodeJS.Timeout | undefined;

  const giveUpAll = (): void => {
    for (const attempt of inFlight) attempt.giveUp('disconnected');
  };

  connection.onChange((connected) => {
    clearTimeout(awayTimer);
    if (connected) {
      isAway = false;
      context.health.reconnected(monotonicMs());
      for (const attempt of inFlight) attempt.resend();
      return;
    }
    awayTimer = setTimeout(() => {
      isAway = true;
      giveUpAll();
    }, AWAY_AFTER_MS);
    awayTimer.unref();
  });
  signal.addEventListener('abort', giveUpAll, { once: true });

  const publish: RegistrationJournal['publish'] = async (event, traceparent) => {
    if (isAway || signal.aborted) return unavailable('disconnected');
    if (inFlight.size >= MAX_IN_FLIGHT) return unavailable('busy');
    const nowMs = monotonicMs();
    const home = shardOf(event.citizenHash, shards);
    const entry = context.health.first(home, nowMs, context.budget.hasRoom(nowMs));
    if (entry === undefined) {
      context.onAllSilent();
      return unavailable(context.health.wasFull(nowMs) ? 'journal_full' : 'all_shards_silent');
    }
    context.budget.publish(nowMs);
    const payload = encodeEnvelope(event);
    // Once per receipt and shard, for ever; other facts may be repeated and are joined.
    const isRegistration = event.type === 'received';
    const first = isRegistration || event.type === 'withdrawn';
    const attempt = new PublishAttempt(context, home, (shard, withinMs) => {
      const subject =
        isRegistration && shard !== home ? astraySubject(campaignId, shard, event.receipt) : subjectOf(event, shard);
      return outbox.send({ subject, messageId: event.id, payload, first, withinMs, traceparent });
    });
    inFlight.add(attempt);
    attempt.start(entry);
    try {
      return await attempt.outcome;
    } finally {
      inFlight.delete(attempt);
    }
  };

  return { publish };
};
