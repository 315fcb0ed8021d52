import { describe, expect, it } from '@jest/globals';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { liveSettingsOf } from '../../../journal/live/live-settings.ts';
import { settingsOf } from '../../helpers/intake.ts';

/** Every field is present. The type makes a new one be added here. */
const ALL: Required<LiveSettings> & {
  readonly draw: Required<LiveSettings['draw']>;
  readonly eligibility: Required<LiveSettings['eligibility']>;
  readonly traffic: Required<LiveSettings['traffic']>;
} = {
  ...settingsOf(),
  eligibility: {
    minAge: 18,
    uniqueness: 'perCitizen',
    excludeWinnersOf: [{ 'zh-CN': '去年', en: 'Last year' }],
  },
  look: { colour: '#0a6b52', emblem: 'data:image/png;base64,AAAA', otherOrigins: ['https://b.example.org'] },
  draw: { verifyBy: '2026-10-10T00:00:00Z', unverified: 'enter', bundleUrl: 'https://draw.example.org/spring/' },
  privacy: { deleteAt: '2027-04-01T00:00:00Z' },
  traffic: {
    admissionPerSecond: 1_000,
    intakePods: 2,
    burstSeconds: 1,
    waitingRoom: { enabled: true, preQueueMinutes: 30 },
    limits: { citizenPerMinute: 5, phonePerMinute: 5, devicePerMinute: 20, addressPerMinute: 300 },
    trustedProxies: ['10.0.0.0/8'],
  },
  loginPods: 3,
  page: { title: { 'zh-CN': '暂停', en: 'Paused' }, text: { 'zh-CN': '稍候', en: 'Later' }, retryAfterSeconds: 60 },
  published: { commitment: { digest: 'ab' } },
  announced: { barriers: [7, 8, 9], unverified: 'unchecked' },
  sections: { login: { publicKey: 'x' } },
  behind: { atMostSeconds: 60, asOf: '2026-10-01T00:00:00Z', isStopped: true },
  reviews: { one: { by: 'reviewer', until: '2026-10-01T01:00:00Z', sha256: 'cd' } },
};

describe('live settings', () => {
  it('reach a pod with every field that the operator writes', () => {
    expect(liveSettingsOf(JSON.parse(JSON.stringify(ALL)))).toEqual(ALL);
  });

  it('of a newer operator are read without the fields that this release does not know', () => {
    expect(liveSettingsOf({ ...ALL, fromTheFuture: 1 })).toEqual(ALL);
  });
});
