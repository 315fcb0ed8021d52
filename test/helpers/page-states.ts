/** Every state of the citizens' page in a real browser, for tests and pictures: how the intake is set, and the steps to see it. */
import type { Page } from 'playwright-core';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventType } from '../../contract/envelope.ts';
import { eventually } from './eventually.ts';
import { bodyOf, NOW_MS, type ServedIntake, settingsOf } from './intake.ts';

const EMBLEM = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><g fill="#c2426b"><circle cx="24" cy="13" r="8"/><circle cx="34" cy="20" r="8"/><circle cx="30" cy="32" r="8"/><circle cx="18" cy="32" r="8"/><circle cx="14" cy="20" r="8"/></g><circle cx="24" cy="24" r="6" fill="#f5c04a"/></svg>',
).toString('base64');

const voucher = (name: string, zh: string, en: string, yuan: number, minimum: number, quota: number) => ({
  name,
  title: { 'zh-CN': zh, en },
  faceValueFen: yuan * 100,
  minimumSpendFen: minimum * 100,
  quota,
  validDays: 14,
});

/** A campaign that has everything: invented names, addresses and ids. */
export const wholeSettings = (over: Partial<LiveSettings> = {}): LiveSettings =>
  settingsOf({
    title: { 'zh-CN': '锦城春季消费券', en: 'Jincheng Spring Vouchers' },
    look: { colour: '#0a6b52', emblem: `data:image/svg+xml;base64,${EMBLEM}` },
    privacy: { deleteAt: '2027-04-07T00:00:00Z' },
    draw: { unverified: 'exclude', bundleUrl: 'https://draw.example.org/spring/' },
    vouchers: [
      voucher('dining-50', '餐饮消费券', 'Dining voucher', 50, 100, 200_000),
      voucher('retail-100', '零售消费券', 'Retail voucher', 100, 300, 100_000),
      voucher('travel-200', '文旅消费券', 'Travel voucher', 200, 500, 20_000),
    ],
    sections: {
      verification: {},
      issuance: {
        channels: [{ name: 'wechat' }, { name: 'alipay' }, { name: 'unionpay' }],
        bindBy: '2026-11-01T00:00:00Z',
      },
      login: {
        publicKey: 'AAAA',
        url: 'https://login.example.org',
        page: 'https://vouchers.example.org/register',
        systems: [
          {
            name: 'city',
            type: 'Oidc',
            clientId: 'a',
            claims: { name: 'name', idNumber: 'id' },
            requestsPerSecond: 10,
          },
          {
            name: 'wechat',
            type: 'WeChat',
            clientId: 'b',
            claims: { name: 'name', idNumber: 'id' },
            requestsPerSecond: 10,
          },
        ],
      },
    },
    ...over,
  });

const AFTER_DRAW: Partial<LiveSettings> = {
  window: { opensAt: '2026-09-20T00:00:00Z', closesAt: '2026-09-30T00:00:00Z' },
  published: { commitment: { digest: '5f2b'.repeat(16) }, result: { digest: 'c07a'.repeat(16) } },
  announced: { barriers: [9, 9, 9], unverified: 'exclude' },
};

export interface PageState {
  readonly name: string;
  /** Text that is there once the state is reached, in Chinese. */
  readonly shows: string;
  readonly settings?: Partial<LiveSettings>;
  /** Works with JavaScript alone. */
  readonly needsScript?: true;
  open(page: Page, intake: ServedIntake): Promise<void>;
}

const visit =
  (path: string) =>
  async (page: Page, { url }: ServedIntake): Promise<void> => {
    await page.goto(url + path);
  };

/** What a citizen types. */
export const fillForm = async (page: Page, index = 1, over: Readonly<Record<string, string>> = {}): Promise<void> => {
  const { name, idNumber, phone, channel } = bodyOf(index);
  for (const [field, value] of Object.entries({ name, idNumber, phone, ...over }))
    await page.fill(`#${field}`, String(value));
  await page.check(`input[name="channel"][value="${channel}"]`);
  await page.check('#category');
  await page.check('#consent');
};

