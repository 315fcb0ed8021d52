/** `kubectl voucher dashboard` as a person meets it: in a real Chromium, at an API server that comes and goes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { runCli } from '../../../cli/run.ts';
import { simulatedRun } from '../../../scripts/dashboard/simulated-run.ts';
import { aPlan, aStatus, conditions, NOW_MS } from '../../helpers/a-status.ts';
import { launchChromium, type Opened, openPage, runAxe } from '../../helpers/chromium.ts';
import { type DashboardApi, startDashboardApi } from '../../helpers/dashboard-api.ts';
import { eventually } from '../../helpers/eventually.ts';

let browser: Browser;
let dir = '';
let recording = '';
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  dir = await mkdtemp(join(tmpdir(), 'voucher-dashboard-'));
  recording = join(dir, 'recording.jsonl');
  await writeFile(recording, await simulatedRun());
});
afterEach(async () => {
  const failed: unknown[] = [];
  // One that fails must not leave the others open.
  for (const end of ends.splice(0).reverse()) await end().catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw failed[0];
});
afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

/** The address that the command prints; it ends with the test. */
const dashboard = async (args: readonly string[], kubeconfig = '/none'): Promise<string> => {
  const ended = new AbortController();
  const said: string[] = [];
  const code = runCli(['dashboard', ...args], {
    out: (text) => said.push(text),
    err: (text) => said.push(text),
    now: () => performance.now(),
    wallMs: () => NOW_MS,
    env: { KUBECONFIG: kubeconfig },
    interrupted: ended.signal,
  });
  ends.push(async () => {
    ended.abort();
    expect(await code).toBe(0);
  });
  return eventually(() => /^(http:\S+)\n/.exec(said.join(''))?.[1], { what: `an address in ${said.join('')}` });
};

const visit = async (url: string, options: BrowserContextOptions = {}): Promise<Opened> => {
  const opened = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
  ends.push(() => opened.close());
  await opened.page.goto(url);
  await opened.page.waitForSelector('body[data-live]');
  return opened;
};

const text = (opened: Opened, id: string): Promise<string> => opened.page.locator(`#${id}`).innerText();

/** Nothing was refused by the policy, and nothing was asked of another server. */
const expectClean = ({ violations, errors, requests }: Opened, url: string): void => {
  expect(violations).toEqual([]);
  expect(errors).toEqual([]);
  expect(requests.filter((one) => !one.startsWith(url))).toEqual([]);
};

const played = (look: readonly string[]): Promise<string> =>
  dashboard(['--replay', recording, '--speed', '1000', ...look]);
const isOver = (opened: Opened): Promise<void> =>
  eventually(async () => /ended|已结束/.test(await text(opened, 'source')), { what: 'the end' }).then(() => undefined);

describe('the page of a campaign in its flood', () => {
  let api: DashboardApi;
  const live = async (options: BrowserContextOptions = {}): Promise<{ opened: Opened; url: string }> => {
    api = await startDashboardApi();
    ends.push(() => api.close());
    const url = await dashboard(['spring', '-n', 'vouchers'], api.kubeconfig);
    return { opened: await visit(url, options), url };
  };

  it('shows what the API server tells, a change at once, and a plan with its command', async () => {
    const { opened, url } = await live();
    expect(await text(opened, 'head')).toContain('Spring vouchers');
    expect(await text(opened, 'health')).toContain('Healthy: no action needed.');
    expect(await text(opened, 'figures')).toContain('11,840');
    expect(await text(opened, 'tiers')).toContain('arrivals need it');
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    api.addPlan(aPlan());
    api.setStatus(aStatus({ arrivalsPerSecond: 15_310 }));
    await eventually(async () => (await text(opened, 'figures')).includes('15,310'), { what: 'the new arrivals' });
    expect(await text(opened, 'health')).toContain('Needs a person: a ScalePlan waits for its owner.');
    expect(await text(opened, 'needs')).toContain('kubectl voucher approve spring-i30-16rc8 -n vouchers');
    expect(await opened.page.locator('.plot canvas').count()).toBe(3);
    expect(api.received.filter((one) => !one.startsWith('GET '))).toEqual([]);
    expectClean(opened, url);
  });

  it('keeps its figures while the API server is away, says how old they are, and goes on by itself', async () => {
    const { opened } = await live();
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    await api.goAway();
    await eventually(async () => (await text(opened, 'stale')).includes('Age:'), { what: 'the age' });
    expect(await text(opened, 'stale')).toContain('the API server does not answer');
    expect(await text(opened, 'figures')).toContain('11,840');
    // Nothing is known of the operator meanwhile.
    expect(await text(opened, 'health')).toContain('Healthy');
    await api.comeBack();
    api.setStatus(aStatus({ arrivalsPerSecond: 9_120 }));
    await eventually(async () => (await text(opened, 'figures')).includes('9,120'), { what: 'the new arrivals' });
    await eventually(async () => (await text(opened, 'stale')) === '', { what: 'the age to go' });
  });

  it('copies a command by keyboard, and keeps the focus when the page is renewed', async () => {
    const { opened } = await live({ permissions: ['clipboard-read', 'clipboard-write'] });
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    api.addPlan(aPlan());
    await opened.page.waitForSelector('#needs button');
    await opened.page.locator('#needs button').focus();
    await opened.page.keyboard.press('Enter');
    await eventually(async () => (await text(opened, 'announce')) === 'Copied', { what: 'the announcement' });
    const copied = await opened.page.evaluate('navigator.clipboard.readText()');
    expect(copied).toBe('kubectl voucher approve spring-i30-16rc8 -n vouchers');
    api.addPlan(aPlan({}, 'another'));
    await eventually(async () => (await text(opened, 'needs')).includes('another'), { what: 'the other plan' });
    expect(await opened.page.evaluate('document.activeElement.dataset.copy')).toBe(copied);
  });

  it('shows text of a campaign as text', async () => {
    const { opened } = await live();
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    const message = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    api.setStatus(
      aStatus({ conditions: conditions({ type: 'Provisioned', status: 'False', reason: 'QuotaExceeded', message }) }),
    );
    await eventually(async () => (await text(opened, 'needs')).includes(message), { what: 'the message' });
    expect(await opened.page.title()).toBe('Campaign dashboard');
  });

  it('says that it has lost the command, when that has ended', async () => {
    const { opened } = await live();
    const end = ends.splice(1, 1)[0];
    await end?.();
    await opened.page.waitForSelector('#lost:not([hidden])');
    expect(await text(opened, 'lost')).toContain('No connection to kubectl voucher dashboard');
  });
});

