/** The destruction of personal data by operators that crash at every step, by two of them, and without permission for the Secret. */
import { describe, expect, it } from '@jest/globals';
import { DestructionKeeper } from '../../../operator/destruction/destruction-keeper.ts';
import { certificateText } from '../../../operator/destruction/destruction-messages.ts';
import type { DestructionRequest } from '../../../operator/destruction/destruction-steps.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeDestruction } from '../../helpers/fake-destruction.ts';

const never = new AbortController().signal;
const DUE = 1_000_000;
const request: DestructionRequest = {
  campaignId: 'spring',
  namespace: 'city',
  secretName: 'voucher-privacy',
  streams: ['REG_spring_0', 'REG_spring_1', 'REG_spring_2'],
  dueAtMs: DUE,
  secretUsers: [],
  keysInPods: 3,
};

const world = (nowMs = DUE) => {
  const clock = new FakeClock(nowMs);
  const fake = new FakeDestruction(() => clock.now());
  const keeper = (access = fake.access(), operator = 'one', assertLeading?: () => void): DestructionKeeper =>
    new DestructionKeeper({ clock, ...access, operator, ...(assertLeading && { assertLeading }) });
  const ticks = async (one: DestructionKeeper, count: number, of = request): Promise<void> => {
    for (let tick = 0; tick < count; tick += 1) {
      one.keep(of, never);
      await one.settled();
      await clock.advance(1_000);
    }
  };
  return { clock, fake, keeper, ticks };
};

const isDestroyed = (fake: FakeDestruction): boolean =>
  fake.keys.size === 0 && fake.secretKeys.length === 0 && fake.orders.length === 1 && fake.ends.length === 1;

describe('DestructionKeeper', () => {
  it('asks once before the date, and then destroys keys first, the Secret next', async () => {
    const { fake, keeper, ticks } = world(DUE - 3_000);
    const one = keeper();
    await ticks(one, 3);
    expect(fake.calls).toEqual(['decided']);
    expect(one.state).toEqual({ kind: 'wait', why: 'NotDue' });
    await ticks(one, 6);
    expect(fake.calls.filter((call) => !['decided', 'keys'].includes(call))).toEqual([
      'order',
      'destroyKeys',
      'empty',
      'complete',
    ]);
    expect(isDestroyed(fake)).toBe(true);
    expect(one.state?.kind).toBe('done');
    expect(fake.orders[0]).toMatchObject({ cause: 'Date', keys: fake.remembered, secret: 'voucher-privacy' });
  });

  it('names the owner of a command in the order, and never begins before the list is made', async () => {
    const { fake, keeper, ticks } = world(DUE - 500_000);
    const command = { who: 'li.wei', atMs: 1, reason: 'all is over' };
    const one = keeper();
    await ticks(one, 3, { ...request, command, neededBy: 'draw' });
    expect(one.state).toEqual({ kind: 'wait', why: 'WaitingForList' });
    expect(fake.orders).toEqual([]);
    await ticks(one, 6, { ...request, command });
    expect(fake.orders[0]).toMatchObject({ cause: 'Command', who: 'li.wei', reason: 'all is over' });
    expect(isDestroyed(fake)).toBe(true);
  });

  it.each(['before', 'after'] as const)('goes on where an operator crashed, %s every single call', async (side) => {
    const calls = world();
    await calls.ticks(calls.keeper(), 8);
    const count = calls.fake.calls.length;
    expect(count).toBeGreaterThan(8);
    for (let crashAt = 0; crashAt < count; crashAt += 1) {
      const { fake, keeper, ticks } = world();
      let call = 0;
      const crashing = fake.access(async (_, perform) => {
        const isCrash = call === crashAt;
        call += 1;
        if (call > crashAt + 1) throw new Error('this process has ended');
        if (isCrash && side === 'after') perform();
        if (isCrash) throw new Error('this process has ended');
        return perform();
      });
      await ticks(keeper(crashing, 'crashed'), 8);
      await ticks(keeper(fake.access(), 'next'), 8);
      expect([crashAt, isDestroyed(fake)]).toEqual([crashAt, true]);
    }
  });

  it('gives one certificate, whichever of two operators is quicker', async () => {
    const { clock, fake, keeper } = world();
    const operators = [keeper(fake.access(), 'one'), keeper(fake.access(), 'two')];
    for (let tick = 0; tick < 10; tick += 1) {
      for (const one of operators) one.keep(request, never);
      await Promise.all(operators.map((one) => one.settled()));
      await clock.advance(1_000);
    }
    const texts = operators.map(({ state }) =>
      state?.kind === 'done' ? certificateText(state.order, state.destroyed) : undefined,
    );
    expect(texts[0]).toBeDefined();
    expect(texts[1]).toBe(texts[0]);
    expect(isDestroyed(fake)).toBe(true);
  });

  it('waits for a person where it may not empty the Secret, and believes the pods, not the command', async () => {
    const { clock, fake, keeper, ticks } = world();
    fake.mayEmpty = false;
    const one = keeper();
    await ticks(one, 10);
    expect(one.state).toMatchObject({ kind: 'emptySecret', isForbidden: true });
    expect([fake.keys.size, fake.ends.length]).toEqual([0, 0]);
    await clock.advance(20_000);
    await ticks(one, 3, { ...request, keysInPods: undefined });
    expect(fake.ends).toEqual([]);
    await clock.advance(20_000);
    await ticks(one, 5, { ...request, keysInPods: 0 });
    expect(fake.ends).toMatchObject([{ secretCheckedBy: 'pods' }]);
  });

  it('does not empty a Secret that another campaign needs, until that one is to be destroyed too', async () => {
    const { clock, fake, keeper, ticks } = world();
    const one = keeper();
    await ticks(one, 10, { ...request, secretUsers: ['autumn-2027'] });
    expect(one.state).toMatchObject({ kind: 'emptySecret', isForbidden: true, users: ['autumn-2027'] });
    expect([fake.keys.size, fake.secretKeys.length, fake.ends.length]).toEqual([0, 3, 0]);
    await clock.advance(15_000);
    await ticks(one, 5);
    expect(isDestroyed(fake)).toBe(true);
  });

  it('destroys again what a backup brings back, and appends nothing more', async () => {
    const { clock, fake, keeper, ticks } = world();
    const one = keeper();
    await ticks(one, 8);
    fake.keys.add('2020-09-25');
    await clock.advance(60_000);
    await ticks(one, 4);
    expect(isDestroyed(fake)).toBe(true);
    expect(one.state?.kind).toBe('done');
  });

  it('destroys nothing while only its own clock has the date', async () => {
    const { clock, fake, keeper, ticks } = world();
    fake.serverMs = DUE - 1;
    const one = keeper();
    await ticks(one, 12);
    expect([fake.orders, fake.keys.size]).toEqual([[], 2]);
    expect(one.state).toMatchObject({ kind: 'unknown', message: expect.stringContaining('synchronise both with NTP') });
    fake.serverMs = undefined;
    await clock.advance(5_000);
    await ticks(one, 8);
    expect(isDestroyed(fake)).toBe(true);
  });

  it('does nothing without the lease', async () => {
    const { fake, keeper, ticks } = world();
    const one = keeper(fake.access(), 'one', () => {
      throw new Error('the lease is lost');
    });
    await ticks(one, 8);
    expect([fake.orders, fake.keys.size]).toEqual([[], 2]);
  });
});
