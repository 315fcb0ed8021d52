/** Random histories of one winner: processes that die at any step, two pods, lost answers, and a journal that is cut and restored. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IssueRequest } from '../../../app/issuance/ports.ts';
import type { Channel, EventEnvelope } from '../../../contract/envelope.ts';
import { MOST_ATTEMPTS } from '../../../contract/outside/issuance.ts';
import { bound, changed, createIssuanceWorld, createPod, won } from '../../helpers/issuance.ts';
import { Crash, type Fate } from '../../helpers/scripted-channel.ts';

type World = ReturnType<typeof createIssuanceWorld>;

/** Steps are counted over the whole history; the process dies at each of these. */
const dieAt = (world: World, deaths: ReadonlySet<number>): void => {
  let steps = 0;
  world.journal.step = (what) => {
    steps += 1;
    if (deaths.has(steps)) throw new Crash(what);
  };
};

/** An attempt is begun only after the one before has failed for good; each exists once. */
const expectOrder = (world: World): void => {
  const events = world.journal.events();
  const begun = world.journal.events('issuing').map(({ attempt = 1 }) => attempt);
  expect(begun).toEqual(begun.map((_, i) => i + 1));
  for (const n of begun.slice(1)) {
    const failure = events.findIndex(({ type, attempt = 1 }) => type === 'issue_failed' && attempt === n - 1);
    const next = events.findIndex(({ type, attempt = 1 }) => type === 'issuing' && attempt === n);
    expect(failure).toBeGreaterThanOrEqual(0);
    expect(failure).toBeLessThan(next);
  }
};

const delivered = ['won', 'bound', 'channel_changed', 'issuing'];
const deliverable = (world: World): readonly EventEnvelope[] =>
  world.journal.events().filter(({ type }) => delivered.includes(type));

/** Everything is delivered until nothing new follows, by a process that does not die. */
const settle = async (world: World): Promise<void> => {
  world.journal.step = () => undefined;
  for (let before = -1; before !== world.journal.events().length; ) {
    before = world.journal.events().length;
    for (const event of deliverable(world)) await world.deliver(event, 2);
  }
};

const fate: fc.Arbitrary<Fate> = fc.constantFrom<Fate>(
  'ok',
  'ok',
  'lost',
  'crash before',
  'crash after',
  { kind: 'unknown', reason: 'time-out' },
  { kind: 'throttled', reason: 'RATELIMIT' },
  { kind: 'maybe', code: 'RULE_LIMIT' },
);

/** After which the same request is repeated. */
const passing = fate.filter((one) => typeof one !== 'object' || one.kind !== 'maybe');

/** Accounts `a` and `b` exist; `x` and `y` are closed. */
const closed: ReadonlySet<string> = new Set(['x', 'y']);
const account = fc.constantFrom('a', 'b', 'x', 'y');
const channel = fc.constantFrom<Channel>('wechat', 'alipay');

type Step =
  | { readonly kind: 'bind'; readonly channel: Channel; readonly account: string }
  | { readonly kind: 'change'; readonly channel: Channel }
  | { readonly kind: 'deliver'; readonly which: number; readonly count: number; readonly pod: 0 | 1 }
  | { readonly kind: 'together'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('bind' as const), channel, account }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), channel }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      which: fc.nat(40),
      count: fc.integer({ min: 1, max: 3 }),
      pod: fc.constantFrom(0 as const, 1 as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('together' as const), which: fc.nat(40) }) },
);

const play = async (world: World, steps: readonly Step[]): Promise<void> => {
  const pods = [world.pod, world.newPod()] as const;
  const attempts = { bound: 0, changed: 0 };
  for (const one of steps) {
    if (one.kind === 'bind')
      world.journal.store(bound(one.channel, one.account, ++attempts.bound, { atMs: attempts.bound }));
    if (one.kind === 'change') world.journal.store(changed(one.channel, ++attempts.changed));
    const messages = deliverable(world);
    const event = 'which' in one ? messages[one.which % messages.length] : undefined;
    if (event === undefined) continue;
    if (one.kind === 'together') await Promise.all(pods.map((pod) => world.deliver(event, 2, pod)));
    if (one.kind === 'deliver') await world.deliver(event, one.count, pods[one.pod]);
    expectOrder(world);
  }
};

