import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { parseEnvelope } from '../../../contract/envelope-schema.ts';
import {
  type Answer,
  bodyOf,
  calmGuard,
  NOW_MS,
  settingsOf,
  type TestIntake,
  testIntake,
} from '../../helpers/intake.ts';

let intake: TestIntake;
/** What the journal holds. */
let journal: EventEnvelope[];
let receiptNo: string;
let path: string;
let proof: Record<string, string>;

beforeEach(async () => {
  journal = [];
  intake = testIntake(calmGuard(), journal);
  await registerAs(1);
});

const registerAs = async (index: number): Promise<void> => {
  const { json } = await intake.post(bodyOf(index));
  receiptNo = String(json['receiptNo']);
  path = String(json['statusUrl']);
  proof = { 'x-receipt-secret': String(json['receiptSecret']) };
};

const verdict = (type: EventType, attempt = 1): void => {
  const [registration] = journal;
  if (registration === undefined) throw new Error('nothing registered');
  const { keyId: _, ...rest } = registration;
  const id = `${receiptNo}.${type}.${attempt}`;
  const numbered = attempt === 1 ? {} : { attempt };
  journal.push({ ...rest, id, type, ...numbered, keyId: '', data: {}, at: new Date(NOW_MS + attempt).toISOString() });
};

const personalOf = (index: number, over: object = {}): object => {
  const { name, idType, idNumber, phone } = bodyOf(index);
  return { name, idType, idNumber, phone, ...over };
};
const correct = (over: object = { name: '王小明' }): Promise<Answer> => intake.patch(path, personalOf(1, over), proof);
const toChannel = (channel: string): Promise<Answer> => intake.patch(path, { channel }, proof);
const withdraw = (): Promise<Answer> => intake.withdraw(path, proof);
const codeOf = ({ status, json }: Answer): string => `${status} ${json['code'] ?? ''}`.trim();
const stored = (type: EventType): readonly EventEnvelope[] => journal.filter((event) => event.type === type);
const at = (ms: number): void => {
  intake.world.nowMs = ms;
};

