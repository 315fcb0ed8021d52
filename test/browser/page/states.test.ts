/** Every state of the citizens' page in Chromium: WCAG 2.2 AA by axe, nothing refused by the policy, and all of it within the screen. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchChromium, type Opened, openPage, runAxe } from '../../helpers/chromium.ts';
import { type ServedIntake, startTestIntake } from '../../helpers/intake.ts';
import { PAGE_STATES, type PageState, reach } from '../../helpers/page-states.ts';

let browser: Browser;
let intake: ServedIntake;
const opened: Opened[] = [];
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  intake = await startTestIntake();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await intake.stop();
});

const open = async (options: BrowserContextOptions): Promise<Opened> => {
  const one = await openPage(browser, { viewport: { width: 360, height: 740 }, ...options });
  opened.push(one);
  return one;
};

const withCookie = async ({ page }: Opened, name: string, value: string): Promise<void> => {
  await page.context().addCookies([{ name, value, url: intake.url }]);
};

/** Wider than the screen: it would have to be moved sideways. */
const overflow = ({ page }: Opened): Promise<unknown> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** The status codes of problems are errors in Chromium's console. */
const ofScripts = ({ errors }: Opened): readonly string[] =>
  errors.filter((text) => !text.startsWith('Failed to load resource'));

describe.each(PAGE_STATES.map((state): [string, PageState] => [state.name, state]))('%s', (_name, state) => {
  it('in Chinese, light, at 360 px', async () => {
    const one = await open({ locale: 'zh-CN', bypassCSP: true });
    await reach(state, one.page, intake);
    expect(await one.page.innerText('body')).toContain(state.shows);
    expect(await runAxe(one.page)).toEqual([]);
    expect(await overflow(one)).toBe(0);
  });

  it('in English, dark, with larger text, under its own policy', async () => {
    const checked = await open({ locale: 'en-GB', colorScheme: 'dark', bypassCSP: true });
    await withCookie(checked, 'vc_size', 'elder');
    await reach(state, checked.page, intake);
    expect(await runAxe(checked.page)).toEqual([]);
    expect(await overflow(checked)).toBe(0);
    const strict = await open({ locale: 'en-GB' });
    await reach(state, strict.page, intake);
    expect(strict.violations).toEqual([]);
    expect(ofScripts(strict)).toEqual([]);
    const ours = strict.requests.filter((address) => !address.startsWith('data:'));
    expect(ours.filter((address) => !address.startsWith(intake.url))).toEqual([]);
    expect(ours.filter((address) => /[0-9A-Z]{26}/.test(address))).toEqual([]);
  });

  if (state.needsScript !== true) {
    it('without JavaScript', async () => {
      const one = await open({ locale: 'zh-CN', javaScriptEnabled: false });
      await reach(state, one.page, intake);
      expect(await one.page.innerText('body')).toContain(state.shows);
    });
  }
});

describe('larger text', () => {
  it.each(['open', 'form', 'receipt', 'status-rejected'])(
    'of %s is 18 pt at least, with targets of 60 × 60',
    async (name) => {
      const state = PAGE_STATES.find((one) => one.name === name);
      const one = await open({ locale: 'zh-CN' });
      await withCookie(one, 'vc_size', 'elder');
      if (state !== undefined) await reach(state, one.page, intake);
      const small = await one.page.evaluate(`(() => {
      const shown = (element) => element.getClientRects().length > 0 && !element.closest('.unseen, .skip');
      const px = (element) => parseFloat(getComputedStyle(element).fontSize);
      const texts = [...document.querySelectorAll('p, li, dd, dt, label, legend, a, button, input, h1, h2, h3')].filter(shown);
      const targets = [...document.querySelectorAll('.button, .toggle, nav a, .choice, input[type=text], input[type=tel], summary')].filter(shown);
      return [
        ...texts.filter((element) => px(element) < 24).map((element) => 'text ' + element.className + ' ' + px(element)),
        ...targets.filter((element) => { const box = element.getBoundingClientRect(); return box.height < 60 || box.width < 60; })
          .map((element) => 'target ' + element.className + element.textContent),
      ];
    })()`);
      expect(small).toEqual([]);
    },
  );
});
