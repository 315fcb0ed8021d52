/** Who was accepted gets the receipt, whatever has shut since; who was not gets none, and neither costs the others. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../../app/http/errors.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  ACKNOWLEDGED,
  type Answer,
  acceptedIn,
  bodyOf,
  calmGuard,
  NOW_MS,
  settingsOf,
  type TestIntake,
  testIntake,
} from '../../helpers/intake.ts';

/** Two pods before one journal. */
let journal: EventEnvelope[];
let intake: TestIntake;
let other: TestIntake;
beforeEach(() => {
  journal = [];
  intake = testIntake(calmGuard(), journal);
  other = testIntake(calmGuard(1), journal);
});

const CLOSES_AT_MS = Date.parse('2026-10-09T00:00:00Z');
const AFTER_CLOSING_MS = CLOSES_AT_MS + 60_000;
const page = { title: { 'zh-CN': '维护', en: 'Care' }, text: { 'zh-CN': '稍后', en: 'Later' }, retryAfterSeconds: 60 };
const keyed = (key: string) => ({ 'idempotency-key': key });
const newKeys = (count: number) => Array.from({ length: count }, () => randomUUID());

/** How a pod comes to let nobody in. */
const gates: Record<string, readonly [string, (pod: TestIntake) => void]> = {
  closing: ['CLOSED', (pod) => Object.assign(pod.world, { nowMs: AFTER_CLOSING_MS })],
  'a clock that is slow': [
    'NOT_OPEN',
    (pod) => Object.assign(pod.world, { nowMs: Date.parse('2026-09-30T00:00:00Z') }),
  ],
  'a level’s page': ['REGISTRATION_PAUSED', (pod) => Object.assign(pod.world, { settings: settingsOf({ page }) })],
  'the admission rate': [
    'ADMISSION_LIMITED',
    (pod) =>
      Object.assign(pod.world, {
        settings: settingsOf({ traffic: { admissionPerSecond: 0.001, intakePods: 1, burstSeconds: 1 } }),
      }),
  ],
};

