/** What clients, proxies and people make of headers, numbers and names: accepted where it is meant, bounded where it is long. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ReceiptLookup } from '../../../app/intake/ports.ts';
import { bodyOf, calmGuard, type TestIntake, testIntake } from '../../helpers/intake.ts';

let intake: TestIntake;
beforeAll(() => {
  intake = testIntake(calmGuard());
});

let citizen = 0;
const nobodyYet = () => bodyOf(++citizen);

describe('an Idempotency-Key', () => {
  it.each(['"$"', '"$";a=1', '"$" ; a="', ' $ '])('as %s is the key itself', async (form) => {
    const key = randomUUID();
    const body = nobodyYet();
    const first = await intake.post(body, { 'idempotency-key': key });
    const again = await intake.post(body, { 'idempotency-key': form.replace('$', key) });
    const isParameterBroken = form.endsWith('"') && form.includes('a=');
    if (isParameterBroken) expect(again.json['code']).toBe('IDEMPOTENCY_KEY_INVALID');
    else expect([again.status, again.json]).toEqual([200, first.json]);
  });

  it.each([
    '"short"',
    '"0123456789abcdef',
    '0123456789abcdef"',
    `"${'a'.repeat(129)}"`,
    '""',
    '"0123456789abcdef", "0123456789abcdef"',
  ])('as %s is refused', async (key) => {
    const answer = await intake.post(nobodyYet(), { 'idempotency-key': key });
    expect([answer.status, answer.json['code']]).toEqual([400, 'IDEMPOTENCY_KEY_INVALID']);
  });
});

describe('a media type', () => {
  it.each([
    'application/json;',
    'application/json ; ',
    'Application/JSON',
    'application/json;charset=UTF8',
    'application/json; charset=utf8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf-8;',
    'application/json; profile=x; charset=utf-8',
  ])('%s is JSON', async (type) => {
    expect((await intake.post(nobodyYet(), { 'content-type': type })).status).toBe(201);
  });

  it.each([
    'application/json; charset=gbk',
    'application/json; charset=gbk; charset=utf-8',
    'application/jsonp',
    'text/plain; a=application/json',
    '',
  ])('%s is not', async (type) => {
    expect((await intake.post(nobodyYet(), { 'content-type': type })).status).toBe(415);
  });

  it('without an end is not', async () => {
    const type = `application/json; a=${'x'.repeat(7_000)}`;
    expect((await intake.post(nobodyYet(), { 'content-type': type })).status).toBe(415);
  });

  it('may say that nothing is encoded', async () => {
    expect((await intake.post(nobodyYet(), { 'content-encoding': 'Identity' })).status).toBe(201);
  });
});

describe('a body', () => {
  it('may begin with a byte order mark', async () => {
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(nobodyYet()))]);
    expect((await intake.post(bytes)).status).toBe(201);
  });

  it('of six hundred unknown fields is answered with a few of them', async () => {
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`f${n.toString(36)}`, 1]));
    const answer = await intake.post(
      JSON.stringify(many)
        .slice(0, 4_000)
        .replace(/,[^,]*$/, '}'),
    );
    expect(answer.status).toBe(422);
    expect(Buffer.byteLength(answer.text)).toBeLessThan(8_192);
  });
});

describe('a receipt', () => {
  it.each([
    ['small letters', (text: string) => text.toLowerCase()],
    ['O for 0', (text: string) => text.replaceAll('0', 'O')],
    ['I for 1', (text: string) => text.replaceAll('1', 'I')],
    ['a small L for 1', (text: string) => text.replaceAll('1', 'l')],
    ['dashes', (text: string) => text.replace(/(.{5})/g, '$1-')],
    ['spaces', (text: string) => text.replace(/(.{5})/g, '$1 ')],
  ])('with %s is found, number and secret', async (_name, spoken) => {
    const facts = [{ type: 'received', at: '2026-10-01T12:00:00.000Z' }] as const;
    intake.world.find = async (): Promise<ReceiptLookup> => ({
      kind: 'found',
      registered: { channel: 'wechat', category: 'dining' },
      others: [],
      receivedAt: facts[0].at,
      facts,
    });
    // Some with each of the letters that are mistaken.
    for (let n = 0; n < 8; n += 1) {
      const { json } = await intake.post(nobodyYet());
      const [receiptNo, secret] = [String(json['receiptNo']), String(json['receiptSecret'])];
      const path = `/api/v1/registrations/${encodeURIComponent(spoken(receiptNo))}`;
      const answer = await intake.get(path, { 'x-receipt-secret': spoken(secret) });
      expect([answer.status, answer.json['receiptNo']]).toEqual([200, receiptNo]);
      expect(answer.json['confirmed']).toBe(true);
    }
  });

  it('that is endless is none', async () => {
    const answer = await intake.get(`/api/v1/registrations/${'0-'.repeat(2_000)}`, {
      'x-receipt-secret': '0'.repeat(3_000),
    });
    expect([answer.status, answer.json['code']]).toEqual([404, 'RECEIPT_UNKNOWN']);
  });
});

describe('a list of languages', () => {
  it('without an end says as much as its beginning', async () => {
    const long = Array.from({ length: 900 }, (_, n) => `x${n.toString(36)}-y`).join(',');
    const languageOf = async (header: string) =>
      (await intake.post('{', { 'accept-language': header })).headers.get('content-language');
    expect(await languageOf(`en,${long}`)).toBe('en');
    expect(await languageOf(`${long},en`)).toBe('zh-CN');
    expect(await languageOf('x'.repeat(7_000))).toBe('zh-CN');
    expect(await languageOf('zh-CN,zh;q=0.9,en;q=0.8')).toBe('zh-CN');
    expect(await languageOf('en-GB,en;q=0.9,zh;q=0.1')).toBe('en');
  });
});

describe('names and numbers as people paste them', () => {
  const phones = [
    '\u202D138 0013 8000\u202C',
    '138\u200B00138000',
    '138\u20110013\u20118000',
    '138–0013–8000',
    '8613800138000',
    '(+86)13800138000',
    '【+86】138，0013_8000；ext=1',
    '١٣٨٠٠١٣٨٠٠٠',
  ];
  it.each(phones)('the phone %j is taken', async (phone) => {
    expect((await intake.post({ ...nobodyYet(), phone })).status).toBe(201);
  });

  const names = [
    '李〇〇',
    '阿‧买',
    '阿∙买',
    '阿⋅买',
    '阿●买',
    '阿．买',
    '阿･买',
    '王\u3000明',
    '王\u00A0明',
    'O’Neil',
    'ʻOkina',
    '阿᛫买',
    '阿﹒买',
    'Mary‐Jane',
    '王\uE5E5',
  ];
  it.each(names)('the name %j is taken', async (name) => {
    expect((await intake.post({ ...nobodyYet(), name })).status).toBe(201);
  });
});