describe('a correction', () => {
  it('of a rejected registration is stored, sealed, under the attempt of the rejection, and waits for its verdict', async () => {
    verdict('rejected');
    const answer = await correct();
    expect(answer).toMatchObject({ status: 200, json: { receiptNo, state: 'received', correctionsLeft: 1 } });
    const [event] = stored('corrected');
    expect(event).toMatchObject({ id: `${receiptNo}.corrected`, receipt: receiptNo, keyId: '2026-10-01' });
    expect(event).not.toHaveProperty('attempt');
    expect(Object.keys(event?.data ?? {}).sort()).toEqual(['fingerprint', 'sealed']);
    expect(parseEnvelope(Buffer.from(JSON.stringify(event)))).toMatchObject({ kind: 'valid' });
    verdict('rejected', 2);
    expect(await correct({ name: '王晓明' })).toMatchObject({ status: 200, json: { correctionsLeft: 0 } });
    expect(stored('corrected')[1]).toMatchObject({ id: `${receiptNo}.corrected.2`, attempt: 2 });
    verdict('rejected', 3);
    expect(codeOf(await correct({ name: '王大明' }))).toBe('409 NO_CORRECTION_LEFT');
  });

  it('of one that a person reviews is stored, and counts among the two', async () => {
    verdict('manual_review');
    expect(await correct()).toMatchObject({ status: 200, json: { state: 'received', correctionsLeft: 1 } });
  });

  it('that comes again is answered in the same way, and stored once', async () => {
    verdict('rejected');
    const first = await correct();
    // Another spelling of the same.
    expect(await correct({ name: ' 王 小 明 ' })).toMatchObject({ status: 200, json: first.json });
    expect(stored('corrected')).toHaveLength(1);
  });

  it.each([
    ['before a verdict', [], '409 NOT_REJECTED'],
    ['after it was verified', ['verified'], '409 NOT_REJECTED'],
    ['after a withdrawal', ['rejected', 'withdrawn'], '409 WITHDRAWN'],
  ] as const)('%s is refused', async (_, types, want) => {
    for (const type of types) verdict(type);
    expect(codeOf(await correct())).toBe(want);
    expect(stored('corrected')).toEqual([]);
  });

  it('cannot make it the registration of another number, and says what to do instead', async () => {
    verdict('rejected');
    const answer = await intake.patch(path, personalOf(2), { ...proof, 'accept-language': 'en' });
    expect(answer).toMatchObject({
      status: 422,
      json: {
        code: 'ID_NOT_CORRECTABLE',
        errors: [
          { field: 'idNumber', message: expect.stringMatching(/withdraw this registration and register again/) },
        ],
      },
    });
    expect((await intake.patch(path, personalOf(2), proof)).json['title']).toMatch(/请撤回此登记/);
    expect(answer.text).not.toContain(String(bodyOf(2)['idNumber']));
    expect(stored('corrected')).toEqual([]);
  });

  it('knows its number too where each channel is a registration of its own', async () => {
    intake.world.settings = settingsOf({ eligibility: { minAge: 18, uniqueness: 'perCitizenAndChannel' } });
    journal.length = 0;
    await registerAs(1);
    verdict('rejected');
    expect(await correct()).toMatchObject({ status: 200, json: { channelChangesLeft: 0 } });
    expect(codeOf(await toChannel('unionpay'))).toBe('409 CHANNEL_FIXED');
  });

  it.each([
    ['no name', { name: undefined }, '422 REQUIRED'],
    ['digits in the name', { name: '王1' }, '422 NAME_INVALID'],
    ['a wrong phone', { phone: '123' }, '422 PHONE_INVALID'],
    ['a number with a typing error', { idNumber: '110105194912310021' }, '422 ID_CHECKSUM'],
    ['another document', { idType: 'PASSPORT' }, '422 ID_TYPE_INVALID'],
    ['fields of a registration', { category: 'dining' }, '422 UNKNOWN_FIELD'],
    ['two wrong fields', { name: '', phone: '' }, '422 INVALID_FIELDS'],
    ['a channel besides', { channel: 'alipay' }, '422 INVALID_FIELDS'],
  ])('with %s is refused as at registration', async (_, over, want) => {
    verdict('rejected');
    expect(codeOf(await correct(over))).toBe(want);
    expect(stored('corrected')).toEqual([]);
  });

  it('that is no JSON, too large or of another type is refused as at registration', async () => {
    expect(codeOf(await intake.patch(path, '{', proof))).toBe('400 BAD_JSON');
    expect(codeOf(await intake.patch(path, '[]', proof))).toBe('422 INVALID');
    expect(codeOf(await intake.patch(path, { name: 'x'.repeat(5_000) }, proof))).toBe('413 BODY_TOO_LARGE');
    const text = { ...proof, 'content-type': 'text/plain' };
    expect(codeOf(await intake.patch(path, {}, text))).toBe('415 UNSUPPORTED_MEDIA_TYPE');
  });

  it('that another request overtakes is told so, and is not acknowledged', async () => {
    verdict('rejected');
    const { append } = intake.world;
    intake.world.append = async (event, after) => {
      journal.push({ ...event, data: { ...event.data, fingerprint: 'of another' } });
      return append(event, after);
    };
    expect(codeOf(await correct())).toBe('409 CHANGED_MEANWHILE');
  });

  it('that an earlier try has stored is acknowledged', async () => {
    verdict('rejected');
    intake.world.append = async (event) => {
      journal.push(event);
      return { kind: 'overtaken' };
    };
    expect(await correct()).toMatchObject({ status: 200, json: { state: 'received' } });
  });

  it('is unconfirmed where a new leader does not show yet what refused it', async () => {
    verdict('rejected');
    intake.world.append = async () => ({ kind: 'overtaken' });
    expect(codeOf(await correct())).toBe('503 CHANGE_UNCONFIRMED');
  });

  it('of which two arrive at once is stored once, and the other one is told', async () => {
    verdict('rejected');
    const { append } = intake.world;
    const both = Promise.withResolvers<void>();
    let arrived = 0;
    intake.world.append = async (event, after) => {
      arrived += 1;
      if (arrived === 2) both.resolve();
      await both.promise;
      return append(event, after);
    };
    const answers = await Promise.all([correct({ name: '王小明' }), correct({ name: '王晓明' })]);
    expect(answers.map(codeOf).sort()).toEqual(['200', '409 CHANGED_MEANWHILE']);
    expect(stored('corrected')).toHaveLength(1);
  });

  it('of a receipt that another one supersedes is stored as well, because it may count later', async () => {
    verdict('manual_review');
    const at = '2026-10-01T12:00:00.000Z';
    const others = [{ receipt: 'Z'.repeat(26), acceptedAt: '2026-10-01T12:00:01.000Z', fact: 'verified' as const }];
    intake.world.find = async () => ({ kind: 'found', receivedAt: at, facts: [{ type: 'received', at }], others });
    const answer = await correct();
    expect([codeOf(answer), answer.json['state']]).toEqual(['200', 'superseded']);
    intake.world.find = async () => ({ kind: 'unavailable' });
    expect((await toChannel('alipay')).json).toMatchObject({ state: 'received', channel: 'alipay' });
    expect([stored('corrected'), stored('channel_changed')]).toMatchObject([[{}], [{}]]);
  });
});

