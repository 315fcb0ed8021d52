import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCanarySender } from '../../../app/intake/canary-sender.ts';
import { CANARY_WITHIN_MS } from '../../../contract/app-contract.ts';
import { CANARY_KEY, type ServedIntake, settingsOf, startTestIntake } from '../../helpers/intake.ts';

let intake: ServedIntake;
beforeEach(async () => {
  intake = await startTestIntake();
});
afterEach(() => intake.stop());

const FOUND = {
  kind: 'found',
  registered: { channel: 'wechat', category: 'dining' },
  others: [],
  receivedAt: '2026-10-01T12:00:00.000Z',
  facts: [{ type: 'received', at: '2026-10-01T12:00:00.000Z' }],
} as const;

/** @param patience how often its clock says that there is time left */
const sender = (serviceUrl: string, patience = Number.POSITIVE_INFINITY) => {
  let looks = 0;
  return createCanarySender({
    serviceUrl,
    canaryKey: CANARY_KEY,
    settings: { current: () => intake.world.settings },
    now: () => intake.world.nowMs,
    monotonicMs: () => (looks++ > patience ? CANARY_WITHIN_MS + 1 : 0),
    signal: new AbortController().signal,
  });
};

describe('a canary', () => {
  it('is confirmed when the database has its row, however late, and counts as no citizen', async () => {
    let asked = 0;
    intake.world.find = async () => (++asked < 3 ? { kind: 'absent' } : FOUND);
    expect(await sender(intake.url)()).toEqual({ result: 'confirmed', reason: '' });
    expect(intake.published).toEqual([expect.objectContaining({ kind: 'canary' })]);
    expect(await intake.registry.metrics()).toMatch(/voucher_intake_arrivals_total\{outcome="canary"\} 1/);
  });

  it('comes through before opening and after closing', async () => {
    intake.world.find = async () => FOUND;
    for (const window of [
      { opensAt: '2026-10-05T00:00:00Z', closesAt: '2026-10-09T00:00:00Z' },
      { opensAt: '2026-09-01T00:00:00Z', closesAt: '2026-09-09T00:00:00Z' },
    ]) {
      intake.world.settings = settingsOf({ window });
      expect(await sender(intake.url)()).toMatchObject({ result: 'confirmed' });
    }
  });

  it('is another person each time, whom nobody is', async () => {
    intake.world.find = async () => FOUND;
    for (let time = 0; time < 3; time += 1) await sender(intake.url)();
    expect(new Set(intake.published.map(({ citizenHash }) => citizenHash)).size).toBe(3);
  });

  it('says that its row did not come', async () => {
    const { result, reason } = await sender(intake.url, 2)();
    expect(result).toBe('accepted');
    expect(reason).toContain('check the records pods');
  });

  it('says with which code it was refused', async () => {
    intake.world.publish = async () => ({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
    expect(await sender(intake.url)()).toEqual({ result: 'failed', reason: expect.stringMatching(/503 JOURNAL_/) });
  });

  it('says that nobody listens', async () => {
    const { port } = intake;
    await intake.stop();
    expect(await sender(`http://127.0.0.1:${port}`)()).toEqual({
      result: 'failed',
      reason: 'the Service does not answer (ECONNREFUSED)',
    });
  });

  it('waits for the settings', async () => {
    intake.world.settings = undefined;
    expect(await sender(intake.url)()).toMatchObject({ result: 'failed', reason: expect.stringContaining('settings') });
  });
});
