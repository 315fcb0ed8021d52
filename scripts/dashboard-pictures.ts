/**
 * Draws docs/images/dashboard-*.png in a real Chromium: `npm run pictures:dashboard -- [RECORDING] [SECOND]`. Without a recording of a run of
 * the demo, the picture shows a simulation, and says so.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readAssets } from '../cli/dashboard/assets.ts';
import { createBoard } from '../cli/dashboard/board.ts';
import type { Look } from '../cli/dashboard/format.ts';
import { parseRecording } from '../cli/dashboard/recording.ts';
import { frameOf } from '../cli/dashboard/replay.ts';
import { startDashboardServer } from '../cli/dashboard/server.ts';
import { launchChromium, openPage } from '../test/helpers/chromium.ts';
import { inPalette } from './dashboard/in-palette.ts';
import { simulatedRun } from './dashboard/simulated-run.ts';

const IMAGES = join(import.meta.dirname, '../docs/images');
const SCENE_SECONDS = 66;

interface Shot {
  readonly name: string;
  readonly look: Look;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}
const SHOTS: readonly Shot[] = [
  { name: 'light', look: { language: 'en', isWall: false }, colorScheme: 'light', width: 1280, height: 1180 },
  { name: 'dark', look: { language: 'en', isWall: false }, colorScheme: 'dark', width: 1280, height: 1180 },
  {
    name: 'wall',
    look: { language: 'zh-CN', isWall: true },
    colorScheme: 'dark',
    width: 1920,
    height: 1080,
  },
  {
    name: 'phone',
    look: { language: 'zh-CN', isWall: false },
    colorScheme: 'light',
    width: 360,
    height: 1180,
  },
];

const [file, second = String(SCENE_SECONDS)] = process.argv.slice(2);
const recording = parseRecording(
  file === undefined ? await simulatedRun() : await readFile(file, 'utf8'),
  file ?? 'the simulation',
);
const opensAtMs = Date.parse(recording.frames[0]?.campaign.spec.window.opensAt ?? '');
const board = createBoard();
for (const one of recording.frames.filter(({ atMs }) => atMs <= opensAtMs + Number(second) * 1000)) {
  board.take(frameOf(one, recording, { speed: 1, isOver: false }));
}
const server = await startDashboardServer({
  port: 0,
  look: { language: 'en', isWall: false },
  assets: await readAssets(),
  view: board.view,
});
const browser = await launchChromium();
try {
  for (const { name, look, colorScheme, width, height } of SHOTS) {
    const opened = await openPage(browser, { viewport: { width, height }, colorScheme });
    await opened.page.goto(`${server.url}?lang=${look.language}${look.isWall ? '&wall' : ''}`);
    await opened.page.waitForSelector('body[data-live]');
    const path = join(IMAGES, `dashboard-${name}.png`);
    await writeFile(path, inPalette(await opened.page.screenshot()));
    for (const text of [...opened.errors, ...opened.violations]) console.error(`${name}: ${text}`);
    console.log(`${path}: ${Math.round((await stat(path)).size / 1024)} KiB`);
    await opened.close();
  }
} finally {
  await browser.close();
  await server.close();
}
