import { describe, expect, it } from '@jest/globals';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import type { Effects } from '../../../operator/contingency/contingency.ts';
import type { Crowd } from '../../../operator/queue/crowd.ts';
import { queueRequest } from '../../../operator/queue/queue-request.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS, TRAFFIC } from '../../helpers/a-campaign.ts';
import { anObserved, freshReadings, SYNCED } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const NOW = OPENS_AT_MS + MINUTE_MS;

const aCrowd = (of: Partial<Crowd> = {}): Crowd => ({
  atMs: NOW,
  tickets: 0,
  turns: 0,
  accepted: 0,
  overdue: 0,
  citizens: 100,
  ahead: 100,
  correction: 1,
  share: 1,
  looks: [],
  passed: 0,
  taken: 0,
  ...of,
});

interface Case {
  readonly nowMs?: number;
  readonly enabled?: boolean;
  readonly observed?: Partial<Observed>;
  readonly effects?: Effects;
  readonly crowd?: Crowd;
}

const request = ({ nowMs = NOW, enabled = true, observed = {}, effects = {}, crowd }: Case = {}) => {
  const traffic: LiveSettings['traffic'] = { admissionPerSecond: 2_000, intakePods: 4, burstSeconds: 1 };
  const queue = { kind: 'paced', crowd, ratePerSecond: 2_000 } as const;
  return queueRequest(
    {
      campaign: aCampaign({ spec: { traffic: { ...TRAFFIC, waitingRoom: { enabled, preQueueMinutes: 30 } } } }),
      observed: anObserved({ ...observed, queue }),
      times: {
        preWarmAtMs: OPENS_AT_MS,
        opensAtMs: OPENS_AT_MS,
        closesAtMs: CLOSES_AT_MS,
        holdAfterOpenUntilMs: OPENS_AT_MS,
        forecastUntilMs: OPENS_AT_MS,
      },
      nowMs,
    },
    effects,
    { traffic },
  );
};

const page = {
  text: { 'zh-CN': '请稍候', en: 'Please wait' },
  title: { 'zh-CN': '请稍候', en: 'Please wait' },
  retryAfterSeconds: 60,
};

describe('what a tick wants of the waiting room', () => {
  const rates: Record<string, readonly [Case, rate: number | undefined]> = {
    'the admission rate': [{}, 2_000],
    'more where places stay unused': [{ crowd: aCrowd({ correction: 1.85 }) }, 3_700],
    'less while the journal is slow': [{ crowd: aCrowd({ share: 0.5 }) }, 1_000],
    'a tenth while those come whose turn passed in an outage': [{ crowd: aCrowd({ overdue: 20_001 }) }, 200],
    'as usual when they are few': [{ crowd: aCrowd({ overdue: 20_000 }) }, 2_000],
    'nothing before opening': [{ nowMs: OPENS_AT_MS - 1 }, 0],
    'nothing while a level shows its page': [{ effects: { page } }, 0],
    'nothing while the journal acknowledges nothing': [
      { observed: { journal: { ...SYNCED, faults: [{ kind: 'quorumLost', servers: ['nats-1'], of: 3 }] } } },
      0,
    ],
    'no word without a waiting room': [{ enabled: false }, undefined],
    'no word before tickets are given': [{ nowMs: OPENS_AT_MS - 31 * MINUTE_MS - 1 }, undefined],
    'no word long after closing': [{ nowMs: CLOSES_AT_MS + 15 * MINUTE_MS + 1 }, undefined],
    'no word while the journal is away': [{ observed: { journal: { kind: 'unavailable', message: '' } } }, undefined],
  };
  it.each(Object.entries(rates))('%s', (_, [of, rate]) => {
    expect(request(of)?.ratePerSecond).toBe(rate);
  });

  it('is closed by a contingency level, and the others are served', () => {
    expect(request({ effects: { isQueueClosed: true } })).toMatchObject({ isClosed: true, ratePerSecond: 2_000 });
  });

  it('has the time that most clocks agree on', () => {
    const clock = (pod: string) => ({ pod, aheadSeconds: -600 });
    const readings = { ...freshReadings(NOW), clocks: ['a', 'b', 'c'].map(clock) };
    expect(request({ observed: { readings }, nowMs: NOW + 600_000 })?.nowMs).toBe(NOW);
  });
});
