import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createDevices, DEVICE_COOKIE } from '../../../app/limits/device.ts';
import { createLimits } from '../../../app/limits/limits.ts';
import { METRICS } from '../../../contract/app-contract.ts';
import { bodyOf, settingsOf, testIntake } from '../../helpers/intake.ts';

const LIMITS = { citizenPerMinute: 5, phonePerMinute: 5, devicePerMinute: 20, addressPerMinute: 300 };
const traffic = { ...settingsOf().traffic, limits: LIMITS };
const limitedSettings = () => settingsOf({ traffic });

const requestFrom = (remoteAddress: string): IncomingMessage => {
  const request = new IncomingMessage(new Socket());
  Object.defineProperty(request.socket, 'remoteAddress', { value: remoteAddress });
  return request;
};
const world = () => {
  const clock = { nowMs: 0 };
  let others = 0;
  const limits = createLimits({ seed: 's', monotonicMs: () => clock.nowMs, deviceOf: () => undefined });
  const at = (address: string) => limits.callerOf(requestFrom(address), traffic);
  /** Beside a few others, without whom no conduct means anything. */
  const callerAt = (address: string) => {
    others += 1;
    for (let i = 0; i < 5; i += 1) at(`192.0.${others % 250}.${i}`);
    return at(address);
  };
  return { clock, limits, at, callerAt };
};
const ONE = { citizenHash: 'ab', phone: '13800000000' };

describe('a network', () => {
  it('is busy above its limit, and usual again a minute later', () => {
    const { clock, callerAt } = world();
    const conducts = Array.from({ length: 301 }, () => callerAt('203.0.113.9').conduct);
    expect([conducts.at(299), conducts.at(300)]).toEqual(['usual', 'busy']);
    expect(callerAt('203.0.113.8').conduct).toBe('usual');
    clock.nowMs = 60_000;
    expect(callerAt('203.0.113.9').conduct).toBe('usual');
  });

  it('is noisy after many wrong requests, and not after answers that say nothing against it', () => {
    const { limits, callerAt } = world();
    const caller = callerAt('203.0.113.9');
    for (let i = 0; i < 1_000; i += 1) {
      limits.refused(caller, 'NOT_OPEN', traffic);
      limits.refused(caller, 'OVERLOADED', traffic);
    }
    expect(callerAt('203.0.113.9').conduct).toBe('usual');
    for (let i = 0; i < 151; i += 1) limits.refused(caller, 'BAD_JSON', traffic);
    expect(callerAt('203.0.113.9').conduct).toBe('noisy');
  });
});

describe('the only network', () => {
  it('is usual, however much it asks: a load balancer may hide all citizens behind it', () => {
    const { clock, limits, at } = world();
    const conducts = new Set<string>();
    for (let i = 0; i < 20_000; i += 1) {
      clock.nowMs = i * 5;
      const caller = at('10.0.0.1');
      // Until it is above its limit, it is one of the others itself.
      if (clock.nowMs > 5_000) conducts.add(caller.conduct);
      limits.refused(caller, 'BAD_JSON', traffic);
    }
    expect([...conducts]).toEqual(['usual']);
  });

  it('is busy again as soon as there are others', () => {
    const { at, callerAt } = world();
    for (let i = 0; i < 2_000; i += 1) at('10.0.0.1');
    expect(callerAt('10.0.0.1').conduct).toBe('busy');
  });
});

describe('a citizen’s limit', () => {
  it('is five at once; then the network of the citizen has one more a minute, and others too', () => {
    const { limits, callerAt } = world();
    const takeAt = (address: string) => limits.take(callerAt(address), ONE, traffic).refused?.by;
    expect(Array.from({ length: 7 }, () => takeAt('203.0.113.9'))).toEqual([
      ...Array.from({ length: 6 }, () => undefined),
      'citizen',
    ]);
    expect(takeAt('198.51.100.7')).toBeUndefined();
    expect(takeAt('198.51.100.7')).toBe('citizen');
  });

  it('has no such exception for a noisy network', () => {
    const { limits, callerAt } = world();
    for (let i = 0; i < 200; i += 1) limits.refused(callerAt('203.0.113.9'), 'BAD_JSON', traffic);
    const taken = Array.from({ length: 6 }, () => limits.take(callerAt('203.0.113.9'), ONE, traffic).refused?.by);
    expect(taken.at(5)).toBe('citizen');
  });

  it('uses nothing of the other limits when one of them refuses', () => {
    const { limits, callerAt } = world();
    const noisy = { ...callerAt('203.0.113.9'), conduct: 'noisy' as const };
    for (let i = 0; i < 5; i += 1) limits.take(noisy, { ...ONE, phone: `1380000000${i}` }, traffic);
    // Its phone was not used yet, and five are still possible.
    for (let i = 0; i < 20; i += 1) limits.take(noisy, { ...ONE, phone: '13911111111' }, traffic);
    const other = Array.from(
      { length: 6 },
      (_, i) => limits.take(noisy, { citizenHash: `other ${i}`, phone: '13911111111' }, traffic).refused?.by,
    );
    expect(other.filter((by) => by === undefined)).toHaveLength(5);
  });
});

