import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Fact } from '../../../app/core/projection.ts';
import type { ReceiptLookup } from '../../../app/intake/ports.ts';
import type { FactedClaim } from '../../../contract/winner.ts';
import type { DrawnReceipt } from '../../../journal/receipts/drawn-receipt.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Answer, bodyOf, calmGuard, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
let path: string;
let secret: string;
beforeEach(async () => {
  intake = testIntake();
  const { json } = await intake.post(bodyOf(1));
  path = String(json['statusUrl']);
  secret = String(json['receiptSecret']);
});

const ask = (lookup: ReceiptLookup): Promise<Answer> => {
  intake.world.find = async () => lookup;
  return intake.get(path, { 'x-receipt-secret': secret });
};

const registered = { channel: 'wechat', category: 'dining' };

describe('a receipt with its secret', () => {
  it('shows what the database knows', async () => {
    const facts = [
      { type: 'verified', at: '2026-10-01T13:00:00.000Z' },
      { type: 'received', at: '2026-10-01T12:00:00.000Z' },
    ] as const;
    const answer = await ask({ kind: 'found', registered, receivedAt: facts[1].at, facts, others: [] });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.json).toMatchObject({
      state: 'verified',
      confirmed: true,
      channel: 'wechat',
      category: 'dining',
      history: [{ state: 'received' }, { state: 'verified' }],
    });
  });

  const at = '2026-10-01T13:00:00.000Z';
  const withFacts = (...facts: Fact[]): ReceiptLookup => ({
    kind: 'found',
    registered,
    receivedAt: at,
    facts: [{ type: 'received', at }, ...facts],
    others: [],
  });

  it.each<[string, readonly Fact[], string | undefined]>([
    ['has won and has no account', [{ type: 'won', at }], 'bind the account'],
    [
      'has won and has one',
      [
        { type: 'bound', at },
        { type: 'won', at },
      ],
      undefined,
    ],
    [
      'waits for the channel',
      [
        { type: 'won', at },
        { type: 'issuing', at },
      ],
      'being issued',
    ],
    [
      'has failed once',
      [
        { type: 'won', at },
        { type: 'issue_failed', at },
      ],
      'Bind another account',
    ],
    [
      'has failed four times',
      [
        { type: 'won', at },
        { type: 'issue_failed', attempt: 4, at },
      ],
      'could not be issued',
    ],
    [
      'has the voucher',
      [
        { type: 'won', at },
        { type: 'issue_failed', at },
        { type: 'issued', at },
      ],
      undefined,
    ],
  ])('that %s says what to do', async (_name, facts, text) => {
    intake.world.settings = settingsOf({ sections: { issuance: { channels: [{ name: 'wechat' }] } } });
    const { json } = await ask(withFacts(...facts));
    expect(json['detail']).toEqual(
      text === undefined ? undefined : expect.objectContaining({ en: expect.stringContaining(text) }),
    );
    intake.world.settings = settingsOf({
      sections: { issuance: { channels: [{ name: 'wechat' }], bindBy: '2020-01-01T00:00:00Z' } },
    });
    const { json: late } = await ask(withFacts({ type: 'won', at }, { type: 'issue_failed', at }));
    expect(late['detail']).toMatchObject({ en: expect.stringContaining('could not be issued') });
    intake.world.settings = settingsOf();
    expect((await ask(withFacts(...facts))).json['detail']).toBeUndefined();
  });

  it('shows the channel that was chosen last, and that a correction waits for its verdict', async () => {
    const answer = await ask(
      withFacts(
        { type: 'rejected', attempt: 1, at },
        { type: 'corrected', attempt: 1, at },
        { type: 'channel_changed', attempt: 1, at, channel: 'alipay' },
      ),
    );
    expect(answer.json).toMatchObject({ state: 'received', channel: 'alipay' });
  });

  it('is superseded, and tells nothing else, when it was merged into another one', async () => {
    const receiptNo = path.slice(path.lastIndexOf('/') + 1);
    expect((await ask(withFacts({ type: 'merged', at }))).json).toEqual({
      receiptNo,
      state: 'superseded',
      confirmed: true,
      receivedAt: at,
    });
  });

  it('is erased, and tells nothing else', async () => {
    const receiptNo = path.slice(path.lastIndexOf('/') + 1);
    expect((await ask(withFacts({ type: 'verified', at }, { type: 'erased', at }))).json).toEqual({
      receiptNo,
      state: 'erased',
      confirmed: true,
      history: [{ state: 'erased', at }],
    });
  });

  it.each(['absent', 'unavailable'] as const)('is received by its own proof while the database is %s', async (kind) => {
    expect(await ask({ kind })).toMatchObject({ status: 200, json: { state: 'received', confirmed: false } });
  });

  it('says that the registration is safe, and that how long it takes is unknown, while the database does not answer', async () => {
    const behind = { atMostSeconds: 60, asOf: '2026-10-01T11:59:55.000Z' };
    intake.world.settings = settingsOf({ behind });
    const { json } = await ask({ kind: 'unavailable' });
    expect(json).toMatchObject({ state: 'received', confirmed: false, database: 'unavailable' });
    expect(json['detail']).toMatchObject({ en: expect.stringMatching(/accepted and safe.*not available now/) });
    expect(json).not.toHaveProperty('waiting');
  });

  it.each([
    ['behind', undefined, 'behind', true],
    ['stopped', true, 'unavailable', false],
  ] as const)('that the database does not have yet says that it is %s', async (_, isStopped, database, isEstimated) => {
    const behind = { atMostSeconds: 60, asOf: '2026-10-01T11:59:55.000Z' };
    intake.world.settings = settingsOf({ behind: isStopped === undefined ? behind : { ...behind, isStopped } });
    const { json } = await ask({ kind: 'absent' });
    expect(json).toMatchObject({ database, detail: { en: expect.stringContaining('accepted and safe') } });
    expect(json['waiting']).toEqual(isEstimated ? behind : undefined);
  });

  describe('after the draw', () => {
    const announced = { barriers: [10, 10, 10], unverified: 'exclude' } as const;
    const LOST: DrawnReceipt = {
      citizenHash: 'a'.repeat(64),
      copies: [{ shard: 0, sequence: 3 }],
      facts: [{ type: 'verified', shard: 0, sequence: 4 }],
      hasPlace: false,
    };
    const stateOf = async (found: DrawnReceipt | undefined, facts: readonly Fact['type'][] = ['verified']) => {
      intake = testIntake(calmGuard(), [], { drawnReceipts: { find: async () => found } });
      intake.world.settings = settingsOf({ announced });
      const { json } = await ask({
        kind: 'found',
        receivedAt: at,
        facts: ['received' as const, ...facts].map((type) => ({ type, at })),
        others: [],
      });
      return json['state'];
    };

    it('has lost where the journal proves it, and keeps its own state where it does not', async () => {
      expect(await stateOf(LOST)).toBe('lost');
      // Its fact is in the journal, and not in the database yet.
      expect(await stateOf({ ...LOST, hasPlace: true })).toBe('verified');
      expect(await stateOf(undefined)).toBe('verified');
      expect(await stateOf(LOST, ['verified', 'won'])).toBe('won');
      expect(await stateOf(LOST, ['rejected'])).toBe('rejected');
    });

    it('keeps its own state for all but some, while many ask and the journal does not answer', async () => {
      const answers = Promise.withResolvers<undefined>();
      let asked = 0;
      const find = () => {
        asked += 1;
        return answers.promise;
      };
      intake = testIntake(calmGuard(), [], { drawnReceipts: { find } });
      intake.world.settings = settingsOf({ announced });
      const found = { kind: 'found' as const, receivedAt: at, facts: [{ type: 'received' as const, at }], others: [] };
      const states = await Promise.all(Array.from({ length: 250 }, async () => (await ask(found)).json['state']));
      expect(new Set(states)).toEqual(new Set(['received']));
      answers.resolve(undefined);
      // Those in line had no answer in time, and are not asked for later.
      expect((await ask(found)).json['state']).toBe('received');
      expect(asked).toBe(5);
    });

    it.each<[string, () => Promise<boolean>]>([
      ['excluded', async () => true],
      ['lost', async () => false],
      // Unknown: it keeps its own state.
      ['verified', () => Promise.reject(new Error('the bucket is silent'))],
    ])('is %s by the list of earlier winners', async (state, has) => {
      const excluded = [{ of: 'spring', entries: 1, digest: 'ab'.repeat(32), chunkBits: 0 }];
      intake = testIntake(calmGuard(), [], { drawnReceipts: { find: async () => LOST }, excludedLists: { has } });
      intake.world.settings = settingsOf({ announced: { ...announced, excluded } });
      const facts = (['received', 'verified'] as const).map((type) => ({ type, at }));
      const { json } = await ask({ kind: 'found', receivedAt: at, facts, others: [] });
      expect(json['state']).toBe(state);
      const said = JSON.stringify(json['detail'] ?? '');
      expect(said.includes('won in an earlier campaign')).toBe(state === 'excluded');
    });

    it('is not asked for in the journal before the result is announced', async () => {
      let asked = 0;
      const find = async () => {
        asked += 1;
        return LOST;
      };
      intake = testIntake(calmGuard(), [], { drawnReceipts: { find } });
      const found = { kind: 'found' as const, receivedAt: at, facts: [{ type: 'received' as const, at }], others: [] };
      expect((await ask(found)).json).toMatchObject({ state: 'received' });
      expect(asked).toBe(0);
    });
  });

  describe('beside another receipt of the person', () => {
    /** Of a receipt that the database has only the claim of. */
    const beside = (facts: readonly Fact['type'][], others: readonly FactedClaim['fact'][]) =>
      ask({
        kind: 'found',
        receivedAt: at,
        facts: ['received' as const, ...facts].map((type) => ({ type, at })),
        others: others.map((fact) => ({ receipt: '0'.repeat(26), acceptedAt: at, fact })),
      });

    it('that counts is superseded: its own history, and nothing about the other one', async () => {
      const { json } = await beside([], ['verified']);
      const changes = ['channelChangesLeft', 'correctionsLeft', 'editableUntil'];
      expect(Object.keys(json).sort()).toEqual(
        [...changes, 'confirmed', 'history', 'receiptNo', 'receivedAt', 'state'].sort(),
      );
      expect(json).toMatchObject({ state: 'superseded', history: [{ state: 'received', at }] });
    });

    it.each<[string, readonly Fact['type'][], readonly FactedClaim['fact'][], string]>([
      ['counts when the other one is rejected', [], ['rejected'], 'received'],
      ['counts when the others are withdrawn or merged', ['verified'], ['withdrawn', 'merged'], 'verified'],
      ['is superseded by an earlier one of its class', ['verified'], ['verified'], 'superseded'],
      ['in review is superseded by a verified one', ['manual_review'], ['verified'], 'superseded'],
      ['stays rejected, because it has corrections left', ['rejected'], ['verified'], 'rejected'],
      ['stays withdrawn', ['withdrawn'], ['verified'], 'withdrawn'],
      ['stays in the list, whatever is verified later', ['verified', 'won'], ['verified'], 'won'],
    ])('%s', async (_, facts, others, state) => {
      expect((await beside(facts, others)).json).toMatchObject({ state });
    });

    it('shows channel and voucher of its registration in the journal, and nothing where that does not answer', async () => {
      expect((await beside(['verified'], ['rejected'])).json).toMatchObject(registered);
      intake.world.isReadable = false;
      const { json } = await beside(['verified'], ['rejected']);
      expect(json).toMatchObject({ state: 'verified', confirmed: true });
      expect(json).not.toHaveProperty('channel');
    });

    it('asks the journal for a few at once only, however many citizens look', async () => {
      const answers = Promise.withResolvers<undefined>();
      let asked = 0;
      intake = testIntake(calmGuard(), [], {
        receiptJournal: {
          findRegistration: () => {
            asked += 1;
            return answers.promise;
          },
          findFacts: async () => undefined,
          append: async () => ({ kind: 'overtaken' }),
          last: async () => undefined,
        },
      });
      let answered = 0;
      const looks = Array.from({ length: 20 }, async () => {
        const { status, json } = await beside(['verified'], ['rejected']);
        answered += 1;
        expect([status, json['state'], json['channel']]).toEqual([200, 'verified', undefined]);
      });
      await eventually(() => answered >= 16, { what: 'the answers without a question' });
      answers.resolve(undefined);
      await Promise.all(looks);
      expect(asked).toBe(4);
    });
  });
});

