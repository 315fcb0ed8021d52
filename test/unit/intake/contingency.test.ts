/** What citizens meet while a contingency level is in force, on a real socket. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CANARY_HEADER, signCanary } from '../../../app/intake/canary.ts';
import { bodyOf, CANARY_KEY, NOW_MS, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeEach(() => {
  intake = testIntake();
});

const page = {
  title: { 'zh-CN': '系统维护', en: 'Under <repair> & "care"' },
  text: { 'zh-CN': '十分钟后再来', en: 'Come again in ten minutes' },
  retryAfterSeconds: 600,
};

/** What would be asked for what it must not be: counts every call. */
const watchTheWorld = () => {
  const asked: string[] = [];
  intake.world.publish = async () => {
    asked.push('journal');
    return { kind: 'unavailable', reason: 'disconnected', retryAfterMs: 1_000 };
  };
  intake.world.find = async () => {
    asked.push('database');
    return { kind: 'unavailable' };
  };
  return asked;
};

describe('while a level lets nobody in', () => {
  it('every page is one of the level, in both languages, with what an admin wrote made harmless', async () => {
    intake.world.settings = settingsOf({ page });
    const asked = watchTheWorld();
    for (const path of ['/', '/index.html', '/campaign?from=wechat']) {
      const { status, headers, text } = await intake.get(path);
      expect(status).toBe(503);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('retry-after')).toBe('600');
      expect(text).toContain('十分钟后再来');
      expect(text).toContain('Come again in ten minutes');
      expect(text).toContain('Under &lt;repair&gt; &amp; &quot;care&quot;');
      expect(text).not.toContain('<repair>');
      expect(Buffer.byteLength(text)).toBeLessThan(4_096);
    }
    expect(asked).toEqual([]);
  });

  it('a registration is answered with its words, without journal or database', async () => {
    intake.world.settings = settingsOf({ page });
    const asked = watchTheWorld();
    const { status, headers, json } = await intake.post(bodyOf(1), { 'accept-language': 'en' });
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(600);
    expect(json).toMatchObject({ code: 'REGISTRATION_PAUSED', detail: 'Come again in ten minutes' });
    expect(asked).toEqual([]);
    expect(await intake.registry.metrics()).toContain('voucher_intake_arrivals_total{outcome="shed"} 1');
  });

  it('a receipt still proves itself, and a wrong secret still proves nothing', async () => {
    const { json } = await intake.post(bodyOf(1));
    intake.world.settings = settingsOf({ page });
    const asked = watchTheWorld();
    const path = `/api/v1/registrations/${json['receiptNo']}`;
    const told = await intake.get(path, { 'x-receipt-secret': String(json['receiptSecret']) });
    expect([told.status, told.json]).toEqual([
      200,
      { receiptNo: json['receiptNo'], state: 'received', confirmed: false, editableUntil: '2026-10-09T00:00:00Z' },
    ]);
    expect((await intake.get(path, { 'x-receipt-secret': 'wrong' })).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('the campaign can be read, and a canary comes through', async () => {
    intake.world.settings = settingsOf({ page });
    expect((await intake.get('/api/v1/campaigns/test-campaign')).status).toBe(200);
    const key = randomUUID();
    const signature = signCanary(CANARY_KEY, NOW_MS / 1000, key);
    const answer = await intake.post(bodyOf(1), { 'idempotency-key': key, [CANARY_HEADER]: signature });
    expect(answer.status).toBe(201);
  });

  it('after closing says that it is closed, not to come again', async () => {
    intake.world.settings = settingsOf({ page });
    intake.world.nowMs = Date.parse('2026-10-09T00:00:00Z');
    expect((await intake.post(bodyOf(1))).json['code']).toBe('CLOSED');
  });

  it('shows the next words as soon as they are there, and nothing once it is over', async () => {
    intake.world.settings = settingsOf({ page });
    await intake.get('/');
    intake.world.settings = settingsOf({ page: { ...page, text: { 'zh-CN': '再等等', en: 'A little longer' } } });
    expect((await intake.get('/')).text).toContain('A little longer');
    intake.world.settings = settingsOf();
    expect(await intake.get('/')).toMatchObject({ status: 200, text: expect.stringContaining('登记进行中') });
    expect((await intake.post(bodyOf(1))).status).toBe(201);
  });
});

describe('an honest time', () => {
  it('comes with every registration that the rate does not let in', async () => {
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 1, intakePods: 1, burstSeconds: 1 } });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => intake.post(bodyOf(index))));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThanOrEqual(10);
    for (const { headers, json } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(json).toMatchObject({ code: 'ADMISSION_LIMITED', estimatedWaitSeconds: expect.any(Number) });
    }
    // Twelve within a second at a door of one: 12 attempts of 2 s are 24 s, told as 30.
    const last = refused.find(({ json }) => json['estimatedWaitSeconds'] === 30);
    expect(last?.json['detail']).toBe('按提示重试，预计约 30 秒');
  });

  const statusOf = async () => {
    const { json } = await intake.post(bodyOf(1));
    const path = `/api/v1/registrations/${json['receiptNo']}`;
    return (await intake.get(path, { 'x-receipt-secret': String(json['receiptSecret']) })).json;
  };

  it('comes with a receipt that is not in the database yet, as long as it is known', async () => {
    const behind = { atMostSeconds: 120, asOf: new Date(NOW_MS - 10_000).toISOString() };
    intake.world.settings = settingsOf({ behind });
    expect(await statusOf()).toMatchObject({ state: 'received', confirmed: false, waiting: behind });
    intake.world.nowMs = NOW_MS + 51_000;
    expect(await statusOf()).not.toHaveProperty('waiting');
  });

  it('does not come with one that is there', async () => {
    const behind = { atMostSeconds: 120, asOf: new Date(NOW_MS).toISOString() };
    intake.world.settings = settingsOf({ behind });
    const at = new Date(NOW_MS).toISOString();
    intake.world.find = async () => ({
      kind: 'found',
      registered: { channel: 'wechat', category: 'dining' },
      others: [],
      receivedAt: at,
      facts: [{ type: 'received', at }],
    });
    const told = await statusOf();
    expect(told['confirmed']).toBe(true);
    expect(told).not.toHaveProperty('waiting');
  });
});
