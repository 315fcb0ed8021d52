/** Nothing that a 4xx ends costs a citizen the admission. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { bodyOf, calmGuard, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeEach(() => {
  intake = testIntake(calmGuard());
  // One token, and none comes back while the test runs.
  intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 0.0001, intakePods: 1, burstSeconds: 1 } });
});

const good = bodyOf(1);
const refused: Record<string, readonly [unknown, Record<string, string | undefined>, number]> = {
  'no body': ['', {}, 400],
  'broken JSON': ['{"name":', {}, 400],
  'no key': [good, { 'idempotency-key': undefined }, 400],
  'a wrong key': [good, { 'idempotency-key': '?' }, 400],
  'a form': ['name=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  'a long body': [{ ...good, name: 'x'.repeat(5_000) }, {}, 413],
  'an unknown field': [{ ...good, extra: 1 }, {}, 422],
  'a wrong phone': [{ ...good, phone: '1' }, {}, 422],
  'no consent': [{ ...good, consent: { policyVersion: '1', sensitive: false } }, {}, 422],
  'a forged canary': [good, { 'x-voucher-canary': `1.${'0'.repeat(64)}` }, 403],
};

describe('the last place at the door is not taken by', () => {
  it.each(Object.entries(refused))('%s', async (_name, [body, headers, status]) => {
    for (let n = 0; n < 5; n += 1) expect((await intake.post(body, headers)).status).toBe(status);
    expect((await intake.post(good)).status).toBe(201);
    // It was the last one.
    expect((await intake.post(bodyOf(2))).json['code']).toBe('ADMISSION_LIMITED');
  });

  it('another body under a key that was accepted', async () => {
    const { world } = intake;
    world.settings = settingsOf();
    const key = { 'idempotency-key': randomUUID() };
    await intake.post(good, key);
    const stranger = testIntake(calmGuard());
    // Of this pod's memory nothing is left: the journal is asked each time.
    stranger.world.settings = settingsOf({ traffic: { admissionPerSecond: 0.0001, intakePods: 1, burstSeconds: 1 } });
    stranger.world.publish = async () => ({
      kind: 'acknowledged',
      shard: 0,
      sequence: 1,
      duplicate: true,
      attempts: 1,
    });
    stranger.world.accepted = async () => ({
      kind: 'accepted',
      at: '2026-10-01T11:00:00.000Z',
      fingerprint: 'other',
    });
    for (let n = 0; n < 5; n += 1)
      expect((await stranger.post(bodyOf(10 + n))).json['code']).toBe('IDEMPOTENCY_MISMATCH');
    stranger.world.publish = async () => ({
      kind: 'acknowledged',
      shard: 0,
      sequence: 1,
      duplicate: false,
      attempts: 1,
    });
    expect((await stranger.post(bodyOf(20))).status).toBe(201);
  });
});

describe('a crowd of broken requests', () => {
  it('beside citizens who fit through the door keeps none of them out', async () => {
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 1_000, intakePods: 50, burstSeconds: 1 } });
    let broken = 0;
    let stop = false;
    const attack = Array.from({ length: 8 }, async () => {
      while (!stop) {
        await intake.post('', { 'idempotency-key': randomUUID() });
        broken += 1;
      }
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => intake.post(bodyOf(index))));
    await eventually(() => broken >= 100, { what: 'a hundred broken requests' });
    stop = true;
    await Promise.all(attack);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  });
});
