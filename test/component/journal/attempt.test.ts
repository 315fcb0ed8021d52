/** One message between shards that answer, refuse and stay silent, on a clock that only the test moves. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AttemptContext, PublishAttempt, TOTAL_BUDGET_MS } from '../../../journal/attempt.ts';
import { HedgeBudget, ShardHealth } from '../../../journal/hedge.ts';
import type { CopyAnswer } from '../../../journal/outbox.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';

type Answer = {
  readonly afterMs: number;
  readonly with: 'ack' | 'duplicate' | 'nobody' | 'full' | 'conflict' | 'error';
};

const answer = (what: Answer['with'], shard: number): CopyAnswer => {
  switch (what) {
    case 'ack':
      return { kind: 'stored', sequence: shard * 100, duplicate: false };
    case 'duplicate':
      return { kind: 'stored', sequence: shard * 100, duplicate: true };
    case 'nobody':
    case 'full':
    case 'conflict':
      return { kind: 'failed', failure: what };
    case 'error':
      return { kind: 'failed', failure: 'unknown' };
  }
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

interface Stage {
  readonly attempt: PublishAttempt;
  readonly sent: number[];
  readonly counted: string[];
  readonly health: ShardHealth;
  connect(connected: boolean): void;
  /** Lets the time pass and tells the outcome, if there is one. */
  passed(ms: number): Promise<PublishOutcome | undefined>;
}

/** Answers of shards 0, 1 and 2; a shard without one is silent. Home is 0. */
const stage = (
  answers: Readonly<Record<number, Answer>>,
  { hedges = 5, silent = [] as readonly number[] } = {},
): Stage => {
  const health = new ShardHealth(3);
  for (const shard of silent) health.unreachable(shard);
  const budget = new HedgeBudget();
  for (let i = hedges; i < 5; i += 1) budget.take(Date.now());
  let connected = true;
  const sent: number[] = [];
  const counted: string[] = [];
  const context: AttemptContext = {
    shards: 3,
    health,
    budget,
    monotonicMs: () => Date.now(),
    isConnected: () => connected,
    count: (kind, outcome) => counted.push(`${kind} ${outcome}`),
    onAllSilent: () => counted.push('all silent'),
  };
  const attempt = new PublishAttempt(context, 0, (shard) => {
    sent.push(shard);
    const given = answers[shard];
    return new Promise((resolve) => {
      if (given !== undefined) setTimeout(() => resolve(answer(given.with, shard)), given.afterMs);
    });
  });
  let outcome: PublishOutcome | undefined;
  void attempt.outcome.then((settled) => {
    outcome = settled;
  });
  attempt.start(0);
  return {
    attempt,
    sent,
    counted,
    health,
    connect: (now) => {
      connected = now;
    },
    async passed(ms) {
      await jest.advanceTimersByTimeAsync(ms);
      return outcome;
    },
  };
};

