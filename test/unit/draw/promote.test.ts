import { describe, expect, it } from '@jest/globals';
import { type Known, whyNotFallen } from '../../../app/draw/promote.ts';
import { runDrawJob } from '../../../app/draw/run-draw.ts';
import { chainState } from '../../../contract/decisions/draw-chain.ts';
import type { DrawOrder, OrderedPromotion } from '../../../contract/decisions/draw-order.ts';
import type { EventType } from '../../../contract/envelope.ts';
import { PROMOTED_DIGITS } from '../../../contract/names.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { DRAW_CAMPAIGN, DrawWorld, ORDER, type Pass } from '../../helpers/draw-world.ts';

const signal = AbortSignal.timeout(120_000);
const PEOPLE = 40;
const ordered: DrawOrder = { ...ORDER, sources: [{ name: 'drand', type: 'Drand' }], bindBy: 'none' };
const stateOf = (world: DrawWorld) => chainState(DRAW_CAMPAIGN, world.chain.entries);
const commandFor = (falls: string, index = 0): OrderedPromotion => ({
  command: index.toString(16).padStart(64, '0'),
  falls,
  by: 'owner',
  reason: 'no account',
});
const withCommands = (...promotions: readonly OrderedPromotion[]): DrawOrder => ({
  ...ordered,
  promotions: [...promotions],
});

const announcedWorld = async (): Promise<DrawWorld> => {
  const world = new DrawWorld(PEOPLE);
  await runDrawJob(world.job(ordered), signal);
  world.nowMs += 60_000;
  return world;
};

/** Receipts by their fact, those on the waiting list in its order. */
const receiptsWith = (world: DrawWorld, type: EventType, voucher: string): readonly string[] =>
  world
    .facts()
    .filter((fact) => fact.type === type && fact.data['voucher'] === voucher)
    .toSorted((a, b) => Number(a.data['place']) - Number(b.data['place']))
    .map(({ receipt }) => receipt);
const entryOf = (world: DrawWorld, receipt: string): string => {
  const person = Array.from({ length: PEOPLE }, (_, at) => at).find((at) => world.receiptOf(at).receiptNo === receipt);
  return world.entryOf(person ?? -1).toString('hex');
};
const promotedFacts = (world: DrawWorld): readonly string[] => [
  ...new Set(world.facts('promoted').map(({ receipt, at, data }) => `${receipt} ${at} ${data['voucher']}`)),
];

