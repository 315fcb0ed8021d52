/** The freeze by one and by two operators that crash, are late, and get no answer, at every step. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ComparisonReport } from '../../../contract/compare.ts';
import { ControlEntryError } from '../../../contract/decisions/control-schema.ts';
import type { FreezeJournal } from '../../../journal/freeze/freezing.ts';
import { FreezeKeeper } from '../../../operator/freeze/freeze-keeper.ts';
import type { FreezeRequest } from '../../../operator/freeze/freeze-steps.ts';
import { AGREEING } from '../../helpers/comparison.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { type Call, FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';

const never = new AbortController().signal;
const CLOSES = 1_000_000;
const request: FreezeRequest = {
  campaignId: 'spring',
  closesAtMs: CLOSES,
  unverified: 'exclude',
  tiers: ['intake', 'records', 'verification'],
  deferredBy: [],
  ownClock: 'agrees',
  comparison: AGREEING,
};

const world = (nowMs = CLOSES - 5_000) => {
  const clock = new FakeClock(nowMs);
  const journal = new FakeFreezeJournal();
  journal.published = { closesAtMs: CLOSES };
  let attempts = 0;
  const keeper = (access: FreezeJournal = journal.access(), skewMs = 0, assertLeading?: () => void) =>
    new FreezeKeeper({
      clock: {
        now: () => clock.now() + skewMs,
        monotonicMs: () => clock.monotonicMs(),
        after: (delayMs, callback) => clock.after(delayMs, callback),
      },
      journal: access,
      shards: 3,
      site: 'default',
      newAttempt: () => {
        attempts += 1;
        return String(attempts);
      },
      ...(assertLeading && { assertLeading }),
    });
  /** One tick a second. */
  const ticks = async (one: FreezeKeeper, seconds: number, of = request): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      one.keep(of, never);
      await one.settled();
      await clock.advance(1_000);
    }
  };
  return { clock, journal, keeper, ticks };
};

