/** The draw of the demo: drand from a relay on this machine, and a public value that two people of the demo enter. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DRAW_COMMIT, drawSourceAnnotation } from '../../contract/names.ts';
import { createLocalChain } from '../drand/chain.ts';
import { startRelay } from '../drand/relay.ts';
import type { Override } from './profile.ts';

export interface DemoRelay {
  readonly url: string;
  /** @returns the chain's info, which is written for `draw verify`, too */
  writeInfo(stateDir: string): Promise<string>;
  stop(): Promise<void>;
}

const CHAIN_FILE = 'drand-chain.json';
const PERIOD_SECONDS = 1;
const LEAD_SECONDS = 10;
const SOURCE = 'lottery';

/** As the demo's lottery publishes it. */
export const PUBLIC_VALUE = '03 11 17 22 28 31 + 09';
export const COMMIT = { [DRAW_COMMIT]: 'by demo-owner' } as const;
export const VALUES = {
  [drawSourceAnnotation(SOURCE, 1)]: `by demo-notary: ${PUBLIC_VALUE}`,
  [drawSourceAnnotation(SOURCE, 2)]: `by demo-journalist: ${PUBLIC_VALUE}`,
} as const;

/** Nothing leaves this machine. The chain's key is new in each run. */
export const startDemoRelay = async (): Promise<DemoRelay> => {
  const seed = randomBytes(16).toString('hex');
  const genesisSeconds = Math.floor(Date.now() / 1_000) - 60;
  const chain = createLocalChain({ seed, genesisSeconds, periodSeconds: PERIOD_SECONDS });
  const { url, close } = await startRelay(chain);
  return {
    url,
    async writeInfo(stateDir) {
      const info = JSON.stringify(chain.info);
      await writeFile(join(stateDir, CHAIN_FILE), info);
      return info;
    },
    stop: close,
  };
};

/** Beside the folder `stack`, which is deleted after a run that passed. */
export const bundleFolder = (stateDir: string): string => join(stateDir, 'draw');
export const bundleOf = (stateDir: string, campaignId: string): string => join(bundleFolder(stateDir), campaignId);
export const chainFileOf = (bundle: string): string => join(dirname(dirname(bundle)), CHAIN_FILE);

export const drawnBy = ({ url }: Pick<DemoRelay, 'url'>): readonly Override[] => [
  {
    path: ['draw', 'sources'],
    value: [
      { name: 'drand', type: 'Drand', relays: [url] },
      {
        name: SOURCE,
        type: 'PublicValue',
        description: 'Numbers of the demo, separated by spaces, then + and the last one',
      },
    ],
    reason: 'the demo starts a relay of drand of its own',
  },
  { path: ['draw', 'leadSeconds'], value: LEAD_SECONDS, reason: 'the draw must fit into the demo' },
];
