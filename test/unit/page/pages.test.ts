/** The page as a browser without JavaScript meets it. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { citizenOf } from '../../../local/load/citizen.ts';
import { type Answer, bodyOf, NOW_MS, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';
import { wholeSettings } from '../../helpers/page-states.ts';

let intake: TestIntake;
beforeEach(() => {
  intake = testIntake();
});

const HEADERS = { accept: 'text/html', host: 'vouchers.example.org', origin: 'https://vouchers.example.org' };
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  intake.get(path, { ...HEADERS, ...headers });
const post = (path: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) =>
  intake.postForm(path, new URLSearchParams(fields).toString(), { ...HEADERS, ...headers });

const KEY = '0123456789abcdef';
const filled = (index: number, over: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const { name, idNumber, phone, channel } = citizenOf(1, index);
  return {
    ...{ idempotencyKey: KEY, name, idType: 'CN_ID', idNumber, phone, channel, category: 'dining', locale: 'zh-CN' },
    ...{ policyVersion: '1', consent: 'yes' },
    ...over,
  };
};
/** From the receipt on the page. */
const codesOf = ({ text }: Answer): readonly string[] =>
  [...text.matchAll(/<dd class="code">([0-9A-Z ]+)</g)].map(([, code = '']) => code.replaceAll(' ', ''));

describe('a registration by the form', () => {
  it('shows the receipt, and a reload shows the same one', async () => {
    const first = await post('/register', filled(1));
    expect(first.status).toBe(200);
    expect(first.text).toContain('登记成功');
    const [receiptNo, secret] = codesOf(first);
    expect([receiptNo?.length, secret?.length]).toEqual([26, 26]);
    expect(codesOf(await post('/register', filled(1)))).toEqual([receiptNo, secret]);
    expect(new Set(intake.published.map(({ receipt }) => receipt)).size).toBe(1);
    const state = await intake.get(`/api/v1/registrations/${receiptNo}`, { 'x-receipt-secret': String(secret) });
    expect(state.json).toMatchObject({ state: 'received' });
  });

  it('with errors shows what was typed, each error beside its field and in a summary that links to it', async () => {
    const { status, text } = await post('/register', filled(1, { phone: '12', idNumber: '11010119900307771' }));
    expect(status).toBe(422);
    expect(text).toContain('<title>错误：');
    expect(text).toContain('href="#phone"');
    expect(text).toContain('href="#idNumber"');
    expect(text).toContain('aria-describedby="phone-hint phone-error"');
    expect(text).toContain('value="12"');
    expect(text).toContain(`value="${KEY}"`);
    expect(intake.published).toEqual([]);
  });

  it('shows all errors at once, in the order of the form: also of a number while the consent is missing', async () => {
    const { text } = await post('/register', filled(1, { consent: '', name: '', idNumber: '123' }));
    const summary = text.slice(
      text.indexOf('id="errors"'),
      text.indexOf('<form method="post" action="/register" novalidate'),
    );
    expect([...summary.matchAll(/href="#(\w+)"/g)].map(([, field]) => field)).toEqual(['name', 'idNumber', 'consent']);
  });

  it('with nothing in it says of each field what to do', async () => {
    const { text } = await post('/register', { idempotencyKey: KEY });
    for (const words of [
      '请填写姓名',
      '请填写身份证号码',
      '请填写手机号码',
      '请选择一种消费券',
      '请选择领取渠道',
      '请阅读说明并勾选同意',
    ])
      expect(text).toContain(words);
  });

  it('with other content under the same key says so, and offers a new key', async () => {
    await post('/register', filled(1));
    const { status, text } = await post('/register', filled(1, { phone: '13900000000' }));
    expect(status).toBe(422);
    expect(text).toContain('那份登记有效');
    expect(text).not.toContain(KEY);
  });

  it('while the journal does not answer keeps everything, with the same key, and says when to come again', async () => {
    intake.world.publish = async () => ({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 2_000 });
    const { status, text, headers } = await post('/register', filled(1));
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
    expect(text).toContain(`value="${KEY}"`);
    expect(text).toContain(citizenOf(1, 1).name);
  });

  it('is shown in the other language without being sent', async () => {
    const { text, headers } = await post('/register', { ...filled(1), shown: 'yes', lang: 'en' });
    expect(text).toContain('<html lang="en"');
    expect(text).toContain(citizenOf(1, 1).name);
    expect(headers.get('set-cookie')).toContain('vc_lang=en');
    expect(intake.published).toEqual([]);
  });

  it.each([
    ['JSON', '{}', 'application/json', 415],
    ['a form that is not UTF-8', Buffer.from([0x6e, 0x3d, 0xff]), 'application/x-www-form-urlencoded', 400],
    ['9 kB', `name=${'x'.repeat(9_000)}`, 'application/x-www-form-urlencoded', 413],
  ])('refuses %s with a page', async (_what, body, type, status) => {
    const answer = await intake.postForm('/register', body, { ...HEADERS, 'content-type': type });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('text/html');
  });
});