describe('a promotion', () => {
  it('lets the first of the waiting list move up, for a receipt or an entry', async () => {
    const world = await announcedWorld();
    const [first = '', second = ''] = receiptsWith(world, 'won', 'dinner');
    const waiting = receiptsWith(world, 'waitlisted', 'dinner');
    const falls = entryOf(world, second).slice(0, PROMOTED_DIGITS);
    await runDrawJob(world.job(withCommands(commandFor(first, 1), commandFor(falls, 2))), signal);
    const { promoted, recorded, ignored } = stateOf(world);
    expect(promoted.map(({ fallen, entry, voucher }) => [fallen, entry, voucher])).toEqual([
      [entryOf(world, first), entryOf(world, waiting[0] ?? ''), 'dinner'],
      [entryOf(world, second), entryOf(world, waiting[1] ?? ''), 'dinner'],
    ]);
    expect([recorded, ignored]).toEqual([2, []]);
    expect(promotedFacts(world).toSorted()).toEqual(
      promoted.map(({ at }, index) => `${waiting[index]} ${at} dinner`).toSorted(),
    );
  });

  it('ends the place of the one who falls by a fact, before another one has it', async () => {
    const world = await announcedWorld();
    const [first = ''] = receiptsWith(world, 'won', 'dinner');
    await runDrawJob(world.job(withCommands(commandFor(first))), signal);
    const { promoted } = stateOf(world);
    const ends = [
      ...new Set(world.facts('lost').map(({ receipt, at, data }) => `${receipt} ${at} ${data['voucher']}`)),
    ];
    expect(ends).toEqual([`${first} ${promoted[0]?.at} dinner`]);
  });

  it('of one who moved up lets the next one move up, until the waiting list ends', async () => {
    const world = await announcedWorld();
    const [winner = ''] = receiptsWith(world, 'won', 'sport');
    const [waiting = ''] = receiptsWith(world, 'waitlisted', 'sport');
    await runDrawJob(world.job(withCommands(commandFor(winner, 1), commandFor(waiting, 2))), signal);
    expect(stateOf(world)).toMatchObject({
      promoted: [{ command: commandFor('', 1).command }],
      declined: [{ why: 'everyone on the waiting list of sport has moved up' }],
    });
  });

  it('is declined for what is no winner, and for one that was replaced', async () => {
    const world = await announcedWorld();
    const [winner = ''] = receiptsWith(world, 'won', 'dinner');
    const [, waiting = ''] = receiptsWith(world, 'waitlisted', 'dinner');
    const falls = [winner, winner, waiting, world.receiptOf(6).receiptNo, 'ab'.repeat(PROMOTED_DIGITS / 2)];
    await runDrawJob(world.job(withCommands(...falls.map(commandFor))), signal);
    expect(stateOf(world).declined.map(({ why }) => why)).toEqual([
      'it was replaced before',
      'it is on the waiting list, and has not moved up',
      'it has no place in the result',
      'it has no place in the result',
    ]);
    expect(promotedFacts(world)).toHaveLength(1);
  });

  it('is declined where the voucher was issued, and is not for an erased one', async () => {
    const world = await announcedWorld();
    const winners = receiptsWith(world, 'won', 'dinner');
    const personOf = (receipt: string) =>
      Array.from({ length: PEOPLE }, (_, at) => at).find((at) => world.receiptOf(at).receiptNo === receipt) ?? -1;
    world.store(world.event('issued', personOf(winners[0] ?? '')));
    world.store(world.event('erased', personOf(winners[1] ?? '')));
    await runDrawJob(world.job(withCommands(...winners.slice(0, 2).map(commandFor))), signal);
    expect(stateOf(world)).toMatchObject({
      declined: [{ why: 'the voucher was issued' }],
      promoted: [{ fallen: entryOf(world, winners[1] ?? '') }],
    });
  });

  it('is judged by the time at which the journal was read, not by the time after it', async () => {
    const world = await announcedWorld();
    const bindBy = new Date(world.nowMs).toISOString();
    const job = world.job({ ...withCommands(commandFor(receiptsWith(world, 'won', 'dinner')[0] ?? '')), bindBy });
    const { replay } = job;
    const slow: typeof replay = {
      ...replay,
      async *replay(...args) {
        yield* replay.replay(...args);
        world.nowMs += 120_000;
      },
    };
    await runDrawJob({ ...job, replay: slow }, signal);
    expect(stateOf(world)).toMatchObject({
      promoted: [],
      declined: [{ why: `an account can be bound until ${bindBy}` }],
    });
  });

  it('changes nothing when its Job is repeated, or runs without a command', async () => {
    const world = await announcedWorld();
    const commands = withCommands(commandFor(receiptsWith(world, 'won', 'dinner')[0] ?? ''));
    await runDrawJob(world.job(commands), signal);
    const before = [world.chain.entries.length, world.facts('promoted').length];
    await runDrawJob(world.job(commands), signal);
    await runDrawJob(world.job(ordered), signal);
    expect([world.chain.entries.length, world.facts('promoted').length]).toEqual(before);
  });

  it('has one outcome, although two Jobs run at once and end at any step', async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const world = await announcedWorld();
      const waiting = receiptsWith(world, 'waitlisted', 'dinner');
      const commands = withCommands(...receiptsWith(world, 'won', 'dinner').slice(0, 3).map(commandFor));
      const random = seededRandom(seed);
      let crashes = 10;
      const pass: Pass = async (_, perform) => {
        const isCrash = crashes > 0 && random.next() < 0.15;
        if (isCrash) crashes -= 1;
        const isBefore = random.next() < 0.5;
        if (isCrash && isBefore) throw new Error('crash');
        const result = await perform();
        if (isCrash) throw new Error('crash');
        return result;
      };
      const toTheEnd = async (): Promise<void> => {
        while (stateOf(world).recorded < 3) {
          await runDrawJob(world.job(commands, pass), signal).catch((error: unknown) => {
            if (!(error instanceof Error) || error.message !== 'crash') throw error;
          });
          world.nowMs += 1_000;
        }
      };
      await Promise.all([toTheEnd(), toTheEnd()]);
      const { promoted, ignored } = stateOf(world);
      expect(ignored).toEqual([]);
      expect(promoted.map(({ entry }) => entry)).toEqual(waiting.slice(0, 3).map((receipt) => entryOf(world, receipt)));
      expect(promotedFacts(world).toSorted()).toEqual(
        promoted.map(({ at }, index) => `${waiting[index]} ${at} dinner`).toSorted(),
      );
    }
  });
});

describe('promotions of two Jobs', () => {
  it('would be more than were ordered, if appends did not compare', async () => {
    const world = await announcedWorld();
    const { append } = world.chain;
    let waiting: Promise<unknown> = Promise.resolve();
    // Both have read the chain before one of them appends.
    world.chain.append = async (step) => {
      waiting = waiting.then(() => new Promise((resolve) => setImmediate(resolve)));
      await waiting;
      return append(step, world.chain.entries.at(-1)?.sequence ?? 0);
    };
    const commands = withCommands(...receiptsWith(world, 'won', 'dinner').slice(0, 3).map(commandFor));
    const ends = await Promise.allSettled([1, 2].map(() => runDrawJob(world.job(commands), signal)));
    const isSeen = ends.some(({ status }) => status === 'rejected') || stateOf(world).ignored.length > 0;
    expect(isSeen).toBe(true);
  });
});

