/** The whole way of a citizen in Chromium: with the keyboard alone, with a slow network, through the queue, with a pod killed on the way. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { bind } from '../../../runtime/bind.ts';
import { launchChromium, type Opened, openPage } from '../../helpers/chromium.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  ACKNOWLEDGED,
  bodyOf,
  calmGuard,
  NOW_MS,
  type ServedIntake,
  settingsOf,
  startTestIntake,
} from '../../helpers/intake.ts';
import { fillForm, submitForm, wholeSettings } from '../../helpers/page-states.ts';

let browser: Browser;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const startIntake = async (journal: EventEnvelope[] = []): Promise<ServedIntake> => {
  const intake = await startTestIntake(calmGuard(), journal);
  stops.push(() => intake.stop());
  return intake;
};
const open = async (options: BrowserContextOptions = {}): Promise<Opened> => {
  const one = await openPage(browser, { locale: 'zh-CN', viewport: { width: 360, height: 740 }, ...options });
  stops.push(() => one.close());
  return one;
};

const focused = (page: Page): Promise<string> =>
  page.evaluate(
    "document.activeElement.id || document.activeElement.getAttribute('href') || document.activeElement.tagName",
  );

const tabTo = async (page: Page, wanted: string): Promise<void> => {
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${wanted}`);
};

const receipts = async (page: Page): Promise<readonly string[]> =>
  (await page.locator('dd.code').allInnerTexts()).map((text) => text.replaceAll(/\s/g, ''));

describe('a citizen', () => {
  it.each([
    ['at 360 px', { viewport: { width: 360, height: 740 } }],
    ['at 1280 px with a zoom of 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ['with larger text', { elder: true }],
  ])(
    'registers with the keyboard alone, %s',
    async (_how, { elder = false, ...options }: BrowserContextOptions & { elder?: boolean }) => {
      const intake = await startIntake();
      const { page, violations } = await open(options);
      if (elder) await page.context().addCookies([{ name: 'vc_size', value: 'elder', url: intake.url }]);
      const { name, idNumber, phone } = bodyOf(7);
      await page.goto(intake.url);
      await tabTo(page, '/register');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/register');
      for (const [field, value] of Object.entries({ name, idNumber, phone })) {
        await tabTo(page, field);
        await page.keyboard.type(String(value));
      }
      await tabTo(page, 'channel');
      await page.keyboard.press('Space');
      await page.keyboard.press('ArrowDown');
      await tabTo(page, 'consent');
      await page.keyboard.press('Space');
      await tabTo(page, 'BUTTON');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.receipt');
      expect(await focused(page)).toBe('notice');
      expect(intake.published).toHaveLength(1);
      expect(await receipts(page)).toEqual([
        expect.stringMatching(/^[0-9A-Z]{26}$/),
        expect.stringMatching(/^[0-9A-Z]{26}$/),
      ]);
      expect(violations).toEqual([]);
    },
  );

  it('gets one registration and its receipt when the pod is killed after it has stored it', async () => {
    const journal: EventEnvelope[] = [];
    const [first, second] = [await startIntake(journal), await startIntake(journal)];
    const sockets = new Set<Socket>();
    let target = first.port;
    const proxy: Server = createServer((socket) => {
      const inner = connect(target, '127.0.0.1');
      sockets.add(socket).add(inner);
      socket.on('error', () => undefined).pipe(inner);
      inner.on('error', () => undefined).pipe(socket);
      socket.on('close', () => inner.destroy());
      inner.on('close', () => socket.destroy());
    });
    const port = await bind(proxy, { host: '127.0.0.1', port: 0 });
    stops.push(async () => proxy.close());
    const killed = Promise.withResolvers<void>();
    first.world.publish = async () => {
      // The journal has it, and the answer never comes.
      target = second.port;
      for (const socket of sockets) socket.destroy();
      killed.resolve();
      return ACKNOWLEDGED;
    };
    const { page } = await open();
    await page.goto(`http://127.0.0.1:${port}/register`);
    await fillForm(page);
    await submitForm(page);
    await killed.promise;
    await page.waitForSelector('.receipt');
    const stored = journal.filter(({ type }) => type === 'received');
    expect(stored.map(({ receipt }) => receipt)).toEqual([(await receipts(page))[0]]);
  });

  it('waits in the queue with the form filled in, and is registered when it is their turn', async () => {
    const intake = await startIntake();
    const { queue } = intake.world;
    intake.world.settings = settingsOf({
      traffic: {
        admissionPerSecond: 1000,
        intakePods: 1,
        burstSeconds: 2,
        waitingRoom: { enabled: true, preQueueMinutes: 30 },
      },
    });
    await queue.claim(5_000, 0);
    queue.shuffled({ seed: '00'.repeat(32), count: 0 });
    queue.pace({ base: 0, ratePerSecond: 500, since: new Date(NOW_MS).toISOString() });
    const { page } = await open();
    await page.goto(`${intake.url}/register`);
    await page.waitForSelector('#queue:not([hidden])');
    await eventually(async () => /5,0\d\d/.test(await page.innerText('[data-queue-position]')), {
      what: 'the position',
    });
    await fillForm(page);
    await submitForm(page);
    await eventually(async () => (await page.innerText('[data-status]')) !== '', { what: 'words that it waits' });
    expect(intake.published).toHaveLength(0);
    queue.pace({ base: 9_000, ratePerSecond: 500, since: new Date(NOW_MS).toISOString() });
    await page.waitForSelector('.receipt', { timeout: 120_000 });
    expect(intake.published).toHaveLength(1);
  });

  it('finds the form as it was after a reload, and empty after the registration', async () => {
    const intake = await startIntake();
    const { page } = await open();
    await page.goto(`${intake.url}/register`);
    await fillForm(page);
    await page.reload();
    const { name, idNumber } = bodyOf(1);
    expect([await page.inputValue('#name'), await page.inputValue('#idNumber')]).toEqual([name, idNumber]);
    expect(await page.isChecked('#consent')).toBe(true);
    await submitForm(page);
    await page.waitForSelector('.receipt');
    await page.goto(`${intake.url}/register`);
    expect(await page.inputValue('#name')).toBe('');
  });

  it('scans the code of the receipt, and its secret is in no address that is sent or kept', async () => {
    const intake = await startIntake();
    const { json } = await intake.post(bodyOf(1));
    const { page, requests } = await open();
    await page.goto(`${intake.url}/r#${json['receiptNo']}.${json['receiptSecret']}`);
    await page.waitForSelector('.receipt');
    expect(page.url()).toBe(`${intake.url}/r`);
    expect(
      requests.filter((address) => address.includes(String(json['receiptSecret'])) && !address.startsWith('data:')),
    ).toEqual([]);
  });

  it('keeps the receipt as a picture', async () => {
    const intake = await startIntake();
    const { page, violations } = await open();
    await page.goto(`${intake.url}/register`);
    await fillForm(page);
    await submitForm(page);
    await page.waitForSelector('.receipt');
    await eventually(async () => (await page.getAttribute('[data-picture]', 'download')) === 'receipt.png', {
      what: 'the picture',
    });
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-picture]')]);
    expect(download.suggestedFilename()).toBe('receipt.png');
    await page.waitForSelector('[data-picture-place] img');
    expect(violations).toEqual([]);
  });

  it('goes back to a repeated submit while the journal does not answer, without typing anything again', async () => {
    const intake = await startIntake();
    let tries = 0;
    intake.world.publish = async () => {
      tries += 1;
      return tries < 3 ? { kind: 'unavailable', reason: 'timeout', retryAfterMs: 1 } : ACKNOWLEDGED;
    };
    const { page } = await open();
    await page.goto(`${intake.url}/register`);
    await fillForm(page);
    await submitForm(page);
    await page.waitForSelector('.receipt');
    expect(new Set(intake.published.map(({ receipt }) => receipt)).size).toBe(1);
  });
});

describe('the first load', () => {
  it('is below 60 kB, also of a campaign with an emblem, and shows on slow 3G', async () => {
    const intake = await startIntake();
    intake.world.settings = wholeSettings();
    const { page } = await open();
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 },
    });
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const startedAtMs = performance.now();
    await page.goto(intake.url, { waitUntil: 'networkidle' });
    console.log(`first load: ${bytes} bytes, ${Math.round(performance.now() - startedAtMs)} ms until idle on slow 3G`);
    expect(bytes).toBeGreaterThan(2_000);
    expect(bytes).toBeLessThan(60_000);
  });
});

describe('the policy', () => {
  it('refuses what a text could smuggle in: the twin of the pages without violations', async () => {
    const intake = await startIntake();
    const { page, violations } = await open();
    await page.goto(intake.url);
    await page.evaluate(`try { document.body.innerHTML = '<img src=x onerror=alert(1)>' } catch {}`);
    await page.evaluate(
      `{ const script = document.createElement('p'); script.setAttribute('style', 'color:red'); document.body.append(script) }`,
    );
    await eventually(() => violations.length > 0, { what: 'a violation' });
  });
});