describe('anything else', () => {
  it('gets one and the same 404, and the database is never asked', async () => {
    let asked = 0;
    intake.world.find = async () => {
      asked += 1;
      return { kind: 'absent' };
    };
    const answers = [
      await intake.get(path),
      await intake.get(path, { 'x-receipt-secret': `${secret.slice(0, 25)}${secret.endsWith('0') ? '4' : '0'}` }),
      await intake.get('/api/v1/registrations/00000000000000000000000000', { 'x-receipt-secret': secret }),
      await intake.get('/api/v1/registrations/nonsense', { 'x-receipt-secret': secret }),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, json: { code: 'RECEIPT_UNKNOWN' } });
    expect(asked).toBe(0);
  });
});

describe('the campaign', () => {
  it('tells everything that a page needs, with server time', async () => {
    const answer = await intake.get('/api/v1/campaigns/test-campaign');
    expect(answer.json).toMatchObject({
      campaignId: 'test-campaign',
      title: { en: 'Test vouchers' },
      identity: { keySpace: 'residentNumber' },
      eligibility: { minAge: 18, uniqueness: 'perCitizen', text: { en: expect.stringMatching(/^One registration/) } },
      serverTime: '2026-10-01T12:00:00.000Z',
    });
    expect(answer.json).not.toHaveProperty('traffic');
  });

  it('tells in words what counts once', async () => {
    intake.world.settings = settingsOf({
      identity: { keySpace: 'identityCard' },
      eligibility: { minAge: 18, uniqueness: 'perCitizenAndChannel' },
    });
    const answer = await intake.get('/api/v1/campaigns/test-campaign');
    expect(answer.json['eligibility']).toMatchObject({
      text: {
        'zh-CN': expect.stringContaining('微信、支付宝、云闪付各限一次有效登记'),
        en: expect.stringMatching(/in each app: .* resident identity card\.$/),
      },
    });
  });

  it('tells whose winners take no part', async () => {
    const excludeWinnersOf = [{ 'zh-CN': '春季消费券', en: 'Spring vouchers' }];
    intake.world.settings = settingsOf({ eligibility: { minAge: 18, uniqueness: 'perCitizen', excludeWinnersOf } });
    const answer = await intake.get('/api/v1/campaigns/test-campaign');
    expect(answer.json['eligibility']).toMatchObject({
      text: {
        'zh-CN': expect.stringContaining('在以下活动中已中签的市民不参加本次摇号：春季消费券。'),
        en: expect.stringContaining('won in an earlier campaign take no part in this draw: Spring vouchers.'),
      },
    });
  });
});

describe('after all personal data is destroyed', () => {
  it('every receipt gets one and the same answer, and no database is asked', async () => {
    intake.world.areKeysDestroyed = true;
    intake.world.find = async () => {
      throw new Error('asked');
    };
    for (const sent of [secret, 'wrong']) {
      const answer = await intake.get(path, { 'x-receipt-secret': sent });
      expect([answer.status, answer.json['code']]).toEqual([410, 'PERSONAL_DATA_DESTROYED']);
    }
  });

  it('the date is shown to citizens before', async () => {
    intake.world.settings = settingsOf({ privacy: { deleteAt: '2027-03-30T00:00:00.000Z' } });
    const answer = await intake.get('/api/v1/campaigns/test-campaign');
    expect(answer.json['privacy']).toMatchObject({ deleteAt: '2027-03-30T00:00:00.000Z' });
  });
});