describe('a winner falls', () => {
  const BIND_BY = '2020-10-01T00:00:00Z';
  const [before, after] = [Date.parse(BIND_BY) - 1, Date.parse(BIND_BY) + 3_600_000];
  const with_ = (...facts: readonly (readonly [EventType, number?, string?, string?])[]): Known => ({
    facts: facts.map(([type, attempt, channel, at = '']) => ({
      ...{ type, at },
      ...(attempt === undefined ? {} : { attempt }),
      ...(channel === undefined ? {} : { data: { channel } }),
    })),
  });
  const LATE = '2020-10-01T00:00:01Z';
  const failedOnce = [
    ['bound', 1, 'wechat'],
    ['issuing', 1],
    ['issue_failed', 1],
  ] as const;

  it.each<[string, Known, DrawOrder['bindBy'], number, RegExp | undefined, boolean?]>([
    ['erased', with_(['bound'], ['erased']), BIND_BY, before, undefined],
    ['erased after it was issued', with_(['issuing', 1], ['issued'], ['erased']), BIND_BY, before, /was issued/],
    ['issued', with_(['bound'], ['issuing', 1], ['issued']), BIND_BY, after, /was issued/],
    ['redeemed', with_(['redeemed']), 'none', after, /was issued/],
    ['a request under way', with_(['bound'], ['issuing', 1]), BIND_BY, after, /under way/],
    [
      'a second request under way',
      with_(['issuing', 1], ['issue_failed', 1], ['issuing', 2]),
      BIND_BY,
      after,
      /under way/,
    ],
    [
      'a failed attempt, before bindBy',
      with_(['issuing', 1], ['issue_failed', 1]),
      BIND_BY,
      before,
      /can be bound until/,
    ],
    [
      'a failed attempt, after bindBy',
      with_(['bound'], ['issuing', 1], ['issue_failed', 1]),
      BIND_BY,
      after,
      undefined,
    ],
    ['the last attempt failed', with_(['issuing', 4], ['issue_failed', 4]), 'open', before, undefined],
    ['no account, before bindBy', with_(), BIND_BY, before, /can be bound until/],
    ['no account, just after bindBy', with_(), BIND_BY, before + 30_000, /can be bound until/],
    ['no account, after bindBy', with_(), BIND_BY, after, undefined],
    ['no account, and no bindBy', with_(), 'open', after, /not stated/],
    ['an account, after bindBy', with_(['bound']), BIND_BY, after, /an account is bound/],
    [
      'issued, and erased later',
      with_(['bound'], ['issuing', 1], ['issued'], ['erased']),
      BIND_BY,
      after,
      /was issued/,
    ],
    ['erased while a request was under way', with_(['bound'], ['issuing', 1], ['erased']), BIND_BY, after, /under way/],
    [
      'another account since a failure',
      with_(...failedOnce, ['bound', 2, 'wechat']),
      BIND_BY,
      after,
      /an account is bound/,
    ],
    [
      'back to a channel with an account since a failure',
      with_(['bound', 1, 'alipay'], ...failedOnce, ['channel_changed', 1, 'alipay']),
      BIND_BY,
      after,
      /an account is bound/,
    ],
    ['an account after bindBy, which issuance serves', with_(['bound', 1, 'wechat', LATE]), BIND_BY, after, /is bound/],
    [
      'of one who moved up, an account later',
      with_(['promoted'], ['bound', 1, 'wechat', LATE]),
      BIND_BY,
      after,
      /is bound/,
      true,
    ],
    [
      'a channel without an account',
      with_(['bound', 1, 'wechat'], ['channel_changed', 1, 'alipay']),
      BIND_BY,
      after,
      undefined,
    ],
    ['an account, of one who moved up', with_(['bound']), BIND_BY, before, /an account is bound/, true],
    ['no account, of one who moved up', with_(), BIND_BY, before, undefined, true],
    ['no account, of one who moved up, and no bindBy', with_(), 'open', before, undefined, true],
    [
      'a failed attempt, of one who moved up',
      with_(['issuing', 1], ['issue_failed', 1]),
      'open',
      before,
      undefined,
      true,
    ],
    ['a campaign that issues nothing', with_(['bound']), 'none', before, undefined],
  ])('or not: %s', (_, known, bindBy, nowMs, why, hasMovedUp = false) => {
    const said = whyNotFallen(known, bindBy, nowMs, hasMovedUp);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(why);
  });
});
