import { describe, expect, it } from '@jest/globals';
import { buildLiveSettings } from '../../../operator/tick/live-settings.ts';
import { aCampaign, TRAFFIC } from '../../helpers/a-campaign.ts';

describe('buildLiveSettings', () => {
  it.each([
    ['follows the ready pods', {}, 12, { admissionPerSecond: 6_000, intakePods: 12 }],
    ['keeps one pod’s rate when none is ready', {}, 0, { admissionPerSecond: 500, intakePods: 1 }],
    ['obeys the admin', { admissionPerSecond: 900 }, 12, { admissionPerSecond: 900, intakePods: 12 }],
  ])('admission %s', (_, traffic, pods, want) => {
    const { spec } = aCampaign({ spec: { traffic: { ...TRAFFIC, burstSeconds: 2, ...traffic } } });
    expect(buildLiveSettings(spec, 3, pods).traffic).toMatchObject({ ...want, burstSeconds: 2 });
  });

  it('hold the limits of clients, and the proxies that are believed', () => {
    const traffic = { ...TRAFFIC, trustedProxies: ['10.0.0.0/8'] };
    const settings = buildLiveSettings(aCampaign({ spec: { traffic } }).spec, 3, 1);
    expect(settings.traffic).toMatchObject({ limits: TRAFFIC.limits, trustedProxies: ['10.0.0.0/8'] });
  });

  it('holds the waiting room where there is one', () => {
    const waitingRoom = { enabled: true, preQueueMinutes: 10 };
    const { spec } = aCampaign({ spec: { traffic: { ...TRAFFIC, waitingRoom } } });
    expect(buildLiveSettings(spec, 3, 1, { hasPace: true }).traffic.waitingRoom).toEqual(waitingRoom);
    // No ticket would be served.
    expect(Object.keys(buildLiveSettings(spec, 3, 1).traffic)).not.toContain('waitingRoom');
    expect(Object.keys(buildLiveSettings(aCampaign().spec, 3, 1, { hasPace: true }).traffic)).not.toContain(
      'waitingRoom',
    );
  });

  it('holds the sessions of reviewers that are in force, and nothing where there is none', () => {
    const session = { by: 'li', until: '2020-09-25T03:00:00Z', sha256: 'a'.repeat(64) };
    const of = (reviews: object) => buildLiveSettings(aCampaign().spec, 3, 1, { reviews: reviews as never });
    expect(of({ '0123abcd': session }).reviews).toEqual({ '0123abcd': session });
    expect(Object.keys(of({}))).not.toContain('reviews');
  });

  it('writes instants in one form, so that equal times are equal settings', () => {
    const { window, generation } = buildLiveSettings(aCampaign().spec, 3, 1);
    expect(window).toEqual({ opensAt: '2020-09-25T02:00:00.000Z', closesAt: '2020-09-25T10:00:00.000Z' });
    expect(generation).toBe(3);
  });

  it('say that the database takes nothing now, where it is behind', () => {
    const recordsBacklog = { kind: 'fresh', value: { messages: 9, oldestSeconds: 47 }, atMs: 7_000 } as const;
    const behindWith = (isRecordsStopped: boolean) =>
      buildLiveSettings(aCampaign().spec, 3, 1, { recordsBacklog, isRecordsStopped }).behind;
    const behind = { atMostSeconds: 60, asOf: '1970-01-01T00:00:00.000Z' };
    expect(behindWith(false)).toEqual(behind);
    expect(behindWith(true)).toEqual({ ...behind, isStopped: true });
  });

  it.each([
    ['takes nothing: at once, for a second will be many', true, true],
    ['works on: not before it is worth telling', false, undefined],
  ] as const)('of a wait of a second say it when the database %s', (_, isRecordsStopped, isStopped) => {
    const recordsBacklog = { kind: 'fresh', value: { messages: 9, oldestSeconds: 1 }, atMs: 7_000 } as const;
    const { behind } = buildLiveSettings(aCampaign().spec, 3, 1, { recordsBacklog, isRecordsStopped });
    expect(behind?.isStopped).toBe(isStopped);
  });
});