describe('FreezeKeeper', () => {
  it('asks once before the end, publishes barriers 20 s after it, waits for verification and records, and appends once', async () => {
    const { clock, journal, keeper, ticks } = world();
    const one = keeper();
    await ticks(one, 5);
    expect(journal.calls).toEqual(['published', 'decided']);
    expect(one.forbids({ closesAtMs: CLOSES + 60_000 }, CLOSES - 5_000)).toBe(false);
    expect(one.state).toEqual({ kind: 'waiting', waiting: { why: 'NotClosed', untilMs: CLOSES } });
    expect(clock.now()).toBe(CLOSES);
    await ticks(one, 20);
    expect([journal.barriers, one.state]).toMatchObject([0, { waiting: { why: 'WaitingForMargin' } }]);
    await ticks(one, 5);
    expect([journal.barriers, one.state]).toMatchObject([3, { waiting: { why: 'WaitingForVerification' } }]);
    journal.store(0, 'a verdict');
    journal.consume('verification');
    await ticks(one, 2);
    expect([journal.barriers, one.state]).toMatchObject([6, { waiting: { why: 'WaitingForConsumers' } }]);
    journal.consume('records', [0, 1]);
    await ticks(one, 2);
    expect(one.state).toMatchObject({ waiting: { behind: [{ tier: 'records', shard: 2 }] } });
    journal.consume('records');
    // Its positions are lost: it takes longer, and nothing else.
    journal.forget('records');
    await ticks(one, 2);
    expect(journal.entries).toHaveLength(0);
    journal.consume('records');
    await ticks(one, 2);
    expect(journal.entries).toMatchObject([{ campaignId: 'spring', barriers: [3, 2, 2], unverified: 'exclude' }]);
    expect(one.state).toMatchObject({ kind: 'done' });
  });

  it('shows the list once it is made, and then asks nothing more', async () => {
    const { journal, keeper, ticks } = world(CLOSES + 60_000);
    const frozen = {
      v: 1,
      campaignId: 'spring',
      at: '1970-01-01T00:17:00.000Z',
      barriers: [1],
      unverified: 'enter',
    } as const;
    journal.entries.push(frozen);
    const one = keeper();
    await ticks(one, 6);
    expect(one.state).toEqual({ kind: 'done', frozen });
    const listed = { v: 1, campaignId: 'spring', lists: [{ voucher: 'dining', entries: 2, digest: 'ab' }] } as const;
    journal.listed = listed;
    await ticks(one, 6);
    expect(one.state).toEqual({ kind: 'done', frozen, listed });
    const asked = journal.calls.length;
    await ticks(one, 20);
    expect(journal.calls).toHaveLength(asked);
  });

  it('finds an adopted journal frozen although the window is in the future, and forbids to open it again', async () => {
    const { journal, keeper, ticks } = world(CLOSES - 60_000);
    const at = new Date(CLOSES - 3_600_000).toISOString();
    journal.entries.push({ v: 1, campaignId: 'spring', at, barriers: [1], unverified: 'enter' });
    const one = keeper();
    // Not known yet.
    expect(one.forbids({ closesAtMs: CLOSES }, CLOSES - 60_000)).toBe(true);
    await ticks(one, 1);
    expect(one.state).toMatchObject({ kind: 'done' });
    expect(one.forbids({ closesAtMs: CLOSES }, CLOSES - 60_000)).toBe(true);
    expect(one.forbids({ closesAtMs: CLOSES - 3_600_000 }, CLOSES - 60_000)).toBe(false);
  });

  it('repeats a try whose answer was lost without a second barrier', async () => {
    const { journal, keeper, ticks } = world(CLOSES + 20_000);
    let lost = 2;
    const one = keeper(
      journal.access(async (call, perform) => {
        const answer = perform();
        if (call === 'publishBarriers' && lost > 0) {
          lost -= 1;
          throw new Error('no answer');
        }
        return answer;
      }),
    );
    await ticks(one, 1);
    expect(one.state).toEqual({ kind: 'unknown', message: 'no answer' });
    await ticks(one, 10);
    expect([lost, journal.barriers, one.state]).toMatchObject([0, 3, { waiting: { why: 'WaitingForVerification' } }]);
  });

  it("makes barriers again that are too early by the journal's clock, and appends only then", async () => {
    const { clock, journal, keeper, ticks } = world(CLOSES - 3_600_000);
    const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'] };
    journal.now = () => clock.now();
    // An hour ahead, less the margin.
    const wrong = keeper(journal.access(), 3_600_000);
    for (let minute = 0; minute < 60; minute += 1) {
      await ticks(wrong, 60, unchecked);
      journal.consume('records');
    }
    expect(clock.now()).toBe(CLOSES);
    expect(journal.entries).toEqual([]);
    expect(journal.barriers).toBe(3);
    journal.store(1, 'accepted at the last moment');
    await ticks(wrong, 60, unchecked);
    journal.consume('records');
    await ticks(wrong, 3, unchecked);
    expect(journal.entries).toMatchObject([{ barriers: [2, 3, 2] }]);
  });

  it('forbids a later end from 10 s after the published one on, by date alone', async () => {
    const { keeper, ticks } = world(CLOSES - 5_000);
    const one = keeper();
    await ticks(one, 1);
    const later = { closesAtMs: CLOSES + 600_000 };
    expect(one.forbids(later, CLOSES + 9_999)).toBe(false);
    expect(one.forbids(later, CLOSES + 10_000)).toBe(true);
    expect(one.forbids({ closesAtMs: CLOSES, verifyByMs: CLOSES + 1 }, CLOSES + 10_000)).toBe(true);
    // The same end, with another title or rate, and an earlier one.
    expect(one.forbids({ closesAtMs: CLOSES }, CLOSES + 10_000)).toBe(false);
    // The journal was away over the end, and every leader reads the announcement in the status.
    one.keep({ ...request, announcedMs: later.closesAtMs }, never);
    expect(one.forbids(later, CLOSES + 10_000)).toBe(false);
    expect(one.forbids({ closesAtMs: CLOSES - 1 }, CLOSES + 10_000)).toBe(false);
    one.notePublished(later);
    expect(one.forbids({ closesAtMs: CLOSES + 900_000 }, CLOSES + 11_000)).toBe(false);
  });

  it('loses nothing when the append of a stopped operator lands after another one has begun to lead', async () => {
    const { clock, journal, keeper, ticks } = world(CLOSES + 20_000);
    const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'] };
    let land: (() => void) | undefined;
    const stopped = keeper(
      journal.access(async (call, perform) => {
        if (call !== 'freeze') return perform();
        await new Promise<void>((resolve) => {
          land = resolve;
        });
        return perform();
      }),
    );
    await ticks(stopped, 1, unchecked);
    journal.consume('records');
    stopped.keep(unchecked, never);
    await clock.advance(100);
    expect(land).toBeDefined();
    const next = keeper();
    await ticks(next, 1, { ...unchecked, closesAtMs: CLOSES + 600_000 });
    expect(journal.entries).toEqual([]);
    expect(next.forbids({ closesAtMs: CLOSES + 600_000 }, clock.now())).toBe(true);
  });

  it('looks again after an append with an unknown outcome, also for an end in the future, and then forbids no more', async () => {
    const { clock, journal, keeper, ticks } = world(CLOSES + 20_000);
    const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'] };
    const one = keeper(
      journal.access(async (call, perform) => {
        if (call === 'freeze') throw new Error('no answer');
        return perform();
      }),
    );
    await ticks(one, 1, unchecked);
    journal.consume('records');
    await ticks(one, 1, unchecked);
    const later = { closesAtMs: CLOSES + 600_000 };
    // Published before the end that pods followed had passed.
    one.notePublished(later);
    expect(one.forbids(later, clock.now())).toBe(true);
    await ticks(one, 4, { ...unchecked, ...later });
    expect(one.forbids(later, clock.now())).toBe(false);
  });

  it('forbids no more when pods got a later end right before the append', async () => {
    const { clock, journal, keeper, ticks } = world(CLOSES + 20_000);
    const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'] };
    const later = { closesAtMs: CLOSES + 600_000 };
    let asked = 0;
    const one = keeper(
      journal.access(async (call, perform) => {
        if (call === 'positions') asked += 1;
        const answer = perform();
        if (call === 'positions' && asked === 2) journal.published = later;
        return answer;
      }),
    );
    await ticks(one, 2, unchecked);
    journal.consume('records');
    await ticks(one, 1, unchecked);
    expect(journal.entries).toEqual([]);
    expect(one.forbids(later, clock.now())).toBe(false);
  });

  it('forbids only a later end than the published one while it can not ask whether the list is frozen', async () => {
    const { journal, keeper, ticks } = world(CLOSES - 60_000);
    const one = keeper(
      journal.access(async (call, perform) => {
        if (call === 'decided') throw new Error('no permission');
        return perform();
      }),
    );
    await ticks(one, 1);
    expect(one.forbids({ closesAtMs: CLOSES }, CLOSES - 60_000)).toBe(false);
    expect(one.forbids({ closesAtMs: CLOSES + 1 }, CLOSES - 60_000)).toBe(true);
  });

  it('waits five minutes with a list that was due long before this process began', async () => {
    const { clock, journal, keeper, ticks } = world(CLOSES + 301_000);
    const one = keeper();
    const beganMs = clock.now();
    await ticks(one, 299);
    expect(one.state).toEqual({
      kind: 'waiting',
      waiting: { why: 'WaitingForMargin', untilMs: beganMs + 300_000, isLongDue: true },
    });
    expect(journal.barriers).toBe(0);
    await ticks(one, 3);
    expect(journal.barriers).toBe(3);
    // Also where the spec says a later end than pods follow, which is too late.
    const moved = world(CLOSES + 301_000);
    const other = moved.keeper();
    await moved.ticks(other, 1, { ...request, closesAtMs: CLOSES + 900_000 });
    await moved.ticks(other, 290);
    expect([moved.journal.barriers, other.state]).toMatchObject([0, { waiting: { isLongDue: true } }]);
    const soon = world(CLOSES + 299_000);
    await soon.ticks(soon.keeper(), 2);
    expect(soon.journal.barriers).toBe(3);
  });

  it('writes nothing when it does not lead', async () => {
    const { journal, keeper, ticks } = world(CLOSES + 20_000);
    const deposed = keeper(journal.access(), 0, () => {
      throw new Error('this process does not hold the lease');
    });
    await ticks(deposed, 10);
    expect([journal.barriers, journal.entries]).toEqual([0, []]);
    expect(deposed.state).toEqual({ kind: 'unknown', message: 'this process does not hold the lease' });
  });

  it('says that an entry of another release can not be read', async () => {
    const { journal, keeper, ticks } = world(CLOSES + 20_000);
    const one = keeper(
      journal.access(async () => {
        throw new ControlEntryError('the entry frozen of the control stream can’t be read: v: invalid_value');
      }),
    );
    await ticks(one, 3);
    expect(one.state).toMatchObject({ kind: 'unreadable', message: expect.stringContaining('v: invalid_value') });
  });

  it('publishes barriers again when the closing was moved later before the entry was appended', async () => {
    const { journal, keeper, ticks } = world(CLOSES + 20_000);
    const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'] };
    const one = keeper();
    await ticks(one, 1, unchecked);
    journal.consume('records');
    // Pods were given another closing; this leader's cache of the spec does not know.
    journal.published = { closesAtMs: CLOSES + 60_000 };
    await ticks(one, 50, unchecked);
    expect([journal.barriers, journal.entries]).toEqual([3, []]);
    journal.store(1, 'a late registration');
    await ticks(one, 20, unchecked);
    journal.consume('records');
    await ticks(one, 3, unchecked);
    expect(journal.entries).toMatchObject([{ barriers: [2, 3, 2] }]);
  });
});

