/** The files of the page: our own, and uPlot from its package. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const { resolve } = createRequire(import.meta.url);
const own = (name: string): string => fileURLToPath(new URL(`web/${name}`, import.meta.url));

/** By the name under which the page asks for it. */
export const readAssets = async (): Promise<ReadonlyMap<string, Asset>> => {
  const read = async (name: string, type: string, file: string): Promise<readonly [string, Asset]> => [
    name,
    { type, body: await readFile(file) },
  ];
  return new Map(
    await Promise.all([
      read('page.mjs', SCRIPT, own('page.mjs')),
      read('page.css', STYLE, own('page.css')),
      read('uplot.mjs', SCRIPT, resolve('uplot/dist/uPlot.esm.js')),
      read('uplot.css', STYLE, resolve('uplot/dist/uPlot.min.css')),
    ]),
  );
};