describe('a look-up by the form', () => {
  const receipt = async () => {
    const { json } = await intake.post(bodyOf(1));
    return { receiptNo: String(json['receiptNo']), secret: String(json['receiptSecret']) };
  };

  it('shows the state, also for a receipt that was typed with small letters and dashes', async () => {
    const { receiptNo, secret } = await receipt();
    const { status, text } = await post('/r', { receiptNo: receiptNo.toLowerCase().replace(/(.{5})/g, '$1-'), secret });
    expect(status).toBe(200);
    expect(text).toContain('已登记');
    expect(text).toContain('登记已受理并安全保存');
  });

  it('with a wrong secret is one answer, with the number that was typed', async () => {
    const { receiptNo } = await receipt();
    const { status, text } = await post('/r', { receiptNo, secret: 'wrong' });
    expect(status).toBe(404);
    expect(text).toContain('查询密码不正确');
    expect(text).toContain(receiptNo);
  });

  it('right after a registration does not ask the database, and proves the secret all the same', async () => {
    const sent = await receipt();
    let asked = 0;
    intake.world.find = async () => {
      asked += 1;
      return { kind: 'absent' };
    };
    expect((await post('/r', { ...sent, fresh: 'yes' })).text).toContain('登记成功');
    expect((await post('/r', { ...sent, secret: 'wrong', fresh: 'yes' })).status).toBe(404);
    expect(asked).toBe(0);
  });

  it('puts number and secret of the receipt behind "#" of the code, and nowhere in an address that is sent', async () => {
    const sent = await receipt();
    const { text } = await post('/r', sent);
    const addresses = [...text.matchAll(/(?:href|action|src)="([^"]*)"/g)].map(([, address = '']) => address);
    expect(addresses.filter((address) => !address.startsWith('data:') && /[0-9A-Z]{20}/.test(address))).toEqual([]);
  });

  it('withdraws only with the box ticked', async () => {
    const sent = await receipt();
    const before = intake.published.length;
    const refused = await post('/r/withdrawal', sent);
    expect([refused.status, intake.published.length]).toEqual([422, before]);
    expect(refused.text).toContain('请先勾选确认');
    const done = await post('/r/withdrawal', { ...sent, confirm: 'yes' });
    expect(done.text).toContain('登记已撤回');
    expect(intake.published.at(-1)?.type).toBe('withdrawn');
  });

  it('changes the channel, and says why it can’t', async () => {
    const sent = await receipt();
    const other = citizenOf(1, 1).channel === 'wechat' ? 'alipay' : 'wechat';
    expect((await post('/r/channel', { ...sent, channel: other })).text).toContain('领取渠道已更改');
    const { idNumber } = citizenOf(1, 1);
    const refused = await post('/r/correction', {
      ...sent,
      name: '张三',
      idType: 'CN_ID',
      idNumber,
      phone: '13900000000',
    });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('只有身份核验未通过');
  });

  it('is never in an address', async () => {
    expect((await get('/r/withdrawal')).headers.get('location')).toBe('/r');
    expect((await intake.send('PUT', '/r')).status).toBe(405);
  });
});

