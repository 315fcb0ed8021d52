import { describe, expect, it } from '@jest/globals';
import { CompactSign } from 'jose';
import { ASSERTION_TYPE, createAssertionCheck } from '../../../app/login/check.ts';
import { createAssertionSigner } from '../../../app/login/sign.ts';
import { assertedBy, keyPair, newNonce, unsigned } from '../../helpers/logins.ts';

const NOW_MS = Date.parse('2026-10-01T12:00:00.000Z');
const ours = keyPair();
const check = createAssertionCheck('test-campaign');
const person = { kind: 'identity', name: '王小明', idType: 'CN_ID', idNumber: '560101195001010018' } as const;

const asked = (sent: { assertion: string; nonce: string }, atMs = NOW_MS, kind: 'identity' | 'account' = 'identity') =>
  check(kind, sent, ours.publicKey, atMs);
const fault = (name: string) => ({ kind: 'fault', fault: name });

describe('an assertion', () => {
  it('of the login tier counts for 15 minutes, with its nonce', async () => {
    const sign = await createAssertionSigner(ours.pem);
    const nonce = newNonce();
    const { createHash } = await import('node:crypto');
    const challenge = createHash('sha256').update(nonce).digest('base64url');
    const assertion = await sign(person, { campaignId: 'test-campaign', system: 'city', challenge }, NOW_MS);
    expect(await asked({ assertion, nonce })).toMatchObject({
      kind: 'valid',
      assertion: { ...person, system: 'city', campaignId: 'test-campaign', jti: expect.stringMatching(/^[\w-]{22}$/) },
    });
    expect(await asked({ assertion, nonce }, NOW_MS + 899_999)).toMatchObject({ kind: 'valid' });
    expect(await asked({ assertion, nonce }, NOW_MS + 900_000)).toEqual(fault('expired'));
    expect(assertion.length).toBeLessThan(1_000);
  });

  it('counts by the 15 minutes, whatever end it states', async () => {
    const long = await assertedBy(ours.privateKey, { ...person, exp: NOW_MS }, { atMs: NOW_MS });
    expect(await asked(long, NOW_MS + 899_000)).toMatchObject({ kind: 'valid' });
    expect(await asked(long, NOW_MS + 900_000)).toEqual(fault('expired'));
  });

  it('that was stolen without the nonce of its session counts for nothing', async () => {
    const stolen = await assertedBy(ours.privateKey, person, { atMs: NOW_MS });
    expect(await asked({ ...stolen, nonce: newNonce() })).toEqual(fault('wrong_nonce'));
  });

  it.each([
    ['of another campaign', { campaignId: 'other' }, 'other_campaign'],
    ['of the future', { iat: NOW_MS / 1_000 + 120 }, 'expired'],
    ['without a number', { idNumber: undefined }, 'invalid'],
    ['of another version', { v: 2 as never }, 'invalid'],
    ['without an id', { jti: '' }, 'invalid'],
  ])('%s is refused', async (_, differs, expected) => {
    const sent = await assertedBy(ours.privateKey, { ...person, ...(differs as object) }, { atMs: NOW_MS });
    expect(await asked(sent)).toEqual(fault(expected));
  });

  it('of the other kind is refused', async () => {
    const account = { kind: 'account', channel: 'wechat', account: 'o1' } as const;
    const sent = await assertedBy(ours.privateKey, account, { atMs: NOW_MS });
    expect(await asked(sent)).toEqual(fault('invalid'));
    expect(await asked(sent, NOW_MS, 'account')).toMatchObject({ kind: 'valid' });
  });

  it('by another key, without a signature, by another algorithm, or for another purpose is refused', async () => {
    const sent = await assertedBy(ours.privateKey, person, { atMs: NOW_MS });
    const [head = '', payload = '', signature = ''] = sent.assertion.split('.');
    const hmac = await new CompactSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader({ alg: 'HS256', typ: ASSERTION_TYPE })
      .sign(Buffer.from(ours.publicKey, 'base64'));
    const forged = [
      (await assertedBy(keyPair().privateKey, person, { atMs: NOW_MS, nonce: sent.nonce })).assertion,
      unsigned(sent.assertion),
      hmac,
      (await assertedBy(ours.privateKey, person, { atMs: NOW_MS, nonce: sent.nonce, typ: 'JWT' })).assertion,
      `${head}.${payload}.${'A'.repeat(signature.length)}`,
      `${head}.${payload.slice(0, -1)}.${signature}`,
      'garbage',
      '',
    ];
    for (const assertion of forged) expect(await asked({ ...sent, assertion })).toEqual(fault('invalid'));
    // The twin: the untouched one counts.
    expect(await asked(sent)).toMatchObject({ kind: 'valid' });
  });

  it('is refused, and nothing thrown, while the key of the spec is none', async () => {
    const sent = await assertedBy(ours.privateKey, person, { atMs: NOW_MS });
    expect(await check('identity', sent, 'AAAA', NOW_MS)).toEqual(fault('invalid'));
  });
});