/** Of two operators and of the world; each is one step of a schedule. */
type Act =
  | { readonly kind: 'tick' | 'crash'; readonly operator: 0 | 1 }
  | { readonly kind: 'answer'; readonly which: number; readonly how: 'answers' | 'lost' | 'refused' }
  | { readonly kind: 'register'; readonly shard: number }
  | { readonly kind: 'consume'; readonly tier: 'records' | 'verification' }
  | { readonly kind: 'forget' }
  /** A round compares up to what is stored now, and finds rows that differ or none. */
  | { readonly kind: 'compare'; readonly rows: number; readonly isSuspected: boolean }
  /** Everything is answered until nothing is asked. */
  | { readonly kind: 'answerAll' }
  | { readonly kind: 'extend' }
  | { readonly kind: 'pass'; readonly seconds: number };

const operator = fc.constantFrom(0 as const, 1 as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('tick' as const), operator }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), operator }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(3),
      how: fc.constantFrom(
        'answers' as const,
        'answers' as const,
        'answers' as const,
        'lost' as const,
        'refused' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('register' as const), shard: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('consume' as const),
      tier: fc.constantFrom('records' as const, 'verification' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('compare' as const),
      rows: fc.constantFrom(0, 0, 0, 2),
      isSuspected: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 12, arbitrary: fc.constant({ kind: 'answerAll' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'extend' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat(4) }) },
);

