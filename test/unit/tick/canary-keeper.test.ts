import { beforeEach, describe, expect, it } from '@jest/globals';
import { CanaryKeeper } from '../../../operator/tick/canary-keeper.ts';
import type { ObservedPod } from '../../../operator/tick/cluster-view.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const never = new AbortController().signal;
const pod = (name: string, ready = true): ObservedPod => ({
  name,
  tier: 'intake',
  ready,
  createdAtMs: 0,
  adminUrl: `http://${name}:9090`,
});
const intakes = [pod('a'), pod('starting', false), pod('b')];

let clock: FakeClock;
let asked: string[];
let answer: () => Promise<{ readonly result: 'confirmed' | 'failed'; readonly reason: string } | undefined>;
let keeper: CanaryKeeper;
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  answer = async () => ({ result: 'failed', reason: 'no row' });
  keeper = new CanaryKeeper(clock, {
    ask: (url) => {
      asked.push(url);
      return answer();
    },
  });
});

/** One tick a second. */
const ticks = async (seconds: number, isWanted = true, pods = intakes): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    keeper.keep(isWanted, pods, never);
    await keeper.settled();
    await clock.advance(1_000);
  }
};

describe('CanaryKeeper', () => {
  it('asks nobody while none is wanted, or no pod is ready', async () => {
    await ticks(5, false);
    await ticks(5, true, [pod('starting', false)]);
    expect(asked).toEqual([]);
    expect(keeper.state).toBeUndefined();
  });

  it('asks another ready pod every 3 s until one has come through, and then once a minute', async () => {
    await ticks(4);
    expect(asked).toEqual(['http://a:9090', 'http://b:9090']);
    expect(keeper.state).toMatchObject({ result: 'failed', reason: 'no row' });
    answer = async () => ({ result: 'confirmed', reason: '' });
    await ticks(3);
    expect(keeper.state?.result).toBe('confirmed');
    await ticks(56);
    expect(asked).toHaveLength(3);
    await ticks(5);
    expect(asked).toHaveLength(4);
  });

  it('has one under way at a time', async () => {
    let end = (): void => undefined;
    answer = () =>
      new Promise((resolve) => {
        end = () => resolve({ result: 'confirmed', reason: '' });
      });
    for (let tick = 0; tick < 5; tick += 1) keeper.keep(true, intakes, never);
    expect(asked).toHaveLength(1);
    end();
    await keeper.settled();
  });

  it('says so when no intake answers, and keeps what it knew when another is under way', async () => {
    answer = async () => {
      throw new Error('the intake answered 500 to a request for a canary');
    };
    await ticks(1);
    expect(keeper.state).toMatchObject({ result: 'failed', reason: expect.stringContaining('answered 500') });
    answer = async () => undefined;
    await ticks(3);
    expect(keeper.state).toMatchObject({ result: 'failed' });
  });
});