describe('a registration above its limit', () => {
  const sent = { 'x-forwarded-for': '203.0.113.9' };
  it('gets 429 with Retry-After, and takes no admission', async () => {
    const intake = testIntake();
    intake.world.settings = settingsOf({
      traffic: { ...traffic, admissionPerSecond: 0.000001, burstSeconds: 7_000_000 },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await intake.post(bodyOf(1), sent)).status);
    // Five, and a burst of seven: of these two are left.
    expect(statuses).toEqual([...Array.from({ length: 5 }, () => 201), ...Array.from({ length: 7 }, () => 429)]);
    expect([(await intake.post(bodyOf(2))).status, (await intake.post(bodyOf(3))).status]).toEqual([201, 201]);
    expect((await intake.post(bodyOf(4))).status).toBe(503);
  });

  it('says when to come again, in the language of the citizen, and nothing about whom', async () => {
    const intake = testIntake();
    intake.world.settings = limitedSettings();
    for (let i = 0; i < 5; i += 1) await intake.post(bodyOf(1));
    const answer = await intake.post(bodyOf(1), { 'accept-language': 'en' });
    expect(answer.json).toEqual({
      type: 'urn:voucher-operator:error:TOO_MANY_REQUESTS',
      title: 'Too many requests; wait as long as Retry-After says',
      status: 429,
      code: 'TOO_MANY_REQUESTS',
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(12);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(18);
    expect(await intake.registry.getSingleMetricAsString('voucher_intake_limited_total')).toContain(
      '{limit="citizen"} 1',
    );
  });

  it('that was accepted before gets its receipt as often as it is repeated', async () => {
    const intake = testIntake();
    intake.world.settings = limitedSettings();
    const key = { 'idempotency-key': 'the-same-key-again' };
    const answers = [];
    for (let i = 0; i < 30; i += 1) answers.push(await intake.post(bodyOf(1), key));
    expect(answers.map(({ status }) => status)).toEqual([201, ...Array.from({ length: 29 }, () => 200)]);
  });

  it('is not refused because the journal was away: what failed is returned', async () => {
    const intake = testIntake();
    intake.world.settings = limitedSettings();
    const acknowledge = intake.world.publish;
    intake.world.publish = async () => ({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
    for (let i = 0; i < 20; i += 1) expect((await intake.post(bodyOf(1))).status).toBe(503);
    intake.world.publish = acknowledge;
    expect((await intake.post(bodyOf(1))).status).toBe(201);
  });

  it('is not refused because the pod was shedding', async () => {
    const clock = { nowMs: 1_000 };
    const intake = testIntake(undefined, [], { monotonicMs: () => clock.nowMs });
    intake.world.settings = settingsOf({ traffic: { ...traffic, admissionPerSecond: 0.000001, burstSeconds: 1 } });
    expect((await intake.post(bodyOf(9))).status).toBe(201);
    for (let i = 0; i < 20; i += 1) expect((await intake.post(bodyOf(1))).status).toBe(503);
    intake.world.settings = limitedSettings();
    clock.nowMs += 100;
    expect((await intake.post(bodyOf(1))).status).toBe(201);
  });

  it('is not limited where the operator states no limits: the twin', async () => {
    const intake = testIntake();
    const statuses = new Set<number>();
    for (let i = 0; i < 30; i += 1) statuses.add((await intake.post(bodyOf(1))).status);
    expect([...statuses]).toEqual([201]);
  });

  it('of a device: 20 for a cookie of ours, and a forged one is none', async () => {
    const intake = testIntake();
    intake.world.settings = settingsOf({
      traffic: { ...traffic, limits: { ...LIMITS, citizenPerMinute: 0, phonePerMinute: 0 } },
    });
    const first = await intake.post(bodyOf(1));
    const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(cookie.startsWith(`${DEVICE_COOKIE}=`)).toBe(true);
    const statuses = [];
    for (let i = 0; i < 21; i += 1) statuses.push((await intake.post(bodyOf(i), { cookie })).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 201), 429]);
    const forged = await intake.post(bodyOf(30), { cookie: cookie.replace(/.$/, '~') });
    expect([forged.status, forged.headers.has('set-cookie')]).toEqual([201, true]);
  });

  it('counts as a citizen who was expected, and is no demand for more pods', async () => {
    const clock = { nowMs: 1_000 };
    const intake = testIntake(undefined, [], { monotonicMs: () => clock.nowMs });
    intake.world.settings = limitedSettings();
    for (let i = 0; i < 25; i += 1) await intake.post(bodyOf(1));
    clock.nowMs = 2_500;
    const valuesOf = async (name: string) =>
      (await intake.registry.getSingleMetric(name)?.get())?.values.map(({ value }) => value);
    expect(await valuesOf(METRICS.returnsExpected)).toEqual([20]);
    expect(await valuesOf(METRICS.dueBack)).toEqual([0]);
  });
});

describe('the device cookie', () => {
  const devices = createDevices(secretKey(Buffer.alloc(32, 7)), 'one');
  const withCookie = (cookie: string): IncomingMessage => Object.assign(requestFrom('::1'), { headers: { cookie } });
  const value = (from: ReturnType<typeof createDevices>): string => from.give().split(';')[0] ?? '';

  it('counts in its campaign, and not when a bit of it is another', () => {
    const cookie = value(devices);
    expect(devices.of(withCookie(cookie))).toBe(cookie.slice(DEVICE_COOKIE.length + 1).split('.')[0]);
    expect(createDevices(secretKey(Buffer.alloc(32, 7)), 'two').of(withCookie(cookie))).toBeUndefined();
    for (let i = DEVICE_COOKIE.length + 1; i < cookie.length; i += 1) {
      const other = cookie[i] === 'A' ? 'B' : 'A';
      expect(devices.of(withCookie(cookie.slice(0, i) + other + cookie.slice(i + 1)))).toBeUndefined();
    }
  });

  it('is a new one each time, for HTTPS only, and no script reads it', () => {
    expect(value(devices)).not.toBe(value(devices));
    expect(devices.give()).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/);
  });
});
