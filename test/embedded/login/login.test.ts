/**
 * The whole way on real servers: a browser logs in by a login pod at a real OpenID provider, registers with the assertion, and a verification
 * pod publishes `verified` without a request to its provider.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  type CheckAssertion,
  challengeOf,
  createAssertionCheck,
  type SentAssertion,
} from '../../../app/login/check.ts';
import { ENV, type LiveSettings, secretDirOf } from '../../../contract/app-contract.ts';
import { callbackPath, LOGIN_KEYS } from '../../../contract/outside/login.ts';
import { createClaims } from '../../../journal/claims.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import { createReceiptJournal } from '../../../journal/receipts/receipt-journal.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { type OpenidServer, startOpenidServer } from '../../../local/openid/server.ts';
import { createBrowser } from '../../helpers/browser.ts';
import { eventually } from '../../helpers/eventually.ts';
import { bodyOf, calmGuard, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';
import { citySystem, PAGE, SECRET } from '../../helpers/login-tier.ts';
import { assertedBy, keyPair, loginSections, newNonce } from '../../helpers/logins.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';
import { startVerificationStack, type VerificationStack } from '../../helpers/verification-stack.ts';

const campaignId = 'spring';
const monotonicMs = (): number => performance.now();

let stack: VerificationStack;
let openid: OpenidServer;
/** Of the login pod. */
let url: string;
const keys = keyPair();
let intake: TestIntake;
/** Believes whatever an assertion says. */
let takenOver: TestIntake;
let settings: LiveSettings;

