/** The helpers of these tests find what they are there to find. */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { bind } from '../../runtime/bind.ts';
import { launchChromium, openPage, runAxe } from '../helpers/chromium.ts';
import { eventually } from '../helpers/eventually.ts';

const GOOD = '<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1></main></html>';
const BAD =
  '<!doctype html><html><title>Bad</title><main><h1>Bad</h1><p style="color:#eee">pale</p><img src="x.png"></main><script>1</script></html>';

let browser: Browser;
let server: Server;
let url = '';

beforeAll(async () => {
  browser = await launchChromium();
  server = createServer((request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html', 'content-security-policy': "default-src 'none'; img-src 'self'" })
      .end(request.url === '/good' ? GOOD : BAD);
  });
  url = `http://127.0.0.1:${await bind(server, { host: '127.0.0.1', port: 0 })}`;
});
afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

describe('a page in Chromium', () => {
  it('that is good has no finding', async () => {
    const { page, violations, close } = await openPage(browser);
    await page.goto(`${url}/good`);
    expect(await runAxe(page)).toEqual([]);
    expect(violations).toEqual([]);
    await close();
  });

  it('that is bad is found: no language, no text for an image, an inline script and style', async () => {
    const { page, violations, requests, close } = await openPage(browser);
    await page.goto(`${url}/bad`);
    await eventually(async () => violations.length >= 2 || undefined, { what: 'both violations' });
    expect(violations.join('\n')).toContain('style-src');
    expect(violations.join('\n')).toContain('script-src');
    const found = (await runAxe(page)).join('\n');
    expect(found).toContain('html-has-lang');
    expect(found).toContain('image-alt');
    expect(requests).toContain(`${url}/x.png`);
    await close();
  });
});