describe('a change of channel', () => {
  it('is stored, and counts up to five', async () => {
    const channels = ['alipay', 'unionpay', 'alipay', 'unionpay', 'alipay'];
    for (const [index, channel] of channels.entries()) {
      const pod = testIntake(calmGuard(), journal);
      const answer = await pod.patch(path, { channel }, proof);
      expect(answer).toMatchObject({ status: 200, json: { channel, channelChangesLeft: 4 - index } });
    }
    expect(stored('channel_changed').map(({ attempt = 1 }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    expect(codeOf(await toChannel('unionpay'))).toBe('409 NO_CHANNEL_CHANGE_LEFT');
    expect(await toChannel('alipay')).toMatchObject({ status: 200, json: { channel: 'alipay' } });
  });

  it('to an unknown one is refused', async () => {
    expect(codeOf(await toChannel('cash'))).toBe('422 CHANNEL_INVALID');
  });
});

describe('a withdrawal', () => {
  it('is accepted in any state, also again, and is stored once', async () => {
    verdict('verified');
    const first = await withdraw();
    expect(first).toMatchObject({ status: 202, json: { receiptNo, state: 'withdrawn' } });
    expect(first.json['detail']).toMatchObject({ en: expect.stringMatching(/does not enter the draw/) });
    expect((await withdraw()).json).toEqual(first.json);
    expect(stored('withdrawn')).toMatchObject([
      { id: `${receiptNo}.withdrawn`, receipt: receiptNo, keyId: '', data: {} },
    ]);
    expect(codeOf(await correct())).toBe('409 WITHDRAWN');
    intake = testIntake(calmGuard(), journal);
    expect(codeOf(await toChannel('alipay'))).toBe('409 WITHDRAWN');
  });

  it('does not wait for the database', async () => {
    intake.world.find = () => new Promise(() => undefined);
    expect((await withdraw()).status).toBe(202);
  });

  it.each(['timeout', 'journal_full', 'busy'] as const)(
    'that the journal does not take (%s) is unconfirmed',
    async (reason) => {
      intake.world.publish = async () => ({ kind: 'unavailable', reason, retryAfterMs: 1_000 });
      const answer = await withdraw();
      expect(codeOf(answer)).toBe('503 CHANGE_UNCONFIRMED');
      expect(answer.headers.get('retry-after')).toBe('1');
    },
  );
});

describe('every change', () => {
  const each: readonly (readonly [string, () => Promise<Answer>])[] = [
    ['withdrawal', withdraw],
    ['correction', () => correct()],
    ['channel', () => toChannel('alipay')],
  ];

  it.each(each)(
    '(%s) with a wrong secret or number gets the 404 of an unknown one, and the journal is never asked',
    async (_, change) => {
      const asked: string[] = [];
      intake.world.find = async (receipt) => {
        asked.push(receipt);
        return { kind: 'absent' };
      };
      verdict('rejected');
      const right = { path, proof };
      const answers: Answer[] = [await intake.get('/api/v1/registrations/nonsense')];
      proof = { 'x-receipt-secret': '0'.repeat(26) };
      answers.push(await change());
      proof = {};
      answers.push(await change());
      proof = right.proof;
      path = '/api/v1/registrations/00000000000000000000000000';
      answers.push(await change());
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 404, json: { code: 'RECEIPT_UNKNOWN' } });
      expect(asked).toEqual([]);
      expect(journal.map(({ type }) => type)).toEqual(['received', 'rejected']);
    },
  );

  it.each(each)('(%s) is possible until the last millisecond of the registration window', async (_, change) => {
    verdict('rejected');
    at(Date.parse('2026-10-08T23:59:59.999Z'));
    expect((await change()).status).toBeLessThan(300);
    at(Date.parse('2026-10-09T00:00:00Z'));
    const late = await change();
    expect(codeOf(late)).toBe('409 LIST_FROZEN');
    expect(late.json).toMatchObject({ editableUntil: '2026-10-09T00:00:00Z', serverTime: '2026-10-09T00:00:00.000Z' });
  });

  it.each(each)('(%s) is possible until verifyBy where it is stated', async (_, change) => {
    verdict('rejected');
    intake.world.settings = settingsOf({ draw: { verifyBy: '2026-10-12T00:00:00.000Z', unverified: 'exclude' } });
    at(Date.parse('2026-10-11T23:59:59.999Z'));
    expect((await change()).status).toBeLessThan(300);
    at(Date.parse('2026-10-12T00:00:00Z'));
    expect(codeOf(await change())).toBe('409 LIST_FROZEN');
  });

  it.each(each)(
    '(%s) is possible while registration is open, also where a level moved its closing past verifyBy',
    async (_, change) => {
      verdict('rejected');
      intake.world.settings = settingsOf({ draw: { verifyBy: '2026-10-02T00:00:00.000Z', unverified: 'exclude' } });
      at(Date.parse('2026-10-03T00:00:00Z'));
      expect((await change()).status).toBeLessThan(300);
    },
  );

  it.each(each)('(%s) whose body or look-up outlasts the time is refused', async (_, change) => {
    verdict('rejected');
    at(Date.parse('2026-10-08T23:59:59.999Z'));
    Object.defineProperty(intake.world, 'isReadable', {
      get() {
        at(Date.parse('2026-10-09T00:00:00Z'));
        return true;
      },
    });
    expect(codeOf(await change())).toBe('409 LIST_FROZEN');
    expect(journal.map(({ type }) => type)).toEqual(['received', 'rejected']);
  });

  it.each(each)(
    '(%s) is unconfirmed while the journal does not answer, and leaves nothing behind',
    async (_, change) => {
      verdict('rejected');
      intake.world.isReadable = false;
      const answer = await change();
      expect(codeOf(answer)).toBe('503 CHANGE_UNCONFIRMED');
      expect(answer.headers.get('retry-after')).toMatch(/^[123]$/);
      expect(journal.map(({ type }) => type)).toEqual(['received', 'rejected']);
    },
  );

  it.each(each)('(%s) gets the page of a contingency level', async (_, change) => {
    const text = { 'zh-CN': '系统维护', en: 'Maintenance' };
    intake.world.settings = settingsOf({ page: { title: text, text, retryAfterSeconds: 30 } });
    expect(await change()).toMatchObject({ status: 503, json: { code: 'REGISTRATION_PAUSED', detail: '系统维护' } });
  });

  it.each(each)('(%s) is shed by a process with too much work, and is no arrival', async (_, change) => {
    const before = await intake.registry.metrics();
    await change();
    const counted = (text: string): readonly string[] =>
      text.split('\n').filter((line) => line.startsWith('voucher_intake_arrivals_total'));
    expect(counted(await intake.registry.metrics())).toEqual(counted(before));
    intake = testIntake(calmGuard(0), journal);
    expect(codeOf(await change())).toBe('503 OVERLOADED');
  });

  it('of one receipt is limited to five at once and one a second', async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(withdraw));
    expect(answers.map(codeOf)).toEqual(['202', '202', '202', '202', '202', '429 TOO_MANY_CHANGES']);
    expect(answers[5]?.headers.get('retry-after')).toBe('1');
    await registerAs(2);
    expect(codeOf(await withdraw())).toBe('202');
  });

  it('is counted by what came of it', async () => {
    await correct();
    await withdraw();
    intake.world.isReadable = false;
    await withdraw();
    const counted = (await intake.registry.metrics())
      .split('\n')
      .filter((line) => /^voucher_intake_changes/.test(line));
    expect(counted).toEqual([
      'voucher_intake_changes_total{change="change",outcome="refused"} 1',
      'voucher_intake_changes_total{change="withdrawal",outcome="done"} 1',
      'voucher_intake_changes_total{change="withdrawal",outcome="unavailable"} 1',
    ]);
  });

  it('of a correction is unconfirmed while nothing may be sealed, and a broken seal reveals nothing', async () => {
    verdict('rejected');
    intake.world.sealing = 'paused';
    expect(codeOf(await correct())).toBe('503 CHANGE_UNCONFIRMED');
    intake.world.sealing = 'broken';
    const broken = await correct();
    expect(codeOf(broken)).toBe('500 INTERNAL');
    expect(broken.text).not.toContain('王小明');
    expect(stored('corrected')).toEqual([]);
  });
});