describe('the pages', () => {
  it.each([
    ['2026-09-30T23:00:00Z', '登记尚未开始', 403],
    ['2026-10-01T12:00:00Z', '登记进行中', 200],
    ['2026-10-09T00:00:00Z', '登记已结束', 403],
  ])('at %s say %s', async (at, words, formStatus) => {
    intake.world.nowMs = Date.parse(at);
    expect((await get('/')).text).toContain(words);
    expect((await get('/register')).status).toBe(formStatus);
  });

  it.each(['/', '/register', '/r', '/about', '/nothing'])('%s is safe by its headers', async (path) => {
    const { headers, text } = await get(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|<style/);
  });

  it('turn with one tap to the other language and size, and remember both', async () => {
    const { status, headers } = await get('/?lang=en');
    expect([status, headers.get('location')]).toEqual([303, '/']);
    expect(headers.get('set-cookie')).toMatch(/^vc_lang=en; Path=\/; Max-Age=\d+; SameSite=Lax$/);
    expect((await get('/', { cookie: 'vc_lang=en; vc_size=elder' })).text).toContain('<html lang="en" class="elder">');
    expect((await get('/', { 'accept-language': 'en' })).text).toContain('<html lang="en"');
    expect((await get('/?lang=<script>')).status).toBe(200);
  });

  it('say until when personal data is kept, the rule of one entry, and how to check the draw', async () => {
    intake.world.settings = wholeSettings();
    const { text } = await get('/about');
    for (const words of ['2027年4月7日', '每人仅一次登记有效', '怎样验证摇号']) expect(text).toContain(words);
    expect((await get('/register')).text).toContain('2027年4月7日');
  });

  it('make titles and texts of an admin harmless', async () => {
    const nasty = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;
    const title = { 'zh-CN': nasty, en: nasty };
    const vouchers = settingsOf().vouchers.map((one) => ({ ...one, title }));
    intake.world.settings = wholeSettings({ title, vouchers });
    for (const path of ['/', '/register', '/r', '/about', '/nothing']) {
      const { text } = await get(path);
      expect(text).toContain('&lt;script&gt;');
      expect(text).not.toMatch(/<script>|<img src=x/);
    }
  });

  it('make what citizens type harmless', async () => {
    const nasty = `"><script>alert(1)</script>`;
    for (const text of [
      (await post('/register', filled(1, { name: nasty, idNumber: nasty, phone: nasty, category: nasty, lang: nasty })))
        .text,
      (await post('/r', { receiptNo: nasty, secret: nasty })).text,
      (await post('/r/correction', { receiptNo: nasty, secret: nasty, name: nasty })).text,
    ])
      expect(text).not.toContain('<script>');
  });

  it('is a page for browsers where nothing is, and a problem for programs', async () => {
    expect((await get('/nothing')).headers.get('content-type')).toContain('text/html');
    expect((await intake.get('/nothing')).json['code']).toBe('NOT_FOUND');
    expect((await get('/api/v1/nothing')).json['code']).toBe('NOT_FOUND');
  });

  it('ask to come again before there are settings', async () => {
    intake.world.settings = undefined;
    const { status, headers, text } = await get('/');
    expect([status, headers.has('retry-after')]).toEqual([503, true]);
    expect(text).toContain('系统正在启动');
  });
});

describe('assets', () => {
  it('are kept for a year by their digest, and never under another one', async () => {
    const { text } = await get('/');
    const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(paths).toHaveLength(2);
    for (const path of paths) {
      const { status, headers } = await get(path);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
      const other = await get(path.replace(/-[0-9a-f]{12}/, '-000000000000'));
      expect([other.status, other.headers.get('cache-control')]).toEqual([200, 'no-store']);
    }
  });

  it('give colour and emblem of the campaign: a light colour is made dark enough, an SVG can’t run', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>').toString('base64');
    intake.world.settings = settingsOf({ look: { colour: '#FFCC00', emblem: `data:image/svg+xml;base64,${svg}` } });
    const { text } = await get('/');
    const [, colour = ''] = /\/assets\/colour-([0-9a-f]{6})\.css/.exec(text) ?? [];
    expect(Number.parseInt(colour.slice(0, 2), 16)).toBeLessThan(0x99);
    expect((await get(`/assets/colour-${colour}.css`)).text).toBe(`:root{--brand:#${colour}}\n`);
    const [emblem = ''] = /\/assets\/emblem-[0-9a-f]{12}/.exec(text) ?? [];
    expect((await get(emblem)).headers.get('content-security-policy')).toContain('sandbox');
    expect((await get('/assets/colour-zzzzzz.css')).status).toBe(404);
  });
});

describe('at opening', () => {
  it('a page of before shows the way to the form without another request', async () => {
    intake.world.settings = settingsOf({
      window: { opensAt: new Date(NOW_MS + 5_000).toISOString(), closesAt: '2026-10-09T00:00:00Z' },
    });
    const { text } = await get('/');
    expect(text).toMatch(/<div data-from="[^"]+" hidden><a class="button" href="\/register">/);
  });
});
