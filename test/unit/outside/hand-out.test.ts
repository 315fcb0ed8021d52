import { describe, expect, it } from '@jest/globals';
import type { OutsideShares } from '../../../contract/outside/outside.ts';
import { type HandOut, type HandOutInput, handOut } from '../../../operator/outside/hand-out.ts';
import { inherited, NO_SHARES, replaced } from '../../../operator/outside/in-force.ts';
import { aHandOutInput, anInForce, aReport, aTarget, readyPods, sharesOf, WALL_MS } from '../../helpers/outside.ts';

const ofTencent = ({ targets }: OutsideShares) => targets['tencent'];

/** Ticks of one leader, a second apart; each write is acknowledged at once. */
class Play {
  nowMs = 1_000_000;
  wallMs = WALL_MS;
  last: HandOut | undefined;
  inForce: HandOutInput['inForce'];
  readonly #base: Partial<HandOutInput>;

  constructor(base: Partial<HandOutInput> = {}, value: OutsideShares = NO_SHARES) {
    this.#base = base;
    this.inForce = anInForce({ value });
  }

  tick(changes: Partial<HandOutInput> = {}, afterMs = 1_000): HandOut {
    this.nowMs += afterMs;
    this.wallMs += afterMs;
    const { inForce, nowMs, wallMs, last } = this;
    const input = { ...this.#base, ...changes, inForce, nowMs, wallMs, memory: last?.memory };
    this.last = handOut(aHandOutInput(input));
    this.inForce = replaced(inForce, this.last.next, inForce.revision + 1, nowMs);
    return this.last;
  }

  get shares() {
    return ofTencent(this.inForce.value)?.perSecond;
  }

  get stopped() {
    return ofTencent(this.inForce.value)?.stopped?.reason;
  }
}

describe('A share of an outside rate', () => {
  it('is equal for each Ready pod, in whole numbers', () => {
    const { next } = handOut(aHandOutInput({ pods: readyPods('a', 'b', 'c') }));
    expect(ofTencent(next)?.perSecond).toEqual({ a: 34, b: 33, c: 33 });
  });

  it('is not given to a pod that is not Ready', () => {
    const pods = [...readyPods('a'), { name: 'b', ready: false }];
    expect(ofTencent(handOut(aHandOutInput({ pods })).next)?.perSecond).toEqual({ a: 100 });
  });

  it('of a new pod is nothing until 5 s after the write that lowered the others was acknowledged', () => {
    const play = new Play({ pods: readyPods('a') });
    play.tick();
    expect(play.shares).toEqual({ a: 100 });
    play.tick({ pods: readyPods('a', 'b') });
    expect(play.shares).toEqual({ a: 50 });
    play.tick({ pods: readyPods('a', 'b') }, 4_999);
    expect(play.shares).toEqual({ a: 50 });
    play.tick({ pods: readyPods('a', 'b') }, 1);
    expect(play.shares).toEqual({ a: 50, b: 50 });
  });

  it('of a pod that is gone is handed on 5 s after the write without it was acknowledged', () => {
    const play = new Play({}, sharesOf({ a: 50, b: 50 }));
    play.tick({ pods: readyPods('a') });
    expect(play.shares).toEqual({ a: 50 });
    play.tick({ pods: readyPods('a') }, 4_999);
    expect(play.shares).toEqual({ a: 50 });
    play.tick({ pods: readyPods('a') }, 1);
    expect(play.shares).toEqual({ a: 100 });
  });

  it('is not raised by a new leader within 5 s, and may be lowered', () => {
    const value = sharesOf({ a: 30, b: 70 });
    const inForce = inherited(value, 7, 1_000_000);
    const early = handOut(aHandOutInput({ inForce, nowMs: 1_004_999 }));
    expect(ofTencent(early.next)?.perSecond).toEqual({ a: 30, b: 50 });
    const late = handOut(aHandOutInput({ inForce, nowMs: 1_005_000 }));
    // What `b` may still use is not `a`'s.
    expect(ofTencent(late.next)?.perSecond).toEqual({ a: 30, b: 50 });
    const later = handOut(aHandOutInput({ inForce: replaced(inForce, late.next, 8, 1_005_000), nowMs: 1_010_000 }));
    expect(ofTencent(later.next)?.perSecond).toEqual({ a: 50, b: 50 });
  });

  it('falls at once when the rate of the contract is lowered', () => {
    const inForce = anInForce({ value: sharesOf({ a: 50, b: 50 }) });
    const { next } = handOut(aHandOutInput({ inForce, targets: [aTarget({ requestsPerSecond: 10 })] }));
    expect(ofTencent(next)?.perSecond).toEqual({ a: 5, b: 5 });
  });

  it('is the same in each tick while nothing changes, so that nothing is written', () => {
    const play = new Play();
    const first = play.tick().next;
    expect(play.tick().next).toEqual(first);
  });
});

describe('An outside system', () => {
  const SHARED = sharesOf({ a: 50, b: 50 });
  const both = [aReport('a', { answered: 10 }), aReport('b', { answered: 10 })];

  it('is stopped when a pod is refused and none is answered; one pod probes it at 1/s', () => {
    const play = new Play({}, SHARED);
    play.tick({ reports: [aReport('a', { refused: 1, blocked: ['refused'] }), aReport('b')] });
    expect(play.stopped).toBe('refused');
    expect(play.shares).toEqual({ b: 1 });
    expect(play.last?.standings).toMatchObject([{ state: 'refused' }]);
  });

  it('is not stopped by one pod that is refused while others are answered; that pod gets no share for a minute', () => {
    const play = new Play({}, SHARED);
    const reports = (n: number) => [aReport('a', { refused: 1, blocked: ['no_share'] }), aReport('b', { answered: n })];
    play.tick({ reports: both });
    play.tick({
      reports: [aReport('a', { answered: 10, refused: 1, blocked: ['refused'] }), aReport('b', { answered: 20 })],
    });
    expect(play.stopped).toBeUndefined();
    expect(play.shares).toEqual({ b: 50 });
    expect(play.last?.standings).toMatchObject([{ state: 'asked', refusedPods: ['a'] }]);
    for (let n = 0; n < 59; n += 1) play.tick({ reports: reports(30 + n) });
    expect(play.shares).toEqual({ b: 100 });
    play.tick({ reports: reports(100) });
    expect(play.shares).toEqual({ b: 50 });
  });

  it('is stopped when two of three pods fail', () => {
    const play = new Play({ pods: readyPods('a', 'b', 'c') }, sharesOf({ a: 40, b: 30, c: 30 }));
    const failing = { retry: 5, blocked: ['failing'] as const };
    play.tick({ reports: [aReport('a', failing), aReport('b', failing), aReport('c', { answered: 3 })] });
    expect(play.stopped).toBe('failing');
    expect(play.shares).toEqual({ c: 1 });
  });

  it('is not stopped when one of three pods fails, nor when two of eight do', () => {
    const failing = { retry: 5, blocked: ['failing'] as const };
    const three = new Play({ pods: readyPods('a', 'b', 'c') });
    three.tick({ reports: [aReport('a', failing), aReport('b', { answered: 3 }), aReport('c', { answered: 3 })] });
    expect(three.stopped).toBeUndefined();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const eight = new Play({ pods: readyPods(...names) });
    eight.tick({ reports: names.map((name, n) => aReport(name, n < 2 ? failing : { answered: 3 })) });
    expect(eight.stopped).toBeUndefined();
  });

  it('is stopped when the only pod fails', () => {
    const play = new Play({ pods: readyPods('a') }, sharesOf({ a: 100 }));
    play.tick({ reports: [aReport('a', { retry: 5, blocked: ['failing'] })] });
    expect(play.stopped).toBe('failing');
    expect(play.shares).toEqual({ a: 1 });
  });

  it('is probed at the rate where that is below 1/s, by another pod each 30 s', () => {
    const play = new Play({ targets: [aTarget({ requestsPerSecond: 1 })] }, sharesOf({ a: 0.5, b: 0.5 }));
    const failing = (n: number) => ['a', 'b'].map((name) => aReport(name, { retry: n, blocked: ['failing'] }));
    for (let n = 1; n <= 10; n += 1) play.tick({ reports: failing(n) });
    expect(play.shares).toEqual({ a: 1 });
    for (let n = 11; n <= 40; n += 1) play.tick({ reports: failing(n) });
    expect(play.shares).toEqual({ b: 1 });
    for (let n = 41; n <= 70; n += 1) play.tick({ reports: failing(n) });
    expect(play.shares).toEqual({ a: 1 });
  });

  it('is asked by all again when the probe is answered, whatever the others reported before', () => {
    const play = new Play({}, SHARED);
    const stale = aReport('b', { retry: 5, blocked: ['failing'] });
    play.tick({ reports: [aReport('a', { retry: 5, blocked: ['failing'] }), stale] });
    expect(play.stopped).toBe('failing');
    play.tick({ reports: [aReport('a', { retry: 5, answered: 1 }), stale] });
    expect(play.stopped).toBeUndefined();
    for (let n = 0; n < 6; n += 1) play.tick({ reports: [aReport('a', { retry: 5, answered: 2 + n }), stale] });
    expect(play.stopped).toBeUndefined();
    expect(play.shares).toEqual({ a: 50, b: 50 });
  });

  it('stays stopped while the probe has not been answered, also if its breaker lets one request through', () => {
    const play = new Play({ pods: readyPods('a') }, sharesOf({ a: 100 }));
    play.tick({ reports: [aReport('a', { retry: 5, blocked: ['failing'] })] });
    play.tick({ reports: [aReport('a', { retry: 5 })] });
    expect(play.stopped).toBe('failing');
  });

  it('is asked again when the probe had nothing to ask in all of its turn', () => {
    const play = new Play({ pods: readyPods('a') }, sharesOf({ a: 100 }));
    play.tick({ reports: [aReport('a', { retry: 5, blocked: ['failing'] })] });
    for (let n = 0; n < 30; n += 1) play.tick({ reports: [aReport('a', { retry: 5 })] });
    expect(play.stopped).toBeUndefined();
  });

  it('stays stopped, with the same probe, when the leader changes', () => {
    const stopped = { reason: 'refused', since: '2027-03-01T01:00:00.000Z' };
    const inForce = anInForce({ value: sharesOf({ b: 1 }, { stopped }) });
    const { next } = handOut(aHandOutInput({ inForce, reports: [aReport('a'), aReport('b')] }));
    expect(next).toEqual(sharesOf({ b: 1 }, { stopped }));
  });

  it('is asked by no pod without a Ready one, and keeps being stopped', () => {
    const stopped = { reason: 'failing', since: '2027-03-01T01:00:00.000Z' };
    const inForce = anInForce({ value: sharesOf({ b: 1 }, { stopped }) });
    expect(handOut(aHandOutInput({ inForce, pods: [] })).next).toEqual(sharesOf({}, { stopped }));
  });
});

describe('The quota of a day', () => {
  const targets = [aTarget({ requestsPerDay: 1_000 })];
  const DATE = '2027-03-01';

  it('counts what the counters grow by, restarts included', () => {
    const play = new Play({ targets }, sharesOf({ a: 50, b: 50 }, { day: { date: DATE, used: 7 } }));
    // They were there when this process began to lead: the stored value has what they sent.
    play.tick({ reports: [aReport('a', { answered: 100 }), aReport('b', { answered: 200 })] });
    expect(play.last?.next.targets['tencent']?.day).toEqual({ date: DATE, used: 7, counted: { a: 100, b: 200 } });
    play.tick({ reports: [aReport('a', { answered: 110, retry: 2 }), aReport('b', { answered: 3, startedAtMs: 9 })] });
    expect(play.last?.next.targets['tencent']?.day?.used).toBe(7 + 12 + 3);
    play.tick({ pods: readyPods('a', 'b', 'c'), reports: [aReport('c', { answered: 5, refused: 1 })] });
    expect(play.last?.next.targets['tencent']?.day?.used).toBe(22 + 6);
  });

  it('is counted on by a new leader from what the stored value contains', () => {
    const day = { date: DATE, used: 300, counted: { a: 100, b: 200 } };
    const play = new Play({ targets, pods: readyPods('a', 'b', 'c', 'd') }, sharesOf({ a: 10 }, { day }));
    // `b` has restarted, `c` came between the leaders, `d` does not answer yet.
    play.tick({
      reports: [aReport('a', { answered: 130 }), aReport('b', { answered: 4 }), aReport('c', { retry: 5 })],
    });
    expect(play.last?.next.targets['tencent']?.day).toEqual({
      date: DATE,
      used: 300 + 30 + 4 + 5,
      counted: { a: 130, b: 4, c: 5 },
    });
    play.tick({ reports: [aReport('d', { answered: 1 })] });
    expect(play.last?.next.targets['tencent']?.day?.used).toBe(340);
  });

  it('leaves all shares at 0 when it is used up, until the next day of the time zone', () => {
    const day = { date: DATE, used: 1_000 };
    const play = new Play({ targets }, sharesOf({ a: 50, b: 50 }, { day }));
    play.tick();
    expect(play.shares).toEqual({});
    const midnightMs = Date.parse('2027-03-01T16:00:00Z');
    expect(play.last?.standings).toMatchObject([{ state: 'quota', resumesAtMs: midnightMs, leftToday: 0 }]);
    play.tick({}, midnightMs - play.wallMs);
    expect(play.shares).toEqual({ a: 25, b: 25 });
    expect(play.inForce.value.targets['tencent']?.day).toMatchObject({ date: '2027-03-02', used: 0 });
  });

  it('is approached slowly, so that requests of the last seconds do not exceed it', () => {
    const day = { date: DATE, used: 900 };
    const { next } = handOut(aHandOutInput({ targets, inForce: anInForce({ value: sharesOf({}, { day }) }) }));
    expect(ofTencent(next)?.perSecond).toEqual({ a: 3, b: 2 });
  });

  it('leaves what is below 1/s to one pod: two would send two in one second', () => {
    const day = { date: DATE, used: 990 };
    const inForce = anInForce({ value: sharesOf({ a: 1, b: 1 }, { day }) });
    expect(ofTencent(handOut(aHandOutInput({ targets, inForce })).next)?.perSecond).toEqual({ a: 0.5 });
  });

  it('is never exceeded by pods that send all that they may, with shares that take 5 s to expire', () => {
    const play = new Play({ targets });
    const sent = new Map([
      ['a', 0],
      ['b', 0],
    ]);
    const past: OutsideShares[] = [];
    for (let second = 0; second < 300; second += 1) {
      play.tick({ reports: [...sent].map(([pod, answered]) => aReport(pod, { answered: Math.floor(answered) })) });
      past.push(play.inForce.value);
      for (const [pod, before] of sent) {
        const most = Math.max(...past.slice(-6).map(({ targets: { tencent } }) => tencent?.perSecond[pod] ?? 0));
        sent.set(pod, before + most);
      }
    }
    const total = [...sent.values()].reduce((sum, one) => sum + Math.floor(one), 0);
    expect(total).toBeLessThanOrEqual(1_000);
    expect(total).toBeGreaterThan(950);
  });

  it('is used up when the provider says so to every pod, whatever was counted', () => {
    const reports = ['a', 'b'].map((pod) => aReport(pod, { quota: 1, blocked: ['quota'] }));
    expect(handOut(aHandOutInput({ reports })).standings).toMatchObject([{ state: 'quota' }]);
  });

  it('of an unknown time zone is that of the default', () => {
    const strange = [aTarget({ requestsPerDay: 5, timeZone: 'Asia/Chengdu' })];
    expect(handOut(aHandOutInput({ targets: strange })).next.targets['tencent']?.day?.date).toBe(DATE);
  });
});
