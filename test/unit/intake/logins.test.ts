/** Registrations that carry logins, and accounts that are bound later. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import type { Held } from '../../../journal/claims.ts';
import {
  type Answer,
  bodyOf,
  calmGuard,
  NOW_MS,
  settingsOf,
  type TestIntake,
  testIntake,
} from '../../helpers/intake.ts';
import { assertedBy, keyPair, loginSections, newNonce, unsigned } from '../../helpers/logins.ts';

const keys = keyPair();
let journal: EventEnvelope[];
let intake: TestIntake;

beforeEach(() => {
  journal = [];
  intake = testIntake(calmGuard(), journal);
  intake.world.settings = settingsOf({ sections: loginSections(keys.publicKey) });
});

const WECHAT = { ...bodyOf(0), channel: 'wechat' };
const person = (index: number) => {
  const { name, idNumber } = bodyOf(index) as { name: string; idNumber: string };
  return { kind: 'identity', name, idType: 'CN_ID', idNumber } as const;
};
const identity = (index = 0, over: object = {}, key = keys.privateKey) =>
  assertedBy(key, { ...person(index), ...over }, { atMs: NOW_MS });
const account = (name: string, over: object = {}) =>
  assertedBy(keys.privateKey, { kind: 'account', channel: 'wechat', account: name, ...over }, { atMs: NOW_MS });

const counted = async (kind: string): Promise<Record<string, number>> => {
  const metric = await intake.registry.getSingleMetric('voucher_intake_assertions_total')?.get();
  return Object.fromEntries(
    (metric?.values ?? [])
      .filter(({ labels }) => labels['kind'] === kind)
      .map(({ labels, value }) => [labels['outcome'], value]),
  );
};
const bound = () => journal.filter(({ type }) => type === 'bound');

describe('a registration with the city’s login', () => {
  it('is accepted, and the assertion is sealed with the person', async () => {
    const sealed: string[] = [];
    intake = testIntake(calmGuard(), journal, {
      sealer: {
        seal(plaintext) {
          sealed.push(Buffer.from(plaintext).toString('utf8'));
          return { keyId: 'k', sealed: 'c2VhbGVk' };
        },
      },
    });
    intake.world.settings = settingsOf({ sections: loginSections(keys.publicKey) });
    const sent = await identity();
    const { status, json } = await intake.post({ ...WECHAT, identity: sent });
    expect(status).toBe(201);
    expect(json).not.toHaveProperty('accountBound');
    expect(JSON.parse(sealed[0] ?? '{}')).toMatchObject({ identity: sent });
    expect(await counted('identity')).toEqual({ used: 1 });
    expect(JSON.stringify(journal)).not.toContain(sent.assertion);
  });

  it.each([
    ['of another person', () => identity(1), 'ASSERTION_DIFFERS', 'differs'],
    ['whose name differs', () => identity(0, { name: '张三' }), 'ASSERTION_DIFFERS', 'differs'],
    ['of another campaign', () => identity(0, { campaignId: 'other' }), 'ASSERTION_OTHER_CAMPAIGN', 'other_campaign'],
    ['that is too old', () => identity(0, { iat: NOW_MS / 1_000 - 901 }), 'ASSERTION_EXPIRED', 'expired'],
    ['by another key', () => identity(0, {}, keyPair().privateKey), 'ASSERTION_INVALID', 'invalid'],
    ['of an account', () => account('o1'), 'ASSERTION_INVALID', 'invalid'],
    [
      'without a signature',
      async () => {
        const { assertion, nonce } = await identity();
        return { assertion: unsigned(assertion), nonce };
      },
      'ASSERTION_INVALID',
      'invalid',
    ],
    [
      'that was stolen without its nonce',
      async () => ({ ...(await identity()), nonce: newNonce() }),
      'ASSERTION_WRONG_NONCE',
      'wrong_nonce',
    ],
  ] as const)('%s is refused, counted, and nothing is stored', async (_, sent, code, outcome) => {
    const answer = await intake.post({ ...WECHAT, identity: await sent() });
    expect(answer).toMatchObject({ status: 422, json: { code, errors: [{ field: 'identity' }] } });
    expect(await counted('identity')).toEqual({ [outcome]: 1 });
    expect(journal).toEqual([]);
    expect([...intake.world.claims]).toEqual([]);
  });

  it('that another receipt used is refused', async () => {
    const sent = await identity();
    expect((await intake.post({ ...WECHAT, identity: sent })).status).toBe(201);
    const replayed = await intake.post({ ...WECHAT, identity: sent });
    expect(replayed).toMatchObject({ status: 409, json: { code: 'ASSERTION_USED' } });
    expect(await counted('identity')).toEqual({ used: 1, used_before: 1 });
  });

  it('repeated with the same key gets its receipt, by the same login, an expired one, or none', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const sent = await identity();
    const first = await intake.post({ ...WECHAT, identity: sent }, headers);
    const old = await identity(0, { iat: NOW_MS / 1_000 - 901 });
    for (const again of [{ identity: sent }, { identity: old }, {}]) {
      const { status, json } = await intake.post({ ...WECHAT, ...again }, headers);
      expect(status).toBe(200);
      expect(json).toMatchObject({ receiptNo: first.json['receiptNo'] });
    }
    // Another pod knows it from the journal.
    const other = testIntake(calmGuard(), journal);
    other.world.settings = intake.world.settings;
    expect((await other.post({ ...WECHAT, identity: old }, headers)).json).toMatchObject({
      receiptNo: first.json['receiptNo'],
    });
  });

  it('is shed, not accepted, while the bucket of claims does not answer', async () => {
    intake.world.areClaimsAnswering = false;
    const answer = await intake.post({ ...WECHAT, identity: await identity() });
    expect(answer).toMatchObject({ status: 503, json: { code: 'JOURNAL_UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toMatch(/^[123]$/);
    expect(journal).toEqual([]);
  });

  it('takes no place from one without a login while it waits for the bucket of claims', async () => {
    const waiting = Promise.withResolvers<Held>();
    intake = testIntake(calmGuard(1), journal, {
      claims: { holdAssertion: () => waiting.promise, holdAccount: () => waiting.promise },
    });
    intake.world.settings = settingsOf({ sections: loginSections(keys.publicKey) });
    const slow = intake.post({ ...WECHAT, identity: await identity() });
    expect((await intake.post({ ...bodyOf(1), channel: 'wechat' })).status).toBe(201);
    waiting.resolve('ours');
    expect((await slow).status).toBe(201);
  });

  it('is refused in a campaign without logins, and so is a field of another shape', async () => {
    const sent = await identity();
    expect((await intake.post({ ...WECHAT, identity: { ...sent, x: 1 } })).status).toBe(422);
    intake.world.settings = settingsOf();
    const answer = await intake.post({ ...WECHAT, identity: sent });
    expect(answer).toMatchObject({ status: 422, json: { code: 'LOGIN_NOT_OFFERED' } });
  });
});

describe('the campaign', () => {
  it('says which logins and channels a page can offer', async () => {
    const { json } = await intake.get('/api/v1/campaigns/test-campaign');
    expect(json).toMatchObject({
      channels: ['wechat', 'alipay'],
      logins: [{ name: 'city', proves: 'identity', url: 'https://login.example/login/city' }],
    });
    intake.world.settings = settingsOf();
    const plain = (await intake.get('/api/v1/campaigns/test-campaign')).json;
    expect(plain).toMatchObject({ channels: ['wechat', 'alipay', 'unionpay'] });
    expect(plain).not.toHaveProperty('logins');
  });
});

describe('a registration with an account', () => {
  it('binds it, sealed, and answers afterwards', async () => {
    const answer = await intake.post({ ...WECHAT, account: await account('openid-1') });
    expect(answer).toMatchObject({ status: 201, json: { accountBound: true } });
    expect(bound()).toMatchObject([
      {
        id: `${answer.json['receiptNo']}.bound`,
        accountHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        keyId: '2026-10-01',
        data: { channel: 'wechat', sealed: 'c2VhbGVk' },
      },
    ]);
    expect(JSON.stringify(journal)).not.toContain('openid-1');
    expect(await counted('account')).toEqual({ used: 1 });
  });

  it('of another citizen is refused, and nothing is stored', async () => {
    await intake.post({ ...WECHAT, account: await account('openid-1') });
    const answer = await intake.post({ ...bodyOf(1), channel: 'wechat', account: await account('openid-1') });
    expect(answer).toMatchObject({ status: 409, json: { code: 'ACCOUNT_TAKEN' } });
    expect(journal.filter(({ type }) => type === 'received')).toHaveLength(1);
    expect(await counted('account')).toEqual({ used: 1, account_taken: 1 });
  });

  it('of the same citizen can be bound to another receipt of theirs', async () => {
    await intake.post({ ...WECHAT, account: await account('openid-1') });
    const again = await intake.post({ ...WECHAT, account: await account('openid-1') });
    expect(again).toMatchObject({ status: 201, json: { accountBound: true } });
  });

  it('of another channel is refused', async () => {
    const answer = await intake.post({ ...WECHAT, account: await account('u', { channel: 'alipay' }) });
    expect(answer).toMatchObject({ status: 422, json: { code: 'ACCOUNT_CHANNEL' } });
  });

  it('binds it at the repeat when the shard did not answer at first', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const sent = await account('openid-1');
    const { append } = intake.world;
    intake.world.append = async () => ({ kind: 'unavailable', reason: 'unanswered' });
    expect((await intake.post({ ...WECHAT, account: sent }, headers)).status).toBe(503);
    intake.world.append = append;
    const repeated = await intake.post({ ...WECHAT, account: sent }, headers);
    expect(repeated).toMatchObject({ status: 200, json: { accountBound: true } });
    expect(bound()).toHaveLength(1);
    expect((await intake.post({ ...WECHAT, account: sent }, headers)).json).toMatchObject({ accountBound: true });
    expect(bound()).toHaveLength(1);
  });

  it('says so when a repeat comes too late to bind it', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    intake.world.append = async () => ({ kind: 'unavailable', reason: 'unanswered' });
    const sent = await account('openid-1');
    await intake.post({ ...WECHAT, account: sent }, headers);
    intake.world.nowMs += 901_000;
    const late = await intake.post({ ...WECHAT, account: sent }, headers);
    expect(late).toMatchObject({ status: 200, json: { accountBound: false } });
  });

  it('takes only the channels that the campaign issues through', async () => {
    const answer = await intake.post({ ...WECHAT, channel: 'unionpay' });
    expect(answer).toMatchObject({ status: 422, json: { code: 'CHANNEL_NOT_OFFERED' } });
  });
});

describe('an account that is bound later', () => {
  interface Receipt {
    readonly no: string;
    readonly headers: Record<string, string>;
  }
  const register = async (body: object = WECHAT): Promise<Receipt> => {
    const { json } = await intake.post(body);
    return { no: String(json['receiptNo']), headers: { 'x-receipt-secret': String(json['receiptSecret']) } };
  };
  const bind = ({ no, headers }: Receipt, sent: unknown): Promise<Answer> =>
    intake.postTo(`/api/v1/registrations/${no}/account`, sent, headers);
  const factOf = (receipt: Receipt, type: EventEnvelope['type'], over: Partial<EventEnvelope> = {}): void => {
    const registration = journal.find((event) => event.receipt === receipt.no);
    if (registration === undefined) throw new Error('not registered');
    journal.push({ ...registration, id: `${receipt.no}.${type}`, type, data: {}, ...over });
  };

  it('is bound by receipt and secret, also after the list is frozen, and a repeat is the same', async () => {
    const receipt = await register();
    intake.world.nowMs = Date.parse('2026-11-01T00:00:00Z');
    const sent = await assertedBy(
      keys.privateKey,
      { kind: 'account', channel: 'wechat', account: 'o1' },
      { atMs: intake.world.nowMs },
    );
    const expected = { receiptNo: receipt.no, channel: 'wechat', accountBound: true };
    expect(await bind(receipt, sent)).toMatchObject({ status: 200, json: expected });
    expect(await bind(receipt, sent)).toMatchObject({ status: 200, json: expected });
    expect(bound()).toHaveLength(1);
  });

  it('needs the secret, and an assertion that no other receipt used', async () => {
    const [one, two] = [await register(), await register({ ...bodyOf(1), channel: 'wechat' })];
    const sent = await account('o1');
    const wrong = { ...one, headers: { 'x-receipt-secret': 'A'.repeat(26) } };
    expect((await bind(wrong, sent)).json).toMatchObject({ code: 'RECEIPT_UNKNOWN' });
    expect((await bind(one, sent)).status).toBe(200);
    expect(await bind(two, sent)).toMatchObject({ status: 409, json: { code: 'ASSERTION_USED' } });
    expect(await bind(two, await account('o1'))).toMatchObject({ status: 409, json: { code: 'ACCOUNT_TAKEN' } });
    expect((await bind(two, { ...(await account('o2')), nonce: newNonce() })).json).toMatchObject({
      code: 'ASSERTION_WRONG_NONCE',
    });
    expect(await counted('account')).toEqual({ used: 1, used_before: 1, account_taken: 1, wrong_nonce: 1 });
  });

  it('can be changed five times', async () => {
    const receipt = await register();
    for (let n = 0; n < 6; n += 1) {
      intake.world.nowMs += 1_000;
      // Its receipt may ask once a second, by the monotonic clock, with a burst of five.
      const pod = testIntake(calmGuard(), journal);
      pod.world.settings = intake.world.settings;
      const { status } = await pod.postTo(
        `/api/v1/registrations/${receipt.no}/account`,
        await account(`o${n}`),
        receipt.headers,
      );
      expect(status).toBe(200);
    }
    expect(bound().map(({ attempt = 1 }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await bind(receipt, await account('o9'))).json).toMatchObject({ code: 'NO_ACCOUNT_CHANGE_LEFT' });
  });

  it.each([
    ['withdrawn', 'WITHDRAWN'],
    ['erased', 'ERASED'],
    ['issuing', 'ACCOUNT_ISSUING'],
    ['issued', 'ACCOUNT_ISSUED'],
  ] as const)('is refused when the receipt is %s', async (type, code) => {
    const receipt = await register();
    factOf(receipt, type);
    expect(await bind(receipt, await account('o1'))).toMatchObject({ status: 409, json: { code } });
    expect([...intake.world.claims]).toEqual([]);
  });

  it('can be another one after the issue failed', async () => {
    const receipt = await register();
    expect((await bind(receipt, await account('o1'))).status).toBe(200);
    factOf(receipt, 'issuing');
    factOf(receipt, 'issue_failed');
    expect((await bind(receipt, await account('o2'))).status).toBe(200);
  });

  it('is refused after bindBy, without issuance, and for another channel than the receipt’s', async () => {
    const receipt = await register();
    expect((await bind(receipt, await account('u', { channel: 'alipay' }))).json).toMatchObject({
      code: 'ACCOUNT_CHANNEL',
    });
    const bindBy = new Date(NOW_MS).toISOString();
    intake.world.settings = settingsOf({
      sections: loginSections(keys.publicKey, { issuance: { channels: [{ name: 'wechat' }], bindBy } }),
    });
    expect((await bind(receipt, await account('o1'))).json).toMatchObject({ code: 'BINDING_OVER' });
    intake.world.settings = settingsOf({ sections: loginSections(keys.publicKey, { issuance: undefined }) });
    expect((await bind(receipt, await account('o1'))).json).toMatchObject({ code: 'LOGIN_NOT_OFFERED' });
  });

  it('of one who moved up is not over after bindBy; of one who was replaced it is before', async () => {
    const [open, over] = [NOW_MS + 60_000, NOW_MS].map((atMs) =>
      settingsOf({
        sections: loginSections(keys.publicKey, {
          issuance: { channels: [{ name: 'wechat' }], bindBy: new Date(atMs).toISOString() },
        }),
      }),
    );
    const receipt = await register();
    factOf(receipt, 'promoted');
    intake.world.settings = over;
    expect((await bind(receipt, await account('o1'))).status).toBe(200);
    factOf(receipt, 'lost');
    intake.world.settings = open;
    expect((await bind(receipt, await account('o2'))).json).toMatchObject({ code: 'BINDING_OVER' });
  });

  it('lets no change be stored after the freeze that began before it', async () => {
    intake.world.nowMs = Date.parse(settingsOf().window.closesAt) - 2_000;
    const receipt = await register();
    intake.world.find = async () => {
      intake.world.nowMs += 3_000;
      return { kind: 'absent' };
    };
    const late = await intake.patch(`/api/v1/registrations/${receipt.no}`, { channel: 'alipay' }, receipt.headers);
    expect(late.json).toMatchObject({ code: 'LIST_FROZEN' });
    expect(journal.filter(({ type }) => type === 'channel_changed')).toEqual([]);
  });

  it('leaves a channel to change after the freeze only where the issue failed', async () => {
    const receipt = await register();
    const patch = () => intake.patch(`/api/v1/registrations/${receipt.no}`, { channel: 'alipay' }, receipt.headers);
    intake.world.nowMs = Date.parse('2026-11-01T00:00:00Z');
    expect((await patch()).json).toMatchObject({ code: 'LIST_FROZEN' });
    factOf(receipt, 'won');
    expect((await patch()).json).toMatchObject({ code: 'LIST_FROZEN' });
    factOf(receipt, 'issuing');
    expect((await patch()).json).toMatchObject({ code: 'LIST_FROZEN' });
    factOf(receipt, 'issue_failed');
    const { name, idNumber, phone } = WECHAT as { name?: string; idNumber?: string; phone?: string };
    const correction = await intake.patch(
      `/api/v1/registrations/${receipt.no}`,
      { name, idType: 'CN_ID', idNumber, phone },
      receipt.headers,
    );
    expect(correction.json).toMatchObject({ code: 'LIST_FROZEN' });
    expect(await patch()).toMatchObject({ status: 200, json: { channel: 'alipay' } });
  });
});
