/** Signals and law together on real sockets: whatever a metrics page does, replicas never fall while citizens come. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decide } from '../../../operator/scaling/decide.ts';
import { EMPTY_MEMORY, type TierMemory } from '../../../operator/scaling/types.ts';
import { createScraper, type Scraper } from '../../../operator/signals/scrape.ts';
import { createSignalReader } from '../../../operator/signals/signal-reader.ts';
import type { ObservedCluster } from '../../../operator/tick/cluster-view.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { aMetricsPage } from '../../helpers/a-metrics-page.ts';
import { aTierLimits } from '../../helpers/tier.ts';
import { type Behaviour, type PodServer, startPod } from './pod-server.ts';

const PER_POD_PER_SECOND = 140;
/** 2 × 140/s at 14/s a replica. */
const NEEDED = 20;

let nowMs: number;
let pods: readonly PodServer[];
let scraper: Scraper;

beforeEach(async () => {
  nowMs = 1_600_999_200_000;
  pods = await Promise.all([startPod(() => nowMs / 1000), startPod(() => nowMs / 1000)]);
  // A busy machine makes no pod that is well miss it.
  scraper = createScraper({ deadlineMs: 2_000 });
});
afterEach(async () => {
  await scraper.close();
  await Promise.all(pods.map(({ stop }) => stop()));
});

const cluster = (): ObservedCluster => ({
  plans: [],
  tiers: {
    intake: {
      deployment: { name: 'chengdu-intake', replicas: 2, resourceVersion: '1' },
      pods: pods.map(({ url }, index) => ({
        name: `p${index}`,
        tier: 'intake',
        ready: true,
        createdAtMs: 0,
        adminUrl: url,
      })),
    },
  },
});

/** Of pods that tell their last second too, and of older ones that tell counters only. */
const RELEASES = {
  newer: (counter: number, arriving: boolean): Behaviour => {
    const tenths = Array.from({ length: 10 }, () => (arriving ? PER_POD_PER_SECOND / 10 : 0));
    return { kind: 'answers', counter, recent: { tenths } };
  },
  older: (counter: number): Behaviour => ({ kind: 'answers', counter }),
} as const;
const releases = Object.keys(RELEASES) as (keyof typeof RELEASES)[];

/** Ticks of a second on a fake clock; the way down is as quick as it can be, so that a trusted fault shows at once. */
const play = (release: keyof typeof RELEASES, believes?: () => boolean) => {
  let enqueued = 0;
  const journal = { backlog: async () => ({ messages: 0, enqueued, workedOff: enqueued }) };
  const deps = { scraper, journal, shards: 3, now: () => nowMs };
  const reader = createSignalReader(believes === undefined ? deps : { ...deps, believes });
  const limits = aTierLimits({ down: { windowSeconds: 10, percentPerMinute: 100 } });
  let [replicas, memory, counter]: [number, TierMemory, number] = [NEEDED, EMPTY_MEMORY, 0];
  return async (seconds: number, fault?: () => Behaviour, arriving = true): Promise<number> => {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1_000;
      counter += arriving ? PER_POD_PER_SECOND : 0;
      enqueued += arriving ? 2 * PER_POD_PER_SECOND : 0;
      for (const pod of pods) pod.behave(RELEASES[release](counter, arriving));
      if (fault !== undefined) pods[1]?.behave(fault());
      const { arrivals, dueBack } = await reader.read(aCampaign(), cluster(), new AbortController().signal);
      const due = dueBack === undefined ? {} : { dueBack };
      const decision = decide({ nowMs, replicas, ready: replicas, arrivals, ...due }, limits, memory);
      ({ replicas, memory } = decision);
    }
    return replicas;
  };
};

const faults: Record<string, () => Behaviour> = {
  hangs: () => ({ kind: 'hangs' }),
  'answers 500': () => ({ kind: 'page', status: 500, page: '' }),
  'answers an empty page': () => ({ kind: 'page', page: '' }),
  'answers zero although it had counted': () => ({ kind: 'answers', counter: 0 }),
  'answers zeros for its last second, too': () => ({ kind: 'answers', counter: 0, recent: {} }),
  'answers tenths of which some are missing': () => ({
    kind: 'page',
    page: aMetricsPage({ accepted: 1_400, now: nowMs / 1000, started: 1, recent: {} }).replace(/^.*ago="7".*\n/m, ''),
  }),
  'answers the same page for ever': () => ({
    kind: 'page',
    page: aMetricsPage({ accepted: 1400, now: 1_600_999_210, started: 1 }),
  }),
  'hangs up in the middle': () => ({ kind: 'breaks' }),
};

describe('one of two pods lies or is silent for 15 s while citizens come', () => {
  it.each(Object.entries(faults))('%s: replicas stay', async (_, fault) => {
    // Waited for at each tick of the one that hangs.
    await scraper.close();
    scraper = createScraper({ deadlineMs: 250 });
    const tick = play('newer');
    expect(await tick(10)).toBe(NEEDED);
    expect(await tick(15, fault)).toBe(NEEDED);
    expect(await tick(10)).toBe(NEEDED);
  });

  it('tells counters only, as a pod of an older release: replicas stay', async () => {
    const tick = play('older');
    expect(await tick(10)).toBe(NEEDED);
    const newer = play('newer');
    let counter = 0;
    const older = (): Behaviour => {
      counter += PER_POD_PER_SECOND;
      return { kind: 'answers', counter };
    };
    expect(await newer(25, older)).toBe(NEEDED);
  });
});

describe('every pod tells a zero while the journal’s sequences move', () => {
  /** Counters that stand still prove a zero by themselves: the clock moves on, and nothing falls. */
  const playZero = async (believes?: () => boolean): Promise<number> => {
    const tick = play('newer', believes);
    expect(await tick(10)).toBe(NEEDED);
    const counter = 10 * PER_POD_PER_SECOND;
    const standing = (): Behaviour => {
      pods[0]?.behave(RELEASES.newer(counter, false));
      return RELEASES.newer(counter, false);
    };
    return tick(150, standing);
  };

  it('replicas stay', async () => {
    expect(await playZero()).toBe(NEEDED);
  });

  it('sabotage: a reader that trusts the zero lets them fall', async () => {
    expect(await playZero(() => true)).toBeLessThan(NEEDED);
  });
});

describe('citizens really stop coming', () => {
  it.each(releases)('goes down, because every pod of the %s release proves its zero', async (release) => {
    const tick = play(release);
    await tick(10);
    expect(await tick(150, undefined, false)).toBe(2);
  });
});
