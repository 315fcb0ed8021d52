import { describe, expect, it } from '@jest/globals';
import type { Backlog } from '../../../contract/reading.ts';
import type { IntakeSample, ScrapeTarget } from '../../../operator/signals/scrape.ts';
import { createSignalReader, type SignalError } from '../../../operator/signals/signal-reader.ts';
import type { ObservedCluster, ObservedPod } from '../../../operator/tick/cluster-view.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { loginSections } from '../../helpers/logins.ts';

const START_MS = 1_600_999_200_000;

interface Pod {
  /** intake unless stated. */
  readonly tier?: 'login';
  /** Undefined: doesn't answer. */
  readonly counter: number | undefined;
  readonly ready?: boolean;
  /** False: its clock stands still. */
  readonly moves?: boolean;
  readonly sentAway?: number;
  /** How far its clock is ahead, seconds. */
  readonly ahead?: number;
  readonly clocks?: IntakeSample['clocks'];
  /** Told by newer pods only. */
  readonly returned?: number;
  readonly recent?: IntakeSample['recent'];
}
type Pods = Readonly<Record<string, Pod>>;

/** Plays one tick a second: what the pods say, what the journal says. */
const play = (spec: Parameters<typeof aCampaign>[0] = {}) => {
  let nowMs = START_MS;
  const asked: string[][] = [];
  const errors: SignalError['kind'][] = [];
  let pods: Pods = {};
  let backlog: () => Promise<Backlog> = async () => ({ messages: 0 });
  const reader = createSignalReader({
    now: () => nowMs,
    shards: 3,
    backlogDeadlineMs: 20,
    journal: { backlog: () => backlog() },
    onError: (_, { kind }) => errors.push(kind),
    scraper: {
      async scrape(targets: readonly ScrapeTarget[]) {
        asked.push(targets.map(({ pod }) => pod));
        const answered = targets.flatMap(({ pod }) => {
          const {
            counter,
            moves = true,
            sentAway = 0,
            ahead = 0,
            clocks,
            returned,
            recent,
          } = pods[pod] ?? {
            counter: undefined,
          };
          if (counter === undefined) return [];
          const sourceAtMs = (moves ? nowMs : START_MS) + ahead * 1000;
          const startedAtMs = START_MS - 3_600_000;
          return [
            {
              pod,
              counter,
              sentAway,
              sourceAtMs,
              startedAtMs,
              ...(clocks === undefined ? {} : { clocks }),
              ...(returned === undefined ? {} : { returned }),
              ...(recent === undefined ? {} : { recent }),
            },
          ];
        });
        const missed = targets.filter(({ pod }) => pods[pod]?.counter === undefined);
        return { samples: answered, missed: missed.map(({ pod }) => ({ pod, error: new Error('silent') })) };
      },
    },
  });
  const ofTier = (tier: 'intake' | 'login') => ({
    deployment: { name: `chengdu-${tier}`, replicas: 2, resourceVersion: '1' },
    pods: Object.entries(pods)
      .filter(([, pod]) => (pod.tier ?? 'intake') === tier)
      .map(
        ([name, { ready = true }]): ObservedPod => ({
          name,
          tier,
          ready,
          createdAtMs: 0,
          adminUrl: `http://${name}`,
        }),
      ),
  });
  const cluster = (): ObservedCluster => ({
    plans: [],
    tiers: { intake: ofTier('intake'), login: ofTier('login') },
  });
  return {
    asked,
    errors,
    async tick(next: Pods, journal = backlog, stepMs = 1_000) {
      nowMs += stepMs;
      pods = next;
      backlog = journal;
      return reader.read(aCampaign(spec), cluster(), new AbortController().signal);
    },
  };
};

const two = (a: number | undefined, b: number | undefined): Pods => ({ a: { counter: a }, b: { counter: b } });

