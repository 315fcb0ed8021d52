/** Where this machine's Chromium is, and how one gets there. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { EnsureOptions } from '../../local/binaries.ts';
import { ensureCommand, isCommand } from '../../tools/cluster/host.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** The font has the Chinese characters of the pages. */
const PACKAGES = ['chromium', 'fonts-wqy-zenhei'];

/** The file in `CHROMIUM`, else the first one on the PATH. */
export const findChromium = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const stated = env['CHROMIUM'];
  if (stated !== undefined && stated !== '') return existsSync(stated) ? stated : undefined;
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
};

export const NO_CHROMIUM = `there is no Chromium on the PATH: install the packages ${PACKAGES.join(' and ')}, or set CHROMIUM to its file`;

/**
 * Why tests in a browser can't run here, or undefined. Where every suite must run (REQUIRE_CLUSTER=1) root on Debian gets one by
 * `ensureChromium`; elsewhere `npm test` installs nothing on the machine.
 */
export const whyNoChromium = (env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string | undefined => {
  const mayInstall = env['REQUIRE_CLUSTER'] === '1' && uid === 0 && isCommand('apt-get');
  return findChromium(env) !== undefined || mayInstall ? undefined : NO_CHROMIUM;
};

export const ensureChromium = async (options: EnsureOptions): Promise<void> => {
  if (findChromium() === undefined) await ensureCommand('chromium', PACKAGES, options);
};