interface Parked {
  readonly call: Call;
  readonly settle: (how: 'answers' | 'lost' | 'refused') => void;
}

/** After the end that a pod follows: 5 s for its clock, 10 s for body, look-ups and publish. */
const LAST_ACKNOWLEDGEMENT_MS = 15_000;

type MayExtend = (leader: FreezeKeeper, later: { readonly closesAtMs: number }, nowMs: number) => boolean;
const asProduct: MayExtend = (leader, later, nowMs) => !leader.forbids(later, nowMs);

/** @param knownComparison the comparison at the start; stated, it stays, so that more schedules freeze before their end */
const play = async (
  acts: readonly Act[],
  lastAcknowledgementMs = LAST_ACKNOWLEDGEMENT_MS,
  mayExtend: MayExtend = asProduct,
  knownComparison?: ComparisonReport,
) => {
  const { clock, journal, keeper } = world(CLOSES - 1_000);
  const parked: Parked[] = [];
  const access = journal.access(
    (call, perform) =>
      new Promise((resolve, reject) => {
        parked.push({
          call,
          settle(how) {
            if (how === 'refused') return reject(new Error('refused'));
            const answer = perform();
            if (how === 'answers') resolve(answer);
            else reject(new Error('the answer was lost'));
          },
        });
      }),
  );
  const skews = [2_000, -2_000] as const;
  const start = (index: 0 | 1): FreezeKeeper => keeper(access, skews[index]);
  const operators: [FreezeKeeper, FreezeKeeper] = [start(0), start(1)];
  /** What the operators know of the spec; the first one's cache is behind. */
  const known: [number, number] = [CLOSES, CLOSES];
  let comparison = knownComparison;
  /** Every report that there was. */
  const reports: ComparisonReport[] = [];
  const acknowledged: { readonly shard: number; readonly sequence: number }[] = [];
  const podsFollowMs = (): number => journal.published?.closesAtMs ?? CLOSES;
  for (const one of acts) {
    switch (one.kind) {
      case 'tick':
        operators[one.operator].keep({ ...request, closesAtMs: known[one.operator], comparison }, never);
        break;
      case 'crash':
        // What it has sent is on its way, and may still arrive.
        operators[one.operator] = start(one.operator);
        break;
      case 'answer':
        parked.splice(one.which % Math.max(1, parked.length), 1)[0]?.settle(one.how);
        break;
      case 'answerAll':
        for (let round = 0; parked.length > 0 && round < 10; round += 1) {
          for (const { settle } of parked.splice(0)) settle('answers');
          await clock.advance(0);
        }
        break;
      case 'register': {
        if (clock.now() >= podsFollowMs() + lastAcknowledgementMs) break;
        const sequence = journal.store(one.shard, `registration ${acknowledged.length}`);
        acknowledged.push({ shard: one.shard, sequence });
        break;
      }
      case 'consume':
        journal.consume(one.tier);
        break;
      case 'compare':
        if (knownComparison !== undefined) break;
        comparison = {
          ...AGREEING,
          watermarks: journal.shards.map((messages) => messages.length),
          buckets: one.rows > 0 ? 1 : 0,
          rows: one.rows > 0 ? [{ bucket: 17, rows: one.rows }] : [],
          suspected: one.isSuspected ? 1 : 0,
        };
        reports.push(comparison);
        break;
      case 'forget':
        journal.forget('records');
        break;
      case 'extend': {
        // The operator whose clock is behind leads, and publishes a later closing as late as it may; the other one's append may be
        // under way.
        const later = { closesAtMs: Math.max(podsFollowMs(), clock.now()) + 20_000 };
        const leader = operators[1];
        if (mayExtend(leader, later, clock.now() + skews[1])) {
          journal.published = later;
          leader.notePublished(later);
          known[1] = later.closesAtMs;
        }
        break;
      }
      case 'pass':
        await clock.advance(one.seconds * 1_000);
    }
    await clock.advance(0);
  }
  // In the end the journal answers, and one operator goes on.
  for (const { settle } of parked.splice(0)) settle('refused');
  const isFrozenEarly = journal.entries.length > 0;
  const last = keeper();
  for (let second = 0; journal.entries.length === 0 && second < 300; second += 1) {
    last.keep(request, never);
    await last.settled();
    journal.consume('records');
    journal.consume('verification');
    await clock.advance(1_000);
  }
  return { journal, acknowledged, reports: isFrozenEarly ? reports : [...reports, AGREEING] };
};