describe('arrivals', () => {
  it('are absent until two ticks were seen', async () => {
    const { tick } = play();
    expect((await tick(two(5, 7))).arrivals).toEqual({ kind: 'absent' });
    expect((await tick(two(15, 17))).arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 20 } });
  });

  it('are a fresh zero when every ready pod proves it', async () => {
    const { tick } = play();
    await tick(two(5, 7));
    expect((await tick(two(5, 7))).arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 0 } });
  });

  const wrong: Record<string, (a: number) => Pods> = {
    'doesn’t answer': (a) => two(a, undefined),
    'answers with a clock that stands still': (a) => ({ a: { counter: a }, b: { counter: 107, moves: false } }),
    'answers zero although it had counted': (a) => two(a, 0),
  };
  it.each(Object.entries(wrong))('are stale at once, and no lower, when one %s', async (_, with1) => {
    const { tick } = play();
    await tick(two(0, 7));
    await tick(two(100, 107));
    expect((await tick(with1(100))).arrivals).toEqual({
      kind: 'stale',
      value: { over1s: 200, over3s: 200, over60s: 200 },
      atMs: START_MS + 2_000,
    });
  });

  it('rise on what the others show while one is missing, and fall back to the last full ones', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    await tick(two(100, 100));
    expect((await tick(two(1_000, undefined))).arrivals).toMatchObject({ kind: 'stale', value: { over1s: 900 } });
    expect((await tick(two(1_000, undefined))).arrivals).toMatchObject({ kind: 'stale', value: { over1s: 200 } });
  });

  it('are fresh again when the missing pod answers, with what it counted meanwhile', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    await tick(two(10, 10));
    await tick(two(20, undefined));
    expect((await tick(two(30, 50))).arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 30 } });
  });

  it('don’t wait for the proof of a pod that isn’t ready, yet count what it took', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    const draining = (counter: number | undefined): Pods => ({ a: { counter: 10 }, b: { counter, ready: false } });
    expect((await tick(draining(40))).arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 50 } });
    expect((await tick(draining(undefined))).arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 0 } });
  });

  it('tell which share was sent away, as long as every ready pod proves it', async () => {
    const { tick } = play();
    await tick({ a: { counter: 0, sentAway: 0 } });
    expect((await tick({ a: { counter: 100, sentAway: 75 } })).shedPercent).toMatchObject({ kind: 'fresh', value: 75 });
    expect((await tick({ a: { counter: undefined } })).shedPercent).toEqual({ kind: 'absent' });
    expect((await tick({ a: { counter: 300, sentAway: 75 } })).shedPercent).toMatchObject({ kind: 'fresh', value: 25 });
  });

  it('are no crowd when one of one was sent away', async () => {
    const { tick } = play();
    for (const second of [0, 1, 2, 3]) await tick({ a: { counter: 0 } }, undefined, 1_000 + second);
    expect((await tick({ a: { counter: 1, sentAway: 1 } })).shedPercent).toMatchObject({ kind: 'fresh', value: 0 });
  });

  it('stay five seconds, then go stale, when no pod is ready: nobody proved a zero', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    await tick(two(50, 50));
    const kinds: string[] = [];
    for (let second = 0; second < 7; second += 1) kinds.push((await tick({})).arrivals.kind);
    expect(kinds).toEqual(['fresh', 'fresh', 'fresh', 'fresh', 'fresh', 'stale', 'stale']);
  });

  it('ask silent pods last, so that they can’t use up the turns of the others', async () => {
    const { tick, asked, errors } = play();
    await tick(two(undefined, 0));
    await tick(two(undefined, 0));
    expect(asked).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ]);
    expect(errors).toEqual(['scrape', 'scrape']);
  });

  it('start anew for a campaign that nobody asked about for ten minutes', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    await tick(two(50, 50));
    expect((await tick(two(60, 60), undefined, 601_000)).arrivals.kind).toBe('absent');
  });
});

describe('logins', () => {
  const { login } = loginSections('k');
  const campaign = { spec: { login: { secretName: 's', ...login } as never } };
  const pods = (registrations: number | undefined, logins: number | undefined): Pods => ({
    a: { counter: registrations },
    l: { counter: logins, tier: 'login' },
  });

  it('are counted apart from registrations, each with its own age', async () => {
    const { tick } = play(campaign);
    await tick(pods(0, 0));
    const seen = await tick(pods(10, 70));
    expect(seen.arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 10 } });
    expect(seen.arrivalsOf?.login?.arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 70 } });
    const silent = await tick(pods(20, undefined));
    expect(silent.arrivals).toMatchObject({ kind: 'fresh', value: { over1s: 10 } });
    expect(silent.arrivalsOf?.login?.arrivals).toMatchObject({ kind: 'stale', value: { over1s: 70 } });
    expect(silent.clocks?.map(({ pod }) => pod)).toEqual(['a']);
  });

  it('are not read in a campaign without them', async () => {
    const { tick, asked } = play();
    await tick(pods(0, 0));
    expect((await tick(pods(10, 70))).arrivalsOf).toBeUndefined();
    expect(asked.flat()).not.toContain('l');
  });
});

