/** `npm run pictures:page`: every state of the citizens' page, as a phone shows it, in both languages: docs/images/page. With names: those states. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium } from '../test/helpers/chromium.ts';
import { startTestIntake } from '../test/helpers/intake.ts';
import { PAGE_STATES, reach } from '../test/helpers/page-states.ts';
import { inPalette } from './dashboard/in-palette.ts';

const OUT = join(import.meta.dirname, '../docs/images/page');
/** The end of a long page is the same everywhere. */
const MOST_HEIGHT = 2_200;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1 };
/** The other views, of one state each. */
const OTHERS = [
  ['open', 'elder', { ...PHONE, extraCookies: 'vc_size=elder' }],
  ['open', 'dark', { ...PHONE, colorScheme: 'dark' }],
  ['receipt', 'dark', { ...PHONE, colorScheme: 'dark' }],
  ['form', 'elder', { ...PHONE, extraCookies: 'vc_size=elder' }],
] as const;

const wanted = process.argv.slice(2);
const states = PAGE_STATES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
await mkdir(OUT, { recursive: true });
const browser = await launchChromium();

const picture = async (
  name: string,
  suffix: string,
  locale: string,
  options: Record<string, unknown> & { extraCookies?: string },
): Promise<void> => {
  const state = states.find((one) => one.name === name);
  if (state === undefined) return;
  const { extraCookies, ...context } = options;
  const intake = await startTestIntake();
  const opened = await browser.newContext({ ...context, locale });
  if (extraCookies !== undefined) {
    const [cookie = '', value = ''] = extraCookies.split('=');
    await opened.addCookies([{ name: cookie, value, url: intake.url }]);
  }
  const page = await opened.newPage();
  page.setDefaultTimeout(15_000);
  await reach(state, page, intake);
  await page.evaluate('scrollTo(0, 0)');
  const path = join(OUT, `${name}-${suffix}.png`);
  const height = Math.min(MOST_HEIGHT, Number(await page.evaluate('document.documentElement.scrollHeight')));
  const clip = { x: 0, y: 0, width: PHONE.viewport.width, height };
  const small = inPalette(await page.screenshot({ fullPage: true, clip }), 16);
  await writeFile(path, small);
  await opened.close();
  await intake.stop();
  console.log(`${path.slice(OUT.length + 1)} ${Math.ceil(small.length / 1024)} kB`);
};

/** A state that is not reached is named, and the others are drawn all the same. */
const drawn = (...wanted: Parameters<typeof picture>): Promise<void> =>
  picture(...wanted).catch((error: unknown) => {
    console.error(`${wanted[0]}-${wanted[1]}: ${String(error).split('\n', 1)[0]}`);
    process.exitCode = 1;
  });

try {
  for (const { name } of states) await drawn(name, 'zh', 'zh-CN', PHONE);
  for (const [name, suffix, options] of OTHERS) await drawn(name, suffix, 'zh-CN', options);
  for (const { name } of states) await drawn(name, 'en', 'en-GB', PHONE);
} finally {
  await browser.close();
}