export const submitForm = (page: Page): Promise<void> => page.click('form[data-register] button');

const registered = async (page: Page, intake: ServedIntake): Promise<void> => {
  await page.goto(`${intake.url}/register`);
  await fillForm(page);
  await submitForm(page);
  await page.waitForSelector('.receipt');
};

/** Through the form, by a receipt that the database has with these facts. */
const lookedUp =
  (...types: readonly EventType[]) =>
  async (page: Page, intake: ServedIntake): Promise<void> => {
    const { settings } = intake.world;
    intake.world.settings = wholeSettings();
    const { json } = await intake.post({ ...bodyOf(1), category: 'dining-50' });
    intake.world.settings = settings;
    const facts = types.map((type, index) => ({
      type,
      at: new Date(NOW_MS - (types.length - index) * 3_600_000).toISOString(),
    }));
    intake.world.find = async () => ({
      kind: 'found',
      registered: { channel: 'wechat', category: 'dining-50' },
      receivedAt: facts[0]?.at ?? '',
      facts,
      others: [],
    });
    await page.goto(`${intake.url}/r`);
    await page.fill('#receiptNo', String(json['receiptNo']));
    await page.fill('#secret', String(json['receiptSecret']));
    await page.click('#look button');
    await page.waitForSelector('.receipt');
  };

const status = (
  name: string,
  shows: string,
  types: readonly EventType[],
  settings?: Partial<LiveSettings>,
): PageState => ({
  name: `status-${name}`,
  shows,
  ...(settings === undefined ? {} : { settings }),
  open: lookedUp('received', ...types),
});

const ROOM = {
  admissionPerSecond: 1000,
  intakePods: 1,
  burstSeconds: 2,
  waitingRoom: { enabled: true, preQueueMinutes: 30 },
};
const SOON = new Date(NOW_MS + 754_000).toISOString();

