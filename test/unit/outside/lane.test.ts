/** Turns for one outside system, on a clock that moves only by calls. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createLane, type Lane } from '../../../app/outside/lane.ts';
import { createOutsideMetrics } from '../../../app/outside/metrics.ts';
import { MADE_UP_MS, WINDOW_MS } from '../../../app/outside/pace.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const START = Date.parse('2020-09-25T09:00:00Z');
const never = new AbortController().signal;
let clock: FakeClock;
let share: number;
let lane: Lane;
let registry: Registry;

beforeEach(() => {
  clock = new FakeClock(START);
  share = 10;
  registry = new Registry();
  lane = createLane({
    name: 'bureau',
    share: () => share,
    timeZone: 'Asia/Shanghai',
    clock,
    agreed: clock,
    random: () => 0,
    metrics: createOutsideMetrics(registry),
  });
});

/** Asks for so many turns at once; each is noted when it is answered. */
const ask = (count: number, signal = never): { readonly granted: number[]; readonly refused: number[] } => {
  const notes = { granted: [] as number[], refused: [] as number[] };
  for (let n = 0; n < count; n += 1)
    void lane.turn(signal).then((isMine) => (isMine ? notes.granted : notes.refused).push(clock.now() - START));
  return notes;
};
const fail = (outcome: 'retry' | 'refused' | 'quota', times = 1): void => {
  for (let n = 0; n < times; n += 1) lane.sent(outcome);
};
const metric = async (line: string): Promise<number> => {
  const found = (await registry.metrics()).split('\n').find((one) => one.startsWith(line));
  return Number(found?.slice(line.length));
};

describe('a lane', () => {
  it('grants turns one after the other, evenly spaced', async () => {
    const { granted } = ask(4);
    await clock.advance(1_000);
    expect(granted).toEqual([0, 107, 214, 321]);
  });

  it('grants turns in the order in which they were asked for', async () => {
    const order: string[] = [];
    for (const who of ['first', 'second', 'third']) void lane.turn(never).then(() => order.push(who));
    await clock.advance(1_000);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('saves nothing while no one asks', async () => {
    await clock.advance(60_000);
    const { granted } = ask(3);
    await clock.advance(1_000);
    expect(granted.map((ms) => ms - 60_000)).toEqual([0, 107, 214]);
  });

  it('follows a share that falls while a turn is waited for', async () => {
    const { granted } = ask(3);
    await clock.advance(10);
    share = 1;
    await clock.advance(3_000);
    expect(granted).toEqual([0, WINDOW_MS, 2 * WINDOW_MS]);
  });

  it('refuses everyone who waits when the share is gone', async () => {
    const { granted, refused } = ask(5);
    await clock.advance(10);
    share = 0;
    await clock.advance(100);
    expect(granted).toHaveLength(1);
    expect(refused).toHaveLength(4);
    expect(lane.blocked()).toBe('no_share');
  });

  it('refuses at once without a share', async () => {
    share = 0;
    expect(await lane.turn(never)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('lets a waiter go when its signal aborts, and gives its turn to the next one', async () => {
    const going = new AbortController();
    await lane.turn(never);
    const leaves = ask(1, going.signal);
    const stays = ask(1);
    await clock.advance(10);
    going.abort();
    await clock.advance(200);
    expect(leaves.refused).toEqual([10]);
    expect(stays.granted).toEqual([107]);
    expect(await lane.turn(AbortSignal.abort())).toBe(false);
  });

  it('leaves no timer behind when all have left', async () => {
    const going = new AbortController();
    ask(3, going.signal);
    going.abort();
    await clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  it('grants no turn to a process that was stopped past its share while it waited', async () => {
    const { granted, refused } = ask(5);
    await clock.advance(300);
    clock.jump(60_000);
    share = 0;
    await clock.advance(1_000);
    expect(granted).toHaveLength(3);
    expect(refused).toHaveLength(2);
  });

  it('catches up on no more than the last milliseconds after a pause within its share', async () => {
    const { granted } = ask(20);
    await clock.advance(100);
    clock.jump(3_000);
    await clock.advance(150);
    expect(granted).toEqual([0, 3_100, 3_100 + 107 - MADE_UP_MS]);
  });

  it.each([
    [10, 1],
    // 10.7 ms apart: the turns of the last 20 ms.
    [100, 2],
  ])('at %i/s grants %i turns at one instant at most, which a stop may still make late', async (rate, most) => {
    share = rate;
    const { granted } = ask(50);
    await clock.advance(100);
    clock.jump(4_000);
    await clock.advance(200);
    const instants = Map.groupBy(granted, (ms) => ms);
    expect(Math.max(...[...instants.values()].map((turns) => turns.length))).toBe(most);
  });
});

describe('a lane whose system fails', () => {
  it('stops after ten failures in a row, and refuses everyone who waits', async () => {
    const { refused } = ask(3);
    await clock.advance(1);
    fail('retry', 10);
    await clock.advance(0);
    expect(refused).toHaveLength(2);
    expect(lane.blocked()).toBe('failing');
    expect(await lane.turn(never)).toBe(false);
  });

  it('sends one probe, and goes on when that is answered', async () => {
    fail('retry', 10);
    await clock.advance(500);
    const { granted, refused } = ask(3);
    await clock.advance(0);
    expect([granted.length, refused.length]).toEqual([1, 2]);
    lane.sent('answered');
    expect(lane.blocked()).toBeUndefined();
  });

  it('says why it stopped rather than that the share is gone', () => {
    fail('refused');
    share = 0;
    expect(lane.blocked()).toBe('refused');
  });

  it('waits until the provider’s next day when the quota is used up', async () => {
    fail('quota');
    expect(lane.blocked()).toBe('quota');
    await clock.advance(7 * 3_600_000 + 9_000);
    expect(lane.blocked()).toBe('quota');
    await clock.advance(1_000);
    expect(lane.blocked()).toBeUndefined();
  });
});

describe('the metrics of a lane', () => {
  it('are all there from the start', async () => {
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('voucher_outside'));
    expect(lines).toEqual([
      'voucher_outside_requests_total{target="bureau",outcome="answered"} 0',
      'voucher_outside_requests_total{target="bureau",outcome="retry"} 0',
      'voucher_outside_requests_total{target="bureau",outcome="quota"} 0',
      'voucher_outside_requests_total{target="bureau",outcome="refused"} 0',
      'voucher_outside_blocked{target="bureau",reason="no_share"} 0',
      'voucher_outside_blocked{target="bureau",reason="failing"} 0',
      'voucher_outside_blocked{target="bureau",reason="quota"} 0',
      'voucher_outside_blocked{target="bureau",reason="refused"} 0',
    ]);
  });

  it('count requests by outcome, and tell the reason of a block', async () => {
    lane.sent('answered');
    fail('retry', 2);
    fail('refused');
    expect(await metric('voucher_outside_requests_total{target="bureau",outcome="retry"} ')).toBe(2);
    expect(await metric('voucher_outside_blocked{target="bureau",reason="refused"} ')).toBe(1);
    expect(await metric('voucher_outside_blocked{target="bureau",reason="no_share"} ')).toBe(0);
    share = 0;
    await clock.advance(60_000);
    expect(await metric('voucher_outside_blocked{target="bureau",reason="no_share"} ')).toBe(1);
  });

  it('get no series for a system that is not known', async () => {
    createOutsideMetrics(new Registry()).sent('other', 'answered');
    expect(await registry.metrics()).not.toContain('other');
  });
});