describe('a publish', () => {
  it('is acknowledged by its home shard, in one copy', async () => {
    const { passed, sent, counted } = stage({ 0: { afterMs: 20, with: 'ack' } });
    expect(await passed(25)).toEqual({ kind: 'acknowledged', shard: 0, sequence: 0, duplicate: false, attempts: 1 });
    await passed(TOTAL_BUDGET_MS);
    expect([sent, counted]).toEqual([[0], ['first acknowledged']]);
  });

  it('is acknowledged as a duplicate all the same', async () => {
    const { passed } = stage({ 0: { afterMs: 5, with: 'duplicate' } });
    expect(await passed(10)).toMatchObject({ kind: 'acknowledged', duplicate: true });
  });

  it('goes to the next shard as well after 300 ms, and counts whichever answers', async () => {
    const { passed, sent } = stage({ 0: { afterMs: 400, with: 'ack' }, 1: { afterMs: 200, with: 'ack' } });
    expect(await passed(299)).toBeUndefined();
    expect(sent).toEqual([0]);
    await passed(2);
    expect(sent).toEqual([0, 1]);
    expect(await passed(100)).toMatchObject({ kind: 'acknowledged', shard: 0, attempts: 2 });
  });

  it('goes to the third one when the second is silent too', async () => {
    const { passed, sent } = stage({ 2: { afterMs: 10, with: 'ack' } });
    expect(await passed(620)).toMatchObject({ kind: 'acknowledged', shard: 2, attempts: 3 });
    expect(sent).toEqual([0, 1, 2]);
  });

  it('waits for its own answer when the budget is empty', async () => {
    const { passed, sent } = stage({ 0: { afterMs: 2_000, with: 'ack' } }, { hedges: 0 });
    expect(await passed(1_999)).toBeUndefined();
    expect(await passed(1)).toMatchObject({ kind: 'acknowledged', attempts: 1 });
    expect(sent).toEqual([0]);
  });

  it('skips a shard that is known to be silent', async () => {
    const { passed, sent } = stage({ 2: { afterMs: 10, with: 'ack' } }, { silent: [1] });
    expect(await passed(320)).toMatchObject({ kind: 'acknowledged', shard: 2 });
    expect(sent).toEqual([0, 2]);
  });

  it('goes on at once, at no cost to the budget, where nobody listens', async () => {
    const { passed, counted } = stage(
      { 0: { afterMs: 1, with: 'nobody' }, 1: { afterMs: 10, with: 'ack' } },
      { hedges: 0 },
    );
    expect(await passed(15)).toMatchObject({ kind: 'acknowledged', shard: 1 });
    expect(counted).toEqual(['first nobody', 'reroute acknowledged']);
  });

  it('is told that the journal is full when every shard is', async () => {
    const full: Answer = { afterMs: 1, with: 'full' };
    const { passed, sent, health } = stage({ 0: full, 1: full, 2: full });
    expect(await passed(10)).toEqual({ kind: 'unavailable', reason: 'journal_full', retryAfterMs: 5_000 });
    expect(sent).toEqual([0, 1, 2]);
    expect(health.allSilent()).toBe(false);
  });

  it('is told at once that all shards are silent when nobody listens anywhere', async () => {
    const none: Answer = { afterMs: 1, with: 'nobody' };
    const { passed } = stage({ 0: none, 1: none, 2: none });
    expect(await passed(10)).toMatchObject({ reason: 'all_shards_silent' });
  });

  it('hedges at once after a refusal that proves nothing', async () => {
    const { passed, counted } = stage({ 0: { afterMs: 1, with: 'error' }, 1: { afterMs: 5, with: 'ack' } });
    expect(await passed(10)).toMatchObject({ kind: 'acknowledged', shard: 1 });
    expect(counted).toEqual(['first unknown', 'hedge acknowledged']);
  });

  it('that meets another copy on its way asks the same shard again, and goes nowhere else', async () => {
    const answers: Record<number, Answer> = { 0: { afterMs: 5, with: 'conflict' }, 1: { afterMs: 1, with: 'ack' } };
    const { passed, sent, counted } = stage(answers);
    expect(await passed(250)).toBeUndefined();
    answers[0] = { afterMs: 5, with: 'duplicate' };
    expect(await passed(100)).toMatchObject({ kind: 'acknowledged', shard: 0, duplicate: true });
    expect(new Set(sent)).toEqual(new Set([0]));
    expect(counted.at(-1)).toBe('resend duplicate');
  });

  it('that meets nothing but conflicts for 300 ms goes on to the next shard, and blames this one', async () => {
    const { passed, sent, counted, health } = stage({
      0: { afterMs: 1, with: 'conflict' },
      1: { afterMs: 5, with: 'ack' },
    });
    expect(await passed(299)).toBeUndefined();
    expect(new Set(sent)).toEqual(new Set([0]));
    expect(await passed(10)).toMatchObject({ kind: 'acknowledged', shard: 1 });
    expect(counted.at(-1)).toBe('hedge acknowledged');
    expect(health.first(0, Date.now(), false)).toBe(1);
  });

  it('that meets conflicts for 300 ms where others come through blames nothing', async () => {
    const answers: Record<number, Answer> = { 0: { afterMs: 1, with: 'conflict' } };
    const { passed, health } = stage(answers);
    await passed(200);
    health.heard(0, Date.now());
    await passed(110);
    expect(health.first(0, Date.now(), false)).toBe(0);
  });

  it('is told `timeout` after three seconds without an answer, never `journal_full` while one may have stored it', async () => {
    const { passed } = stage({ 1: { afterMs: 1, with: 'full' }, 2: { afterMs: 1, with: 'full' } });
    expect(await passed(TOTAL_BUDGET_MS - 1)).toBeUndefined();
    expect(await passed(1)).toEqual({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
  });

  it('tells when all shards are silent, for it may be the connection', async () => {
    const { passed, counted } = stage({});
    await passed(1_000);
    expect(counted).toContain('all silent');
  });
});

describe('a publish whose connection is lost', () => {
  it('blames no shard meanwhile, and is sent once more, to the same shard, on the new one', async () => {
    const answers: Record<number, Answer> = {};
    const { passed, attempt, connect, sent, health, counted } = stage(answers);
    connect(false);
    await passed(450);
    expect(health.allSilent()).toBe(false);
    expect(sent).toEqual([0]);
    answers[0] = { afterMs: 5, with: 'duplicate' };
    connect(true);
    attempt.resend();
    expect(await passed(10)).toMatchObject({ kind: 'acknowledged', shard: 0, duplicate: true, attempts: 1 });
    expect(sent).toEqual([0, 0]);
    expect(counted).toEqual(['resend duplicate']);
  });

  it('is told so when it is given up', async () => {
    const { passed, attempt, connect } = stage({});
    connect(false);
    attempt.giveUp('disconnected');
    expect(await passed(0)).toEqual({ kind: 'unavailable', reason: 'disconnected', retryAfterMs: 1_000 });
  });
});
