import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../../app/http/errors.ts';
import { signCanary } from '../../../app/intake/canary.ts';
import { checkCharacter, citizenOf } from '../../../local/load/citizen.ts';
import { bodyOf, CANARY_KEY, NOW_MS, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeAll(() => {
  intake = testIntake();
});

const withCheck = (digits17: string): string => digits17 + checkCharacter(digits17);
const { idNumber, name, phone } = citizenOf(1, 1);
const wrongCheck = idNumber.slice(0, 17) + (idNumber.endsWith('1') ? '2' : '1');
const good = bodyOf(1);
const { name: _left, ...withoutName } = good;
const raw = (text: string): string => text;

interface Case {
  readonly body: unknown;
  readonly headers?: Record<string, string | undefined>;
  readonly status: number;
  readonly code: string;
  readonly fields?: readonly string[];
}

const cases: Record<string, Case> = {
  'malformed JSON': { body: raw('{"name":'), status: 400, code: 'BAD_JSON' },
  'an empty body': { body: raw(''), status: 400, code: 'BAD_JSON' },
  'bytes that are no UTF-8': { body: Buffer.from([0x22, 0xff, 0x22]), status: 400, code: 'BAD_JSON' },
  'more than 4 kB': { body: { ...good, name: 'x'.repeat(5_000) }, status: 413, code: 'BODY_TOO_LARGE' },
  'a form': {
    body: raw('name=a'),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  'another charset': {
    body: good,
    headers: { 'content-type': 'application/json; charset=gbk' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  'a compressed body': {
    body: good,
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  'no Idempotency-Key': {
    body: good,
    headers: { 'idempotency-key': undefined },
    status: 400,
    code: 'IDEMPOTENCY_KEY_REQUIRED',
  },
  'an Idempotency-Key that is too short': {
    body: good,
    headers: { 'idempotency-key': 'a'.repeat(15) },
    status: 400,
    code: 'IDEMPOTENCY_KEY_INVALID',
  },
  'an Idempotency-Key that is too long': {
    body: good,
    headers: { 'idempotency-key': 'a'.repeat(129) },
    status: 400,
    code: 'IDEMPOTENCY_KEY_INVALID',
  },
  'an Idempotency-Key with other characters': {
    body: good,
    headers: { 'idempotency-key': 'with spaces and / in it' },
    status: 400,
    code: 'IDEMPOTENCY_KEY_INVALID',
  },
  'an array': { body: [good], status: 422, code: 'INVALID', fields: [''] },
  null: { body: null, status: 422, code: 'INVALID', fields: [''] },
  'a missing field': { body: withoutName, status: 422, code: 'REQUIRED', fields: ['name'] },
  'an unknown field': { body: { ...good, smsCode: '123456' }, status: 422, code: 'UNKNOWN_FIELD', fields: ['smsCode'] },
  'an unknown field within consent': {
    body: { ...good, consent: { policyVersion: '1', sensitive: true, extra: 1 } },
    status: 422,
    code: 'UNKNOWN_FIELD',
    fields: ['consent.extra'],
  },
  'a field called __proto__': {
    body: raw(`${JSON.stringify(good).slice(0, -1)},"__proto__":{"x":1}}`),
    status: 422,
    code: 'UNKNOWN_FIELD',
    fields: ['__proto__'],
  },
  'an identity number as a field name': {
    body: { ...good, [idNumber]: 1 },
    status: 422,
    code: 'UNKNOWN_FIELD',
    fields: ['?'],
  },
  'a name of one character': { body: { ...good, name: '王' }, status: 422, code: 'NAME_INVALID', fields: ['name'] },
  'a name of 51 characters': {
    body: { ...good, name: '王'.repeat(51) },
    status: 422,
    code: 'NAME_INVALID',
    fields: ['name'],
  },
  'a name of dots': { body: { ...good, name: '··' }, status: 422, code: 'NAME_INVALID', fields: ['name'] },
  'a name that is a number': { body: { ...good, name: 12 }, status: 422, code: 'NAME_INVALID', fields: ['name'] },
  'another kind of document': {
    body: { ...good, idType: 'PASSPORT' },
    status: 422,
    code: 'ID_TYPE_INVALID',
    fields: ['idType'],
  },
  'an identity number of 17 digits': {
    body: { ...good, idNumber: idNumber.slice(0, 17) },
    status: 422,
    code: 'ID_FORMAT',
    fields: ['idNumber'],
  },
  'a wrong check character': {
    body: { ...good, idNumber: wrongCheck },
    status: 422,
    code: 'ID_CHECKSUM',
    fields: ['idNumber'],
  },
  'a birth date that does not exist': {
    body: { ...good, idNumber: withCheck('56000119990230001') },
    status: 422,
    code: 'ID_BIRTHDATE',
    fields: ['idNumber'],
  },
  'a child': {
    body: { ...good, idNumber: withCheck('56000120200101001') },
    status: 422,
    code: 'NOT_ELIGIBLE_AGE',
    fields: ['idNumber'],
  },
  'a landline': { body: { ...good, phone: '02812345678' }, status: 422, code: 'PHONE_INVALID', fields: ['phone'] },
  'another channel': { body: { ...good, channel: 'cash' }, status: 422, code: 'CHANNEL_INVALID', fields: ['channel'] },
  'another category': {
    body: { ...good, category: 'cars' },
    status: 422,
    code: 'CATEGORY_UNKNOWN',
    fields: ['category'],
  },
  'another language': { body: { ...good, locale: 'fr' }, status: 422, code: 'LOCALE_INVALID', fields: ['locale'] },
  'consent refused': {
    body: { ...good, consent: { policyVersion: '1', sensitive: false } },
    status: 422,
    code: 'CONSENT_REQUIRED',
    fields: ['consent.sensitive'],
  },
  'consent left out': {
    body: { ...good, consent: undefined },
    status: 422,
    code: 'CONSENT_REQUIRED',
    fields: ['consent'],
  },
  'a phone as the policy version, which travels unsealed': {
    body: { ...good, consent: { policyVersion: phone, sensitive: true } },
    status: 422,
    code: 'INVALID',
    fields: ['consent.policyVersion'],
  },
  'several wrong fields': {
    body: { ...good, phone: '1', name: '王', idNumber: wrongCheck },
    status: 422,
    code: 'INVALID_FIELDS',
    fields: ['name', 'phone', 'idNumber'],
  },
  'a forged canary': {
    body: good,
    headers: { 'x-voucher-canary': `${NOW_MS / 1000}.${'0'.repeat(64)}` },
    status: 403,
    code: 'CANARY_INVALID',
  },
};

describe('a registration is refused for', () => {
  it.each(Object.entries(cases))('%s', async (_name, { body, headers, status, code, fields }) => {
    const before = intake.published.length;
    const answer = await intake.post(body, { 'accept-language': 'en', ...headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.json).toMatchObject({ status, code });
    const errors = (answer.json['errors'] ?? []) as { field: string }[];
    expect(errors.map(({ field }) => field)).toEqual(fields ?? []);
    for (const personal of [name, idNumber, phone, wrongCheck]) expect(answer.text).not.toContain(personal);
    expect(intake.published.length).toBe(before);
  });

  it('a canary whose signature has grown old', async () => {
    const key = randomUUID();
    const stale = signCanary(CANARY_KEY, NOW_MS / 1000 - 61, key);
    const answer = await intake.post(good, { 'idempotency-key': key, 'x-voucher-canary': stale });
    expect(answer.json).toMatchObject({ status: 403, code: 'CANARY_INVALID' });
  });
});

describe('the words of an error', () => {
  const title = async (language: string | undefined): Promise<unknown> =>
    (await intake.post('{', { 'accept-language': language })).json['title'];

  it('are Chinese unless English is preferred', async () => {
    expect(await title('zh-CN,zh;q=0.9,en;q=0.8')).toBe(ERRORS.BAD_JSON.title['zh-CN']);
    expect(await title('fr')).toBe(ERRORS.BAD_JSON.title['zh-CN']);
    expect(await title('en-US,en;q=0.9')).toBe(ERRORS.BAD_JSON.title.en);
  });
});

describe('other requests', () => {
  it('to an unknown path get 404', async () => {
    for (const path of ['/other', '/api/v1/other', '/api/v1/campaigns/other', '/%ff']) {
      expect(await intake.get(path)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    }
  });

  it('with the wrong method get 405 and the right ones', async () => {
    const rows = [
      ['/api/v1/registrations', 'GET', 'POST'],
      ['/api/v1/registrations/ABC', 'DELETE', 'GET, HEAD, PATCH'],
      ['/api/v1/registrations/ABC/withdrawal', 'GET', 'POST'],
      ['/api/v1/campaigns/test-campaign', 'PUT', 'GET, HEAD'],
    ] as const;
    for (const [path, method, allow] of rows) {
      const response = await intake.send(method, path);
      expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    }
  });

  it('and registrations alike say what every answer says', async () => {
    for (const isDraining of [false, true]) {
      intake.world.draining = isDraining;
      for (const { headers } of [
        await intake.post(bodyOf(7)),
        await intake.post('{'),
        await intake.get('/none'),
        await intake.send('PUT', '/api/v1/campaigns/test-campaign'),
      ]) {
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('connection')).toBe(isDraining ? 'close' : null);
      }
    }
    intake.world.draining = false;
  });
});