export const PAGE_STATES: readonly PageState[] = [
  {
    name: 'before',
    shows: '登记尚未开始',
    settings: { window: { opensAt: new Date(NOW_MS + 93_784_000).toISOString(), closesAt: '2026-10-09T00:00:00Z' } },
    open: visit('/'),
  },
  {
    name: 'early',
    shows: '提前取号',
    settings: { window: { opensAt: SOON, closesAt: '2026-10-09T00:00:00Z' }, traffic: ROOM },
    open: visit('/'),
  },
  { name: 'open', shows: '登记进行中', open: visit('/') },
  { name: 'form', shows: '填写登记', open: visit('/register') },
  {
    name: 'form-errors',
    shows: '请更正以下内容',
    async open(page, intake) {
      await page.goto(`${intake.url}/register`);
      await fillForm(page, 1, { name: '1', idNumber: '51010419480507123X', phone: '12345' });
      await submitForm(page);
      await page.waitForSelector('#errors');
    },
  },
  {
    name: 'waiting',
    shows: '您已在排队',
    settings: { traffic: ROOM },
    needsScript: true,
    async open(page, intake) {
      const { queue } = intake.world;
      await queue.claim(184_220, 0);
      queue.shuffled({ seed: '00'.repeat(32), count: 0 });
      queue.pace({ base: 120, ratePerSecond: 500, since: new Date(NOW_MS).toISOString() });
      await page.goto(`${intake.url}/register`);
      await page.waitForSelector('#queue:not([hidden])');
      await eventually(async () => (await page.innerText('[data-queue-position]')) !== '', {
        what: 'the place in the queue',
      });
    },
  },
  { name: 'receipt', shows: '登记成功', open: registered },
  { name: 'look', shows: '查询密码', open: visit('/r') },
  {
    name: 'look-wrong',
    shows: '回执号或查询密码不正确',
    async open(page, intake) {
      await page.goto(`${intake.url}/r`);
      await page.fill('#receiptNo', 'ABCDE');
      await page.fill('#secret', 'FGHIJ');
      await page.click('#look button');
      await page.waitForSelector('#errors');
    },
  },
  {
    name: 'status-unconfirmed',
    shows: '登记已受理并安全保存',
    async open(page, intake) {
      await lookedUp('received')(page, intake);
      intake.world.find = async () => ({ kind: 'unavailable' });
      await page.click('form[action="/r"] .button.second');
      await page.waitForSelector('.receipt');
    },
  },
  status('received', '正在等待身份核验', []),
  status('verified', '身份核验已通过', ['verified']),
  status('rejected', '身份核验未通过', ['rejected']),
  status('review', '等待人工审核', ['manual_review']),
  status('superseded', '另一份登记有效', ['merged']),
  status('withdrawn', '已撤回', ['withdrawn']),
  {
    name: 'correction-errors',
    shows: '手机号码须为 11 位',
    async open(page, intake) {
      await lookedUp('received', 'rejected')(page, intake);
      const { name, idNumber } = bodyOf(1);
      await page.fill('#correction-name', String(name));
      await page.fill('#correction-idNumber', String(idNumber));
      await page.fill('#correction-phone', '123');
      await page.click('form[action="/r/correction"] button');
      await page.waitForSelector('#errors');
    },
  },
  {
    name: 'withdrawal-done',
    shows: '登记已撤回',
    async open(page, intake) {
      await lookedUp('received')(page, intake);
      await page.click('details:has(#withdrawal-confirm) summary');
      await page.check('#withdrawal-confirm');
      await page.click('form[action="/r/withdrawal"] button');
      await page.waitForSelector('#notice');
    },
  },
  {
    name: 'closed',
    shows: '登记已结束',
    settings: { window: AFTER_DRAW.window ?? settingsOf().window },
    open: visit('/'),
  },
  status('entered', '已进入摇号名单', ['verified', 'entered'], { window: AFTER_DRAW.window ?? settingsOf().window }),
  { name: 'announced', shows: '摇号结果已公布', settings: AFTER_DRAW, open: visit('/') },
  status('won', '已中签', ['verified', 'entered', 'won'], AFTER_DRAW),
  status('waitlisted', '候补', ['verified', 'entered', 'waitlisted'], AFTER_DRAW),
  status('lost', '未中签', ['verified', 'entered', 'lost'], AFTER_DRAW),
  status('issuing', '正在发放', ['verified', 'entered', 'won', 'bound', 'issuing'], AFTER_DRAW),
  status('issue-failed', '发放未成功', ['verified', 'entered', 'won', 'bound', 'issuing', 'issue_failed'], AFTER_DRAW),
  status('issued', '已发放', ['verified', 'entered', 'won', 'bound', 'issuing', 'issued'], AFTER_DRAW),
  status('redeemed', '已使用', ['verified', 'entered', 'won', 'issuing', 'issued', 'redeemed'], AFTER_DRAW),
  status('expired', '已过期', ['verified', 'entered', 'won', 'issuing', 'issued', 'expired'], AFTER_DRAW),
  status('erased', '个人信息已删除', ['erased'], AFTER_DRAW),
  { name: 'about', shows: '怎样验证摇号', settings: AFTER_DRAW, open: visit('/about') },
  {
    name: 'paused',
    shows: '系统维护',
    settings: {
      page: {
        title: { 'zh-CN': '系统维护', en: 'Maintenance' },
        text: { 'zh-CN': '登记将于一小时后恢复。', en: 'Registration continues in one hour.' },
        retryAfterSeconds: 600,
      },
    },
    open: visit('/'),
  },
  {
    name: 'not-open',
    shows: '登记尚未开始',
    settings: { window: { opensAt: SOON, closesAt: '2026-10-09T00:00:00Z' } },
    open: visit('/register'),
  },
  { name: 'not-found', shows: '未找到此页面', open: visit('/nothing-here') },
];

/** To the state, from an intake that is set anew. */
export const reach = async (state: PageState, page: Page, intake: ServedIntake): Promise<void> => {
  intake.world.nowMs = NOW_MS;
  intake.world.settings = wholeSettings(state.settings);
  intake.world.find = async () => ({ kind: 'absent' });
  await state.open(page, intake);
};
