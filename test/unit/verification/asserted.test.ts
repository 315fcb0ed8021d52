/** Registrations that carry the city's login: verified without a provider, and none believed that does not count. */
import { describe, expect, it } from '@jest/globals';
import { createAssertionCheck } from '../../../app/login/check.ts';
import { createAsserted } from '../../../app/verification/asserted.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import { assertedBy, keyPair, newNonce, unsigned } from '../../helpers/logins.ts';
import { receivedEvent } from '../../helpers/records.ts';
import { CAMPAIGN, createVerificationWorld, messageOf, sealedEvent } from '../../helpers/verification.ts';

const { name, idNumber, phone } = citizenOf(1, 0);
const PERSON = { name, idType: 'CN_ID', idNumber, phone };
const keys = keyPair();
const never = new AbortController().signal;
const registration = receivedEvent();
const ARRIVED_MS = Date.parse(registration.at);

const said = (over: object = {}, key = keys.privateKey) =>
  assertedBy(key, { kind: 'identity', ...PERSON, campaignId: CAMPAIGN, ...over }, { atMs: ARRIVED_MS - 60_000 });

const playWith = async (identity: unknown, publicKey: string | undefined = keys.publicKey) => {
  const world = createVerificationWorld();
  world.asserted = createAsserted(createAssertionCheck(CAMPAIGN), () => publicKey);
  await world.part.commit([messageOf(sealedEvent(registration, { ...PERSON, identity }))], never);
  return { asked: world.asked.length, stored: world.stored.map(({ type, data }) => ({ type, data })) };
};

describe('a registration with a login', () => {
  it('is verified by the system’s name, and no provider is asked, however late it is delivered', async () => {
    const expected = { asked: 0, stored: [{ type: 'verified', data: { system: 'city' } }] };
    expect(await playWith(await said())).toEqual(expected);
  });

  it.each([
    ['by another key', () => said({}, keyPair().privateKey)],
    ['of another campaign', () => said({ campaignId: 'other' })],
    ['of another number', () => said({ idNumber: citizenOf(1, 1).idNumber })],
    ['of another name', () => said({ name: '测试二' })],
    ['that was too old when the registration arrived', () => said({ iat: ARRIVED_MS / 1_000 - 901 })],
    ['with another nonce', async () => ({ ...(await said()), nonce: newNonce() })],
    [
      'without a signature',
      async () => {
        const { assertion, nonce } = await said();
        return { assertion: unsigned(assertion), nonce };
      },
    ],
    ['of another shape', async () => ({ assertion: 7 })],
    ['that is none', async () => undefined],
  ])('%s is asked about, as if there were no login', async (_, sent) => {
    const { asked, stored } = await playWith(await sent());
    expect([asked, stored.map(({ data }) => data)]).toEqual([1, [{ provider: 'p', code: '0' }]]);
  });

  it('is asked about in a campaign that has no logins any more', async () => {
    const world = createVerificationWorld();
    world.asserted = createAsserted(createAssertionCheck(CAMPAIGN), () => undefined);
    await world.part.commit([messageOf(sealedEvent(registration, { ...PERSON, identity: await said() }))], never);
    expect(world.asked).toHaveLength(1);
  });
});