/** Long enough that most of them freeze before their end. */
const SCHEDULE = { minLength: 120, maxLength: 300, size: 'max' } as const;

/** Acknowledged registrations that the list would lose. */
const lost = ({ journal, acknowledged }: Awaited<ReturnType<typeof play>>) =>
  acknowledged.filter(({ shard, sequence }) => sequence > (journal.entries[0]?.barriers[shard] ?? 0));

/** Whether some report said that journal and database agree up to the barriers of the entry. */
const agreedUpTo = ({ journal, reports }: Awaited<ReturnType<typeof play>>): boolean => {
  const barriers = journal.entries[0]?.barriers ?? [];
  return reports.some(
    ({ watermarks, buckets, suspected }) =>
      buckets === 0 && suspected === 0 && barriers.every((barrier, shard) => (watermarks[shard] ?? 0) >= barrier),
  );
};

describe('a freeze under any schedule', () => {
  it('is made once, and no registration that was acknowledged is above its barrier', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, SCHEDULE), async (acts) => {
        const played = await play(acts);
        expect(played.journal.entries).toHaveLength(1);
        expect(lost(played)).toEqual([]);
        expect(agreedUpTo(played)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('would lose one that a pod accepts longer after closing than the margin allows', async () => {
    const late = fc.asyncProperty(fc.array(act, SCHEDULE), async (acts) => {
      expect(lost(await play(acts, 600_000, asProduct, AGREEING))).toEqual([]);
    });
    expect(await fc.check(late, { numRuns: 300, seed: 1, endOnFailure: true })).toMatchObject({ failed: true });
  });

  it('would lose one if a later closing were published to pods until an entry is known', async () => {
    const late = fc.asyncProperty(fc.array(act, SCHEDULE), async (acts) => {
      const untilKnown: MayExtend = (leader) => leader.state?.kind !== 'done';
      expect(lost(await play(acts, LAST_ACKNOWLEDGEMENT_MS, untilKnown, AGREEING))).toEqual([]);
    });
    expect(await fc.check(late, { numRuns: 4_000, seed: 1, endOnFailure: true })).toMatchObject({ failed: true });
  });

  it.each<Call>(['decided', 'published', 'publishBarriers', 'positions', 'freeze'])(
    'survives a crash before and after each %s',
    async (call) => {
      for (const how of ['before', 'after'] as const) {
        for (let nth = 1; nth <= 6; nth += 1) {
          const { journal, keeper, ticks } = world(CLOSES + 20_000);
          journal.store(0, 'a registration');
          let seen = 0;
          let crashed = false;
          const crashing = keeper(
            journal.access(async (one, perform) => {
              if (crashed) throw new Error('crashed');
              if (one === call) seen += 1;
              crashed = one === call && seen === nth;
              if (crashed && how === 'before') throw new Error('crashed');
              const answer = perform();
              if (crashed) throw new Error('crashed');
              return answer;
            }),
          );
          for (let second = 0; second < 8; second += 1) {
            await ticks(crashing, 1);
            journal.consume('records');
            journal.consume('verification');
          }
          const next = keeper();
          for (let second = 0; second < 8; second += 1) {
            await ticks(next, 1);
            journal.consume('records');
            journal.consume('verification');
          }
          expect(journal.entries).toHaveLength(1);
          expect(next.state).toMatchObject({ kind: 'done', frozen: journal.entries[0] });
        }
      }
    },
  );
});