describe('citizens who come again', () => {
  const tenths = (perSecond: number) => Array.from({ length: 10 }, () => perSecond / 10);
  /** Of 100/s that a pod sees, 60/s came again. */
  const shedding = (tick: number): Pod => ({
    counter: 100 * tick,
    returned: 60 * tick,
    recent: { tenths: tenths(100), returned: [30, 30], dueBack: 150 },
  });

  it('are no arrivals, yet attempts, and are told beside them', async () => {
    const { tick } = play();
    await tick({ a: shedding(0), b: shedding(0) });
    expect(await tick({ a: shedding(1), b: shedding(1) })).toMatchObject({
      arrivals: { kind: 'fresh', value: { over1s: 80, over3s: 80, over60s: 80 } },
      attemptedPerSecond: { kind: 'fresh', value: 200 },
      dueBack: { kind: 'fresh', value: { citizens: 300, perSecond: 120 } },
    });
  });

  it('are exact at the first look', async () => {
    const { tick } = play();
    expect(await tick({ a: shedding(7) })).toMatchObject({
      arrivals: { kind: 'fresh', value: { over1s: 40, over3s: 40, over60s: 40 } },
      attemptedPerSecond: { kind: 'fresh', value: 100 },
      shedPercent: { kind: 'absent' },
    });
  });

  it('are unknown of older pods, whose attempts are all arrivals', async () => {
    const { tick } = play();
    await tick(two(0, 0));
    expect(await tick(two(100, 100))).toMatchObject({
      arrivals: { kind: 'fresh', value: { over1s: 200 } },
      attemptedPerSecond: { kind: 'fresh', value: 200 },
      dueBack: { kind: 'absent' },
    });
  });

  it('are stale, and no fewer, while one ready pod is missing', async () => {
    const { tick } = play();
    await tick({ a: shedding(0), b: shedding(0) });
    await tick({ a: shedding(1), b: shedding(1) });
    expect(await tick({ a: shedding(2), b: { counter: undefined } })).toMatchObject({
      arrivals: { kind: 'stale', value: { over1s: 80 } },
      dueBack: { kind: 'stale', value: { citizens: 300, perSecond: expect.closeTo(120, 6) }, atMs: START_MS + 2_000 },
    });
    expect(await tick({ a: shedding(3), b: shedding(3) })).toMatchObject({ dueBack: { kind: 'fresh' } });
  });

  it('may be stored beside few first attempts: what the journal stores is compared with attempts', async () => {
    const { tick } = play();
    let enqueued = 0;
    const journal = async () => {
      enqueued += 90;
      return { messages: 0, enqueued, workedOff: enqueued };
    };
    for (let second = 0; second < 5; second += 1) await tick({ a: shedding(second) }, journal);
    expect((await tick({ a: shedding(5) }, journal)).arrivals).toMatchObject({ kind: 'fresh', value: { over3s: 40 } });
    const zero = { counter: 500, returned: 300, recent: { tenths: tenths(0), returned: [0, 0], dueBack: 0 } };
    let last = await tick({ a: zero }, journal);
    for (let second = 0; second < 4; second += 1) last = await tick({ a: zero }, journal);
    expect(last).toMatchObject({
      arrivals: { kind: 'stale', value: { over3s: 90 } },
      attemptedPerSecond: { kind: 'stale', value: 90 },
    });
  });
});