const LOOKS: readonly (readonly [string, readonly string[], BrowserContextOptions])[] = [
  ['light, English', [], { colorScheme: 'light' }],
  ['dark, Chinese', ['--lang', 'zh-CN'], { colorScheme: 'dark' }],
  ['on a phone', ['--lang', 'zh-CN'], { viewport: { width: 360, height: 740 } }],
  ['on the wall', ['--wall'], { viewport: { width: 1920, height: 1080 } }],
  ['on the wall, English', ['--wall', '--lang', 'en'], { viewport: { width: 1920, height: 1080 } }],
];

describe('a replay', () => {
  it.each(LOOKS)(
    '%s: axe and the policy find nothing, and nothing is wider than the screen',
    async (_, args, options) => {
      const url = await played(args);
      const opened = await visit(url, options);
      await isOver(opened);
      expect(await runAxe(opened.page)).toEqual([]);
      const tooWide = await opened.page.evaluate(
        'document.documentElement.scrollWidth - document.body.parentElement.clientWidth',
      );
      expect(tooWide).toBeLessThanOrEqual(0);
      expectClean(opened, url);
    },
  );

  it('on the wall fits one screen, without scrolling and with nothing cut off', async () => {
    const opened = await visit(await played(['--wall']), { viewport: { width: 1920, height: 1080 } });
    await isOver(opened);
    const cut = await opened.page.evaluate(`[...document.querySelectorAll('.figure, .step, .panel, .chart, footer')]
      .filter((one) => one.getBoundingClientRect().bottom > innerHeight || one.scrollWidth > one.clientWidth + 1
        || one.scrollHeight > one.clientHeight + 2)
      .map((one) => one.className + ' ' + one.innerText)`);
    expect(cut).toEqual([]);
    const root = await opened.page.evaluate('document.documentElement.scrollHeight - innerHeight');
    expect(root).toBeLessThanOrEqual(0);
  });

  it('is worked by keyboard alone: skip link, tables beside charts, the other language', async () => {
    const url = await played([]);
    const opened = await visit(url);
    await isOver(opened);
    await opened.page.keyboard.press('Tab');
    expect(await opened.page.evaluate('document.activeElement.className')).toBe('skip');
    const summary = opened.page.locator('.chart-arrivals summary');
    await summary.focus();
    await opened.page.keyboard.press('Enter');
    expect(await opened.page.locator('#table-arrivals tbody tr').count()).toBeGreaterThan(5);
    const link = opened.page.locator('footer a').first();
    await link.focus();
    await opened.page.keyboard.press('Enter');
    await opened.page.waitForSelector('html[lang="zh-CN"]');
    expect(await text(opened, 'head')).toContain('成都消费券第三期');
  });

  it('is readable without JavaScript', async () => {
    const url = await played([]);
    const opened = await openPage(browser, { javaScriptEnabled: false });
    ends.push(() => opened.close());
    await opened.page.goto(url);
    expect(await opened.page.locator('#figures').innerText()).toContain('Arrivals');
    expect(await opened.page.locator('noscript').innerText()).toContain('Reload the page');
  });
});