beforeAll(async () => {
  const [port = 0] = await freePorts(1, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
  [stack, openid] = await Promise.all([
    startVerificationStack({ latencyMs: 0 }),
    startOpenidServer({
      ...{ seed: 1, clientId: 'vouchers', clientSecret: SECRET },
      redirectUris: [`${url}${callbackPath('city')}`],
    }),
  ]);
  const { journal } = stack;
  await journal.ensured({ consumers: ['records', 'verification'], hasClaims: true });
  const { login } = loginSections(keys.publicKey);
  settings = settingsOf({
    window: { opensAt: '2020-09-25T01:00:00Z', closesAt: '2100-10-02T16:00:00Z' },
    sections: {
      ...stack.settings.sections,
      login: { ...login, url, page: PAGE, systems: [citySystem(openid.issuer)] },
      issuance: { channels: [{ name: 'wechat' }] },
    },
  });
  await patiently('a write', () => journal.admin.putLiveSettings(campaignId, settings, never));
  const { connection } = journal;
  const common = { connection, campaignId, shards: SHARDS, monotonicMs, signal: never };
  const real = {
    campaignId,
    sealer: stack.ring,
    check: createAssertionCheck(campaignId),
    journal: createPublisher({ ...common, registry: new Registry() }),
    receiptJournal: createReceiptJournal(common),
    claims: createClaims(common),
    now: () => Date.now(),
    wallClockMs: () => Date.now(),
  };
  intake = testIntake(calmGuard(), [], real);
  takenOver = testIntake(calmGuard(), [], { ...real, check: believeAll });
  for (const one of [intake, takenOver]) one.world.settings = settings;
  await stack.share({ v1: 50 });
  stack.start('v1');
  const keysDir = join(journal.dir, 'login');
  await mkdir(keysDir);
  await writeFile(join(keysDir, LOGIN_KEYS.privateKey), keys.pem);
  await writeFile(join(keysDir, LOGIN_KEYS.clientSecret('city')), SECRET);
  stack.start('login', { [ENV.role]: 'login', [ENV.portHttp]: String(port), [secretDirOf('login')]: keysDir });
  const isThere = async () => (await fetch(url).catch(() => undefined))?.status === 404;
  await eventually(isThere, { what: 'the login pod' });
});
afterAll(async () => {
  await openid?.close();
  await stack?.stop();
});

const believeAll = (async (_kind: string, { assertion }: SentAssertion) => ({
  kind: 'valid',
  assertion: JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8')),
})) as CheckAssertion;

/** As the page of a citizen does it. */
const logIn = async (citizen: number) => {
  const [browser, nonce] = [createBrowser({ accept: 'application/json' }), newNonce()];
  const form = await browser.visit(`${url}/login/city?challenge=${challengeOf(nonce)}`);
  form.url.searchParams.set('citizen', String(citizen));
  const back = await browser.visit(form.url, `${url}${callbackPath('city')}`);
  const { assertion } = JSON.parse((await browser.get(back.url)).text) as { assertion: string };
  return { assertion, nonce };
};
/** Repeats what was shed, as a page does. */
const register = (body: object, at = intake) => {
  const headers = { 'idempotency-key': randomUUID() };
  return eventually(
    async () => {
      const answer = await at.post({ channel: 'wechat', ...body }, headers);
      return answer.status === 503 ? undefined : answer;
    },
    { what: 'an answer of the intake' },
  );
};
const wechat = (index: number) => ({ ...bodyOf(index), channel: 'wechat' });
const verdictsOf = async (receipt: unknown): Promise<readonly string[]> =>
  (await stack.verdicts()).get(String(receipt)) ?? [];

describe('a citizen who logged in', () => {
  it('is verified without a request to the provider, and one who did not with one', async () => {
    const answers = [];
    for (const citizen of [0, 1, 2])
      answers.push(await register({ ...wechat(citizen), identity: await logIn(citizen) }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    for (const { json } of answers) {
      await eventually(async () => (await verdictsOf(json['receiptNo'])).includes('verified'), {
        what: 'verified by the login',
        everyMs: 200,
      });
    }
    expect(stack.provider.counts().requests).toBe(0);
    const log = await stack.logOf('login');
    for (const citizen of [0, 1, 2]) {
      const { name, idNumber } = wechat(citizen) as unknown as { name: string; idNumber: string };
      expect([log.includes(name), log.includes(idNumber)]).toEqual([false, false]);
    }

    // The twin: without a login the same pod asks.
    const plain = await register(wechat(3));
    await eventually(async () => (await verdictsOf(plain.json['receiptNo'])).length > 0, {
      what: 'a verdict of the provider',
      everyMs: 200,
    });
    expect(stack.provider.counts().requests).toBeGreaterThan(0);
  });

  it('with an assertion that only an intake that was taken over believes is asked about', async () => {
    const forged = await assertedBy(keyPair().privateKey, {
      kind: 'identity',
      ...(wechat(4) as unknown as { name: string; idNumber: string }),
      idType: 'CN_ID',
      campaignId,
    });
    const before = stack.provider.counts().requests;
    expect((await register({ ...wechat(4), identity: forged })).status).toBe(422);
    const answer = await register({ ...wechat(4), identity: forged }, takenOver);
    expect(answer.status).toBe(201);
    await eventually(async () => (await verdictsOf(answer.json['receiptNo'])).length > 0, {
      what: 'a verdict of the provider',
      everyMs: 200,
    });
    expect(stack.provider.counts().requests).toBeGreaterThan(before);
  });

  it('binds one account, which is of no one else, on the real journal', async () => {
    const account = (name: string) =>
      assertedBy(
        keys.privateKey,
        { kind: 'account', channel: 'wechat', account: name, campaignId },
        { atMs: Date.now() },
      );
    const first = await register({ ...wechat(5), account: await account('openid-1') });
    expect(first).toMatchObject({ status: 201, json: { accountBound: true } });
    expect(await verdictsOf(first.json['receiptNo'])).toContain('bound');
    expect((await register({ ...wechat(6), account: await account('openid-1') })).json).toMatchObject({
      code: 'ACCOUNT_TAKEN',
    });
    const later = await register(wechat(6));
    const bind = async (name: string) =>
      intake.postTo(`/api/v1/registrations/${later.json['receiptNo']}/account`, await account(name), {
        'x-receipt-secret': String(later.json['receiptSecret']),
      });
    expect(await bind('openid-1')).toMatchObject({ status: 409, json: { code: 'ACCOUNT_TAKEN' } });
    expect(await bind('openid-2')).toMatchObject({ status: 200, json: { accountBound: true } });
    expect(await bind('openid-3')).toMatchObject({ status: 200 });
    expect(await verdictsOf(later.json['receiptNo'])).toEqual(expect.arrayContaining(['bound']));
  });
});
