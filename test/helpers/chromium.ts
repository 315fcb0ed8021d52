/**
 * A real Chromium without a screen, for the tests in test/browser: the suite `browser` (test/suites.ts) gets one where it can, and
 * is listed as NOT RUN where it can't. (test/helpers/browser.ts is a client of cookies and redirects without a page.)
 */
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium, NO_CHROMIUM } from './find-chromium.ts';

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws Error with the remedy where there is none */
export const launchChromium = async (): Promise<Browser> => {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(NO_CHROMIUM);
  // Containers and root have no user namespaces for its sandbox.
  return chromium.launch({ executablePath, args: QUIET, chromiumSandbox: false });
};

export interface Opened {
  readonly page: Page;
  /** `script-src: inline`, of every page so far: what the Content-Security-Policy refused. */
  readonly violations: readonly string[];
  /** Uncaught errors of scripts, and errors in the console. */
  readonly errors: readonly string[];
  /** Address of every request. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const VIOLATION = 'csp-violation ';

/**
 * A page in a new context: no cookies, no cache.
 * @param options as playwright's; `bypassCSP: true` only where a test must add a script of its own
 */
export const openPage = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> => {
  const context = await browser.newContext(options);
  const [violations, errors, requests]: [string[], string[], string[]] = [[], [], []];
  context.on('request', (request) => requests.push(request.url()));
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    const text = message.text();
    if (text.startsWith(VIOLATION)) violations.push(text.slice(VIOLATION.length));
    else if (message.type() === 'error') errors.push(text);
  });
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    console.debug('${VIOLATION}' + event.effectiveDirective + ': ' + event.blockedURI))`);
  return { page, violations, errors, requests, close: () => context.close() };
};

/** What axe finds wrong on the page, each as `color-contrast (serious): .figure strong`. WCAG 2.2 A and AA. */
export const runAxe = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  )) as axe.AxeResults;
  return found.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target }) => `${id} (${impact}): ${target.join(' ')}`),
  );
};
