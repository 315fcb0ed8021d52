import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { withCheckCharacter } from '../../../app/core/identity-number.ts';
import { signCanary } from '../../../app/intake/canary.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ACKNOWLEDGED, bodyOf, CANARY_KEY, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeEach(() => {
  intake = testIntake();
});

const arrivals = async (outcome: string): Promise<number | undefined> => {
  const metric = await intake.registry.getSingleMetric('voucher_intake_arrivals_total')?.get();
  return metric?.values.find(({ labels }) => labels['outcome'] === outcome)?.value;
};

describe('one person', () => {
  const at = (channel: string, idNumber?: string) => ({
    ...bodyOf(1),
    channel,
    ...(idNumber === undefined ? {} : { idNumber }),
  });
  const hashes = () => intake.published.map(({ citizenHash }) => citizenHash);

  it('is one person at every channel, unless the campaign counts them by channel', async () => {
    await intake.post(at('wechat'));
    await intake.post(at('alipay'));
    expect(new Set(hashes()).size).toBe(1);
    intake.world.settings = settingsOf({ eligibility: { minAge: 18, uniqueness: 'perCitizenAndChannel' } });
    await intake.post(at('wechat'));
    await intake.post(at('alipay'));
    await intake.post(at('alipay'));
    expect(new Set(hashes()).size).toBe(3);
    expect(intake.published.map(({ data }) => data['uniqueness'])).toEqual([
      'perCitizen',
      'perCitizen',
      'perCitizenAndChannel',
      'perCitizenAndChannel',
      'perCitizenAndChannel',
    ]);
  });

  it('has one receipt a channel and key where the campaign counts by channel', async () => {
    intake.world.settings = settingsOf({ eligibility: { minAge: 18, uniqueness: 'perCitizenAndChannel' } });
    const headers = { 'idempotency-key': randomUUID() };
    const [wechat, alipay, again] = [
      await intake.post(at('wechat'), headers),
      await intake.post(at('alipay'), headers),
      await intake.post(at('alipay'), headers),
    ];
    expect([wechat.status, alipay.status, again.status]).toEqual([201, 201, 200]);
    expect(alipay.json['receiptNo']).not.toBe(wechat.json['receiptNo']);
    expect(again.json['receiptNo']).toBe(alipay.json['receiptNo']);
    expect(intake.published.map(({ id, receipt }) => id === receipt)).toEqual([true, true]);
  });

  it.each(['810000', '820000', '830000', '911840'])(
    'with a number that begins with %s comes by an identity card alone where it must',
    async (region) => {
      const idNumber = withCheckCharacter(`${region}19900101001`);
      const body = at('wechat', idNumber);
      expect((await intake.post(body)).status).toBe(201);
      intake.world.settings = settingsOf({ identity: { keySpace: 'identityCard' } });
      expect((await intake.post(body)).json).toMatchObject({
        code: 'ID_NOT_TAKEN',
        errors: [{ field: 'idNumber', code: 'ID_NOT_TAKEN' }],
      });
      expect((await intake.post(bodyOf(2))).status).toBe(201);
    },
  );
});

describe('a good registration', () => {
  it('is answered after the acknowledgement and not before', async () => {
    const ack = Promise.withResolvers<PublishOutcome>();
    intake.world.publish = () => ack.promise;
    let answered = false;
    const answer = intake.post(bodyOf(1)).finally(() => {
      answered = true;
    });
    await eventually(() => intake.published.length === 1, { what: 'the publish' });
    // Another request's whole round trip is time enough for a premature answer to arrive.
    await intake.get('/api/v1/campaigns/test-campaign');
    expect(answered).toBe(false);
    ack.resolve(ACKNOWLEDGED);
    expect(await answer).toMatchObject({
      status: 201,
      json: { state: 'received', receivedAt: '2026-10-01T12:00:00.000Z' },
    });
    expect(await arrivals('accepted')).toBe(1);
  });

  it('becomes an event that names nobody', async () => {
    const { json } = await intake.post(bodyOf(1));
    const [event] = intake.published;
    expect(event).toMatchObject({
      v: 1,
      id: json['receiptNo'],
      receipt: json['receiptNo'],
      type: 'received',
      kind: 'citizen',
      campaignId: 'test-campaign',
      at: '2026-10-01T12:00:00.000Z',
      keyId: '2026-10-01',
      data: { category: 'dining', policyVersion: '1', locale: 'zh-CN' },
    });
    expect(json['statusUrl']).toBe(`/api/v1/registrations/${json['receiptNo']}`);
    const text = JSON.stringify(event);
    for (const field of ['name', 'idNumber', 'phone']) expect(text).not.toContain(bodyOf(1)[field]);
    expect(text).not.toContain(json['receiptSecret']);
  });

  it('repeated with its key gives the same receipt and 200, another key another receipt', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await intake.post(bodyOf(1), key);
    intake.world.publish = async () => ({ ...ACKNOWLEDGED, duplicate: true });
    const again = await intake.post(bodyOf(1), key);
    expect([again.status, again.json['receiptNo']]).toEqual([200, first.json['receiptNo']]);
    const other = await intake.post(bodyOf(1));
    expect(other.json['receiptNo']).not.toBe(first.json['receiptNo']);
    expect(new Set(intake.published.map(({ citizenHash }) => citizenHash)).size).toBe(1);
  });

  it('with full-width digits, spaces and +86 is the same person', async () => {
    const plain = bodyOf(1);
    await intake.post(plain);
    const wide = String(plain['idNumber']).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    const answer = await intake.post({ ...plain, idNumber: ` ${wide} `, phone: `+86 ${plain['phone']}` });
    expect(answer.status).toBe(201);
    expect(intake.published[1]?.citizenHash).toBe(intake.published[0]?.citizenHash);
  });
});