describe.each(Object.entries(gates))('behind %s', (_name, [code, shut]) => {
  const shutAll = async (): Promise<void> => {
    for (const pod of [intake, other]) shut(pod);
    // The rate lets one in first.
    if (code === 'ADMISSION_LIMITED') for (const pod of [intake, other]) await pod.post(bodyOf(900));
  };

  it('a repeat gets its receipt, here and from another pod, and the time that is stored', async () => {
    const keys = newKeys(20);
    const first = await Promise.all(keys.map((key, index) => intake.post(bodyOf(index), keyed(key))));
    await shutAll();
    for (const pod of [intake, other]) {
      const again = await Promise.all(keys.map((key, index) => pod.post(bodyOf(index), keyed(key))));
      expect(again.map(({ status }) => status)).toEqual(keys.map(() => 200));
      expect(again.map(({ json }) => json)).toEqual(first.map(({ json }) => json));
    }
    expect(other.published.filter(({ citizenHash }) => citizenHash === journal[0]?.citizenHash)).toEqual([]);
  });

  it('nobody else does', async () => {
    const key = randomUUID();
    await intake.post(bodyOf(1), keyed(key));
    await shutAll();
    for (const pod of [intake, other]) {
      expect((await pod.post(bodyOf(2), keyed(key))).json['code']).toBe(code);
      expect((await pod.post(bodyOf(1), keyed(randomUUID()))).json['code']).toBe(code);
      expect((await pod.post({ ...bodyOf(1), phone: '1' }, keyed(key))).json['code']).toBe(code);
      expect((await pod.post('{', keyed(key))).json['code']).toBe(code);
    }
  });

  it('another body under an accepted key is told so', async () => {
    const key = randomUUID();
    await intake.post(bodyOf(1), keyed(key));
    await shutAll();
    for (const pod of [intake, other]) {
      const answer = await pod.post({ ...bodyOf(1), phone: '13800138000' }, keyed(key));
      expect([answer.status, answer.json['code']]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    }
  });
});

describe('with more work in flight than it can bear', () => {
  it('a repeat gets its receipt, and others are sent away', async () => {
    const key = randomUUID();
    const { json } = await intake.post(bodyOf(1), keyed(key));
    const ack = Promise.withResolvers<PublishOutcome>();
    other.world.publish = () => ack.promise;
    const busy = other.post(bodyOf(2));
    await eventually(() => other.published.length === 1, { what: 'a publish that hangs' });
    expect((await other.post(bodyOf(1), keyed(key))).json).toEqual(json);
    expect((await other.post(bodyOf(3))).json['code']).toBe('OVERLOADED');
    ack.resolve(ACKNOWLEDGED);
    expect((await busy).status).toBe(201);
  });
});

describe('before a journal that takes nothing more', () => {
  it.each(['journal_full', 'busy'] as const)('(%s) a repeat gets its receipt', async (reason) => {
    const key = randomUUID();
    const { json } = await intake.post(bodyOf(1), keyed(key));
    other.world.publish = async () => ({ kind: 'unavailable', reason, retryAfterMs: 1_000 });
    expect((await other.post(bodyOf(1), keyed(key))).json).toEqual(json);
    expect((await other.post(bodyOf(2))).status).toBe(503);
  });
});

describe('while its first is still under way', () => {
  /** The first POST, held in the journal until the answer is given. */
  const held = async (pod: TestIntake, key: string) => {
    const ack = Promise.withResolvers<PublishOutcome>();
    const before = pod.published.length;
    pod.world.publish = () => ack.promise;
    const answer = pod.post(bodyOf(1), keyed(key));
    await eventually(() => pod.published.length > before, { what: 'the publish' });
    return { ack, answer };
  };

  it('a repeat after closing waits for it, on the same pod', async () => {
    const key = randomUUID();
    const first = await held(intake, key);
    intake.world.nowMs = CLOSES_AT_MS;
    const again = intake.post(bodyOf(1), keyed(key));
    const changed = intake.post({ ...bodyOf(1), phone: '13800138000' }, keyed(key));
    // Another request's whole round trip: both are waiting by then.
    await intake.get('/api/v1/campaigns/test-campaign');
    first.ack.resolve(ACKNOWLEDGED);
    const { status, json } = await first.answer;
    expect(status).toBe(201);
    expect([(await again).status, (await again).json]).toEqual([200, json]);
    expect((await changed).json['code']).toBe('IDEMPOTENCY_MISMATCH');
    expect(intake.published).toHaveLength(1);
  });

  it('a repeat just after closing is looked for once more, from another pod', async () => {
    const key = randomUUID();
    const first = await held(intake, key);
    other.world.nowMs = CLOSES_AT_MS + 1_000;
    let asked = 0;
    other.world.accepted = async (receipt) => {
      asked += 1;
      // It comes in between two looks.
      const found = acceptedIn(journal, receipt);
      first.ack.resolve(ACKNOWLEDGED);
      return found;
    };
    const again = await other.post(bodyOf(1), keyed(key));
    expect([again.status, again.json]).toEqual([200, (await first.answer).json]);
    expect(asked).toBe(2);
  });

  it('that then fails leaves the repeat to try itself', async () => {
    const key = randomUUID();
    const first = await held(intake, key);
    const again = intake.post(bodyOf(1), keyed(key));
    await intake.get('/api/v1/campaigns/test-campaign');
    intake.world.publish = async () => ACKNOWLEDGED;
    first.ack.resolve({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
    expect((await first.answer).status).toBe(503);
    expect((await again).status).toBe(201);
  });
});

describe('after closing', () => {
  it('nobody is told that it is too late who may have been accepted: a journal that can’t be asked is 503', async () => {
    other.world.nowMs = AFTER_CLOSING_MS;
    other.world.accepted = async () => ({ kind: 'unavailable' });
    const answer = await other.post(bodyOf(1));
    expect([answer.status, answer.json['code']]).toEqual([503, 'JOURNAL_UNAVAILABLE']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  const flood = async (
    pod: TestIntake,
    posts = 400,
  ): Promise<{ readonly asked: number; readonly answers: readonly Answer[] }> => {
    let asked = 0;
    pod.world.nowMs = AFTER_CLOSING_MS;
    pod.world.accepted = async (receipt) => {
      asked += 1;
      return acceptedIn(journal, receipt);
    };
    const answers = await Promise.all(Array.from({ length: posts }, (_, index) => pod.post(bodyOf(1_000 + index))));
    return { asked, answers };
  };

  it('a flood of those who never were accepted costs the journal a few questions', async () => {
    const low = { traffic: { admissionPerSecond: 1, intakePods: 1, burstSeconds: 1 } };
    intake.world.settings = settingsOf(low);
    const { asked, answers } = await flood(intake);
    // 20 a second, 5 s deep, and what a slow machine lets grow meanwhile.
    expect(asked).toBeLessThan(250);
    expect(new Set(answers.map(({ json }) => json['code']))).toEqual(new Set(['CLOSED', 'OVERLOADED']));
    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    // The sabotage twin: where there is room for all of them, all of them are asked for.
    expect((await flood(other, 90)).asked).toBe(90);
  });

  it('not even a door that lets many in has room for all of them', async () => {
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 100_000, intakePods: 1, burstSeconds: 1 } });
    // 50 a second, 5 s deep.
    expect((await flood(intake, 900)).asked).toBeLessThan(600);
  });

  it('a flood keeps nobody from a receipt that this pod gave', async () => {
    const key = randomUUID();
    const { json } = await intake.post(bodyOf(1), keyed(key));
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 1, intakePods: 1, burstSeconds: 1 } });
    const flooding = flood(intake);
    const again = await intake.post(bodyOf(1), keyed(key));
    expect([again.status, again.json]).toEqual([200, json]);
    await flooding;
  });
});