describe('a winner', () => {
  it('gets one voucher at most, and no second number without proof that the first one failed, whatever dies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(fate, { minLength: 1, maxLength: 8 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 8 }),
        async (steps, fates, deaths) => {
          let calls = 0;
          const next = (): Fate => fates[calls++ % fates.length] ?? 'ok';
          const world = createIssuanceWorld({ fate: () => (calls < 60 ? next() : 'ok'), closed });
          world.journal.store(won());
          dieAt(world, new Set(deaths));
          await play(world, steps);
          await settle(world);
          calls = 60;
          await settle(world);
          expectOrder(world);
          expect(world.books.entries.length).toBeLessThanOrEqual(1);
          expect(world.journal.events('issued').length > 0).toBe(world.books.entries.length > 0);
          const failed = world.journal.events('issue_failed');
          expect(failed.length).toBeLessThanOrEqual(MOST_ATTEMPTS);
          // A request that was begun has ended, one way or the other.
          const ended = new Set(failed.map(({ attempt = 1 }) => attempt)).size;
          if (world.books.entries.length === 0) expect(ended).toBe(world.journal.events('issuing').length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gets the same voucher from a journal that has lost its last messages, whatever was lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9),
        fc.array(passing, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        async (cut, fates, again, atOnce) => {
          let calls = 0;
          const world = createIssuanceWorld({
            fate: () => (calls < 30 ? (fates[calls++ % fates.length] ?? 'ok') : 'ok'),
            closed,
          });
          const worked = async (): Promise<void> => {
            calls = 0;
            await settle(world);
            calls = 30;
            await settle(world);
          };
          world.journal.store(bound('wechat', 'x'), won());
          await worked();
          world.journal.store(bound('wechat', 'a', 2));
          await worked();
          const before = [...world.books.entries];
          expect(before).toHaveLength(1);
          // Neither account nor place is lost, but the second account may be: then the citizen binds it, or another one, again.
          world.journal.cut(Math.min(cut, world.journal.events().length - 2));
          if (!atOnce) await settle(world);
          world.journal.store(bound('wechat', again ? 'a' : 'b', 3));
          await settle(world);
          expect(world.books.entries).toEqual(before);
          expect(world.journal.events('issued')).not.toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the crash at every step of one voucher', () => {
  it('changes nothing', async () => {
    let died = true;
    let at = 1;
    for (; died; at += 1) {
      const world = createIssuanceWorld();
      world.journal.store(bound('wechat', 'a'), won());
      died = false;
      let steps = 0;
      world.journal.step = (what) => {
        steps += 1;
        if (steps !== at) return;
        died = true;
        throw new Crash(what);
      };
      for (const event of deliverable(world)) await world.deliver(event);
      for (const event of world.journal.events('issuing')) await world.deliver(event);
      await settle(world);
      expect([at, world.books.entries.length, world.journal.events('issued').length > 0]).toEqual([at, 1, true]);
      expectOrder(world);
    }
    expect(at).toBeGreaterThan(10);
  });
});

describe('sabotage: a fresh number on each retry', () => {
  it('issues twice, and the books show it', async () => {
    const world = createIssuanceWorld({ fate: (_request, count) => (count === 1 ? 'lost' : 'ok') });
    let fresh = 0;
    const renumbered = (request: IssueRequest) => ({ ...request, request: `fresh${++fresh}` });
    const { client } = world.channels.wechat;
    const pod = createPod(world.journal, () => ({
      ...client,
      issue: (request, signal) => client.issue(renumbered(request), signal),
    }));
    world.journal.store(bound('wechat', 'a'), won());
    await world.deliver(won());
    for (const event of world.journal.events('issuing')) {
      await world.deliver(event, 1, pod);
      await world.deliver(event, 2, pod);
    }
    expect(world.books.doubles()).toEqual(['stock-wechat a']);
  });
});