describe('a journal that does not acknowledge', () => {
  const rows: Record<string, readonly [Extract<PublishOutcome, { kind: 'unavailable' }>['reason'], string]> = {
    'is too slow': ['timeout', 'JOURNAL_UNAVAILABLE'],
    'is silent in every shard': ['all_shards_silent', 'JOURNAL_UNAVAILABLE'],
    'is disconnected': ['disconnected', 'JOURNAL_UNAVAILABLE'],
    'is full': ['journal_full', 'JOURNAL_FULL'],
    'has no room for one more': ['busy', 'JOURNAL_BUSY'],
  };
  it.each(Object.entries(rows))(
    'and %s gives 503, a time to come back, and no receipt',
    async (_name, [reason, code]) => {
      intake.world.publish = async () => ({ kind: 'unavailable', reason, retryAfterMs: 1_500 });
      const answer = await intake.post(bodyOf(1));
      expect(answer).toMatchObject({ status: 503, json: { code } });
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(answer.json['receiptNo']).toBeUndefined();
      expect(await arrivals('failed')).toBe(1);
      expect(intake.serverErrors.map((told) => told.code)).toEqual([code]);
    },
  );
});

describe('the gate', () => {
  it('goes by server time at both ends of the window', async () => {
    const { opensAt, closesAt } = settingsOf().window;
    const at = async (nowMs: number) => {
      intake.world.nowMs = nowMs;
      const { status, json } = await intake.post(bodyOf(1));
      return [status, json['code']];
    };
    expect(await at(Date.parse(opensAt) - 1)).toEqual([403, 'NOT_OPEN']);
    expect(await at(Date.parse(opensAt))).toEqual([201, undefined]);
    expect(await at(Date.parse(closesAt) - 1)).toEqual([201, undefined]);
    expect(await at(Date.parse(closesAt))).toEqual([403, 'CLOSED']);
    expect(await arrivals('refused')).toBe(2);
  });

  it('tells when it opens', async () => {
    intake.world.nowMs = Date.parse('2026-09-30T23:59:00Z');
    expect((await intake.post(bodyOf(1))).json).toMatchObject({ opensAt: '2026-10-01T00:00:00Z' });
  });

  it('follows an edited closing time without a restart', async () => {
    intake.world.settings = settingsOf({
      window: { opensAt: '2026-10-01T00:00:00Z', closesAt: '2026-10-01T11:00:00Z' },
    });
    expect((await intake.post(bodyOf(1))).json['code']).toBe('CLOSED');
    intake.world.settings = settingsOf();
    expect((await intake.post(bodyOf(1))).status).toBe(201);
  });

  it('says that it is starting while there are no settings', async () => {
    intake.world.settings = undefined;
    expect(await intake.post(bodyOf(1))).toMatchObject({ status: 503, json: { code: 'STARTING' } });
    expect((await intake.get('/api/v1/campaigns/test-campaign')).json['code']).toBe('STARTING');
  });

  it('admits its share of the rate and sends the rest away for a while', async () => {
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 0.004, intakePods: 4, burstSeconds: 1 } });
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    const shed = await intake.post(bodyOf(2));
    expect(shed).toMatchObject({ status: 503, json: { code: 'ADMISSION_LIMITED' } });
    expect(Number(shed.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await arrivals('shed')).toBe(1);
  });

  it('lets a signed canary past window and rate, as a canary', async () => {
    intake.world.nowMs = Date.parse('2026-12-01T00:00:00Z');
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 0, intakePods: 1, burstSeconds: 0 } });
    // Twice: a bucket is at least one token deep, so the first would pass it anyway.
    for (const citizen of [1, 2]) {
      const key = randomUUID();
      const signature = signCanary(CANARY_KEY, intake.world.nowMs / 1000, key);
      const headers = { 'idempotency-key': key, 'x-voucher-canary': signature };
      expect((await intake.post(bodyOf(citizen), headers)).status).toBe(201);
    }
    expect(intake.published.map(({ kind }) => kind)).toEqual(['canary', 'canary']);
    expect([await arrivals('canary'), await arrivals('accepted')]).toEqual([2, 0]);
  });
});

describe('data keys that are lost', () => {
  it('give 503, a time to come back, and nothing is published that could not be opened later', async () => {
    intake.world.sealing = 'paused';
    const answer = await intake.post(bodyOf(1));
    expect(answer).toMatchObject({ status: 503, json: { code: 'JOURNAL_UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toBe('10');
    expect(intake.published).toEqual([]);
  });
});

describe('a defect of our own', () => {
  it('is 500, and what it said reaches nobody', async () => {
    intake.world.sealing = 'broken';
    const answer = await intake.post(bodyOf(1));
    expect(answer).toMatchObject({ status: 500, json: { code: 'INTERNAL' } });
    expect(answer.text).not.toContain(bodyOf(1)['idNumber']);
    expect(intake.serverErrors.map(({ code }) => code)).toEqual(['INTERNAL']);
    expect(await arrivals('failed')).toBe(1);
  });
});