describe('arrivals of a campaign that verifies 93 identities a second', () => {
  const provider = { name: 'p', type: 'TencentIdCard', requestsPerSecond: 100 } as const;
  const verification = {
    secretName: 's',
    providers: [{ ...provider, timeZone: 'Asia/Shanghai', order: 1, weight: 1 }],
  };
  /** Registrations and verdicts that are stored in a second. */
  const playStored = async (registered: number, verdicts: number, spec: object = { verification }) => {
    const { tick } = play({ spec });
    let [counter, enqueued, workedOff] = [0, 0, 0];
    const read = async () => ({ messages: 500, enqueued, workedOff });
    let last = await tick({ a: { counter } }, read);
    for (let second = 0; second < 6; second += 1) {
      counter += 10;
      enqueued += registered + verdicts;
      workedOff += verdicts;
      last = await tick({ a: { counter } }, read);
    }
    return last.arrivals;
  };

  it('are believed when few citizens come: verdicts are no registrations', async () => {
    expect(await playStored(10, 93)).toMatchObject({ kind: 'fresh', value: { over3s: 10 } });
  });

  it('are not believed when more is stored than citizens and verdicts explain', async () => {
    expect(await playStored(80, 93)).toMatchObject({ kind: 'stale' });
    expect(await playStored(80, 0)).toMatchObject({ kind: 'stale' });
  });

  it('are believed while vouchers are issued: requests are begun faster than a channel takes them', async () => {
    const stocks = [{ voucher: 'dining', stock: 's' }];
    const wechat = {
      name: 'wechat',
      merchant: 'm',
      appId: 'a',
      requestsPerSecond: 100,
      timeZone: 'Asia/Shanghai',
      stocks,
    };
    const issuance = { secretName: 's', channels: [wechat] };
    expect(await playStored(10, 700, { issuance })).toMatchObject({ kind: 'fresh', value: { over3s: 10 } });
    expect(await playStored(80, 0, { issuance })).toMatchObject({ kind: 'stale' });
  });
});

describe('backlog', () => {
  const broken = async (): Promise<Backlog> => {
    throw new Error('no responders');
  };

  it('is fresh as the journal tells it', async () => {
    const { tick } = play();
    const value = { messages: 12, oldestSeconds: 3 };
    expect((await tick({}, async () => value)).backlog.records).toEqual({
      kind: 'fresh',
      value,
      atMs: START_MS + 1_000,
    });
  });

  it('stays five seconds without an answer, then goes stale with its last value and time', async () => {
    const { tick, errors } = play();
    await tick({}, async () => ({ messages: 12 }));
    const kinds: (string | undefined)[] = [];
    for (let second = 0; second < 6; second += 1) kinds.push((await tick({}, broken)).backlog.records?.kind);
    expect(kinds).toEqual(['fresh', 'fresh', 'fresh', 'fresh', 'fresh', 'stale']);
    expect((await tick({}, broken)).backlog.records).toEqual({
      kind: 'stale',
      value: { messages: 12 },
      atMs: START_MS + 1_000,
    });
    expect(errors).toEqual(Array.from({ length: 7 }, () => 'backlog'));
  });

  it('is absent, never zero, before the first answer', async () => {
    const { tick } = play();
    expect((await tick({}, broken)).backlog.records).toEqual({ kind: 'absent' });
  });

  it('is given up at the deadline, also when the journal ignores the signal', async () => {
    const { tick } = play();
    const { backlog } = await tick({}, () => new Promise<Backlog>(() => {}));
    expect(backlog.records).toEqual({ kind: 'absent' });
  });
});

describe('clocks', () => {
  it('are read off every page, with what pods say of those they know', async () => {
    const { tick } = play();
    const clocks = [{ clock: 'own', aheadSeconds: -600 }];
    expect(await tick({ a: { counter: 1 }, b: { counter: 1, ahead: -600, clocks } })).toMatchObject({
      clocks: [
        { pod: 'a', aheadSeconds: 0 },
        { pod: 'b', aheadSeconds: -600, agreed: clocks },
      ],
    });
  });

  it('stay as they were last told while nobody answers, and are absent before anybody has', async () => {
    const { tick } = play();
    expect((await tick({ a: { counter: undefined } })).clocks).toBeUndefined();
    await tick({ a: { counter: 1, ahead: 9 } });
    expect((await tick({ a: { counter: undefined } })).clocks).toEqual([{ pod: 'a', aheadSeconds: 9 }]);
  });
});