describe('one key', () => {
  it('with other content is 422 in both languages, and the first stays as it is', async () => {
    const key = keyed(randomUUID());
    const first = await intake.post(bodyOf(1), key);
    const changes: readonly Record<string, unknown>[] = [
      { phone: '13800138000' },
      { name: '别的名字' },
      { channel: 'unionpay' },
      { locale: 'en' },
      { consent: { policyVersion: '2', sensitive: true } },
    ];
    for (const pod of [intake, other]) {
      for (const change of changes) {
        for (const language of ['zh-CN', 'en'] as const) {
          const answer = await pod.post({ ...bodyOf(1), ...change }, { ...key, 'accept-language': language });
          expect(answer.status).toBe(422);
          expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
          expect(answer.json).toMatchObject({
            code: 'IDEMPOTENCY_MISMATCH',
            title: ERRORS.IDEMPOTENCY_MISMATCH.title[language],
          });
          expect(answer.text).not.toContain(String(first.json['receiptNo']));
          for (const field of ['name', 'idNumber', 'phone']) expect(answer.text).not.toContain(bodyOf(1)[field]);
        }
      }
    }
    expect(journal).toHaveLength(1);
  });

  it('with the same content in another spelling is a repeat', async () => {
    const key = keyed(randomUUID());
    const body = bodyOf(1);
    const first = await intake.post(body, key);
    const wide = String(body['idNumber']).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
    const spelled = {
      ...body,
      name: `\u200B${String(body['name']).split('').join('\u3000')}\uFEFF`,
      idType: ' cn_id',
      idNumber: `\u202D${wide.toLowerCase()}\u202C`,
      phone: `(+86)${String(body['phone']).slice(0, 3)}\u2011${String(body['phone']).slice(3)}`,
      channel: `${String(body['channel']).toUpperCase()} `,
      category: '\u200Bdining',
      locale: 'zh-cn',
    };
    for (const pod of [intake, other]) {
      const again = await pod.post(spelled, key);
      expect([again.status, again.json]).toEqual([200, first.json]);
    }
  });

  it('says when it was received, not when it was repeated', async () => {
    const key = keyed(randomUUID());
    const first = await intake.post(bodyOf(1), key);
    other.world.nowMs = NOW_MS + 3_600_000;
    const again = await other.post(bodyOf(1), key);
    expect(again.json['receivedAt']).toBe(first.json['receivedAt']);
    expect(other.published).toHaveLength(1);
  });

  it('may be another citizen’s too', async () => {
    const key = keyed(randomUUID());
    const [one, two] = [await intake.post(bodyOf(1), key), await intake.post(bodyOf(2), key)];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.json['receiptNo']).not.toBe(two.json['receiptNo']);
    expect((await intake.post(bodyOf(1), key)).json).toEqual(one.json);
  });

  it('is a repeat, too, where the journal has it in another shard', async () => {
    const key = keyed(randomUUID());
    const first = await intake.post(bodyOf(1), key);
    other.world.astray.add(String(first.json['receiptNo']));
    // That shard knows nothing of it, and would store it.
    other.world.publish = async () => ACKNOWLEDGED;
    expect((await other.post({ ...bodyOf(1), phone: '13800138000' }, key)).json['code']).toBe('IDEMPOTENCY_MISMATCH');
    expect((await other.post(bodyOf(1), key)).json).toEqual(first.json);
    expect(other.published).toEqual([]);
  });

  it('of a registration from before there were fingerprints is a repeat', async () => {
    const key = keyed(randomUUID());
    const first = await intake.post(bodyOf(1), key);
    other.world.accepted = async () => ({ kind: 'accepted', at: '2026-10-01T11:00:00.000Z', fingerprint: undefined });
    const again = await other.post({ ...bodyOf(1), phone: '13800138000' }, key);
    expect(again.json).toEqual({ ...first.json, receivedAt: '2026-10-01T11:00:00.000Z' });
  });

  it('that the journal holds and can’t show is 503, never a receipt with an invented time', async () => {
    const key = keyed(randomUUID());
    await intake.post(bodyOf(1), key);
    other.world.accepted = async () => ({ kind: 'unavailable' });
    expect((await other.post(bodyOf(1), key)).json['code']).toBe('JOURNAL_UNAVAILABLE');
  });
});
