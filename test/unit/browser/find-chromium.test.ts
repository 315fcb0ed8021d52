/** Whether the suite in a browser runs: never by an installation that was not asked for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { NO_CHROMIUM, whyNoChromium } from '../../helpers/find-chromium.ts';

const dir = mkdtempSync(join(tmpdir(), 'voucher-chromium-'));
const file = join(dir, 'chromium');
writeFileSync(file, '');
afterAll(() => rmSync(dir, { recursive: true }));

it.each([
  ['runs with a Chromium on the PATH', { PATH: dir }, 1000, undefined],
  ['runs with the stated one', { PATH: '', CHROMIUM: file }, 1000, undefined],
  ['does not run without one', { PATH: '' }, 1000, NO_CHROMIUM],
  ['installs none for root who did not ask', { PATH: '' }, 0, NO_CHROMIUM],
  ['installs none for a user who is not root', { PATH: '', REQUIRE_CLUSTER: '1' }, 1000, NO_CHROMIUM],
])('%s', (_, env, uid, why) => {
  expect(whyNoChromium(env, uid)).toBe(why);
});