describe('what citizens read', () => {
  it('of a receipt: until when it can be changed, and how often', async () => {
    const facts = [
      { type: 'received', at: '2026-10-01T12:00:00.000Z' },
      { type: 'rejected', at: '2026-10-01T12:00:01.000Z' },
      { type: 'corrected', at: '2026-10-01T12:00:02.000Z' },
    ] as const;
    const row = { kind: 'found', receivedAt: facts[0].at, others: [] } as const;
    intake.world.find = async () => ({ ...row, facts });
    expect((await intake.get(path, proof)).json).toMatchObject({
      state: 'received',
      history: [{ state: 'received' }, { state: 'rejected' }, { state: 'corrected' }],
      editableUntil: '2026-10-09T00:00:00Z',
      correctionsLeft: 1,
      channelChangesLeft: 5,
    });
    intake.world.find = async () => ({
      ...row,
      facts: [...facts, { type: 'withdrawn', at: '2026-10-01T12:00:03.000Z' }],
    });
    const { json } = await intake.get(path, proof);
    expect(json).toMatchObject({ state: 'withdrawn' });
    expect(json).not.toHaveProperty('editableUntil');
  });

  it.each([
    [undefined, 'exclude', /not checked in this campaign/],
    [{}, 'exclude', /^A registration that counts enters the draw if its identity check has succeeded/],
    [{}, 'enter', /or has not been made, when the list is frozen\. It does not enter if the check has failed/],
  ] as const)('of a campaign with verification %j and unverified %s', async (verification, unverified, en) => {
    const verifyBy = '2026-10-12T00:00:00.000Z';
    intake.world.settings = settingsOf({
      draw: { verifyBy, unverified },
      ...(verification === undefined ? {} : { sections: { verification } }),
    });
    expect((await intake.get('/api/v1/campaigns/test-campaign')).json).toMatchObject({
      editableUntil: verifyBy,
      draw: { unverified, text: { en: expect.stringMatching(en) } },
    });
  });
});
