/** Requests that can't become a registration use no admission, however many they are. */
import { describe, expect, it } from '@jest/globals';
import { bodyOf, settingsOf, testIntake } from '../../helpers/intake.ts';

const LIMITS = { citizenPerMinute: 5, phonePerMinute: 5, devicePerMinute: 20, addressPerMinute: 300 };
const ROUNDS = 20;

/** As many tokens, and none comes back while the test runs. */
const withTokens = (tokens: number) => {
  const intake = testIntake(undefined, [], { monotonicMs: () => 0 });
  intake.world.settings = settingsOf({
    traffic: { admissionPerSecond: tokens / 1e6, intakePods: 1, burstSeconds: 1e6, limits: LIMITS },
  });
  return intake;
};

const ONE_KEY = { 'idempotency-key': 'a-key-that-was-used' };
const JUNK: readonly [string, unknown, Record<string, string | undefined>, readonly number[]][] = [
  ['no JSON', '{', {}, [400]],
  ['a list', [], {}, [422]],
  ['an empty object', {}, {}, [422]],
  ['a wrong identity number', { ...bodyOf(1), idNumber: '560001195001180015' }, {}, [422]],
  ['an unknown field', { ...bodyOf(1), x: 1 }, {}, [422]],
  ['an unknown voucher', { ...bodyOf(1), category: 'gold' }, {}, [422]],
  ['too young', { ...bodyOf(1), idNumber: '110105202001010015' }, {}, [422]],
  [
    'a login that the campaign does not have',
    { ...bodyOf(1), identity: { assertion: 'x', nonce: 'n'.repeat(20) } },
    {},
    [422],
  ],
  ['no key', bodyOf(1), { 'idempotency-key': undefined }, [400]],
  ['a wrong key', bodyOf(1), { 'idempotency-key': 'short' }, [400]],
  ['another type', bodyOf(1), { 'content-type': 'text/plain' }, [415]],
  ['a large body', 'x'.repeat(5_000), {}, [413]],
  ['a forged canary', bodyOf(1), { 'x-voucher-canary': `1.${'0'.repeat(64)}` }, [403]],
  ['another body under a key that was used', { ...bodyOf(7), name: '测试二' }, ONE_KEY, [422]],
  ['a repeat', bodyOf(7), ONE_KEY, [200]],
  ['more registrations of one citizen than the limit', bodyOf(8), {}, [429]],
];

describe('junk', () => {
  it('uses no admission: the last token is for a citizen', async () => {
    const intake = withTokens(7);
    expect((await intake.post(bodyOf(7), ONE_KEY)).status).toBe(201);
    for (let i = 0; i < LIMITS.citizenPerMinute; i += 1) expect((await intake.post(bodyOf(8))).status).toBe(201);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, body, headers, statuses] of JUNK) {
        const { status } = await intake.post(body, headers);
        expect([name, statuses.includes(status) ? 'as expected' : status]).toEqual([name, 'as expected']);
      }
    }
    expect((await intake.post(bodyOf(9))).status).toBe(201);
  });

  it('twin: a valid registration uses the last token, and the next citizen is shed', async () => {
    const intake = withTokens(1);
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    expect((await intake.post(bodyOf(9))).status).toBe(503);
  });
});
