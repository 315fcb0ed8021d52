/** The draw of the demo: drand from a relay on this machine, and a public value that two people of the demo enter. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { verifyBundle } from '../../app/draw/bundle/verify.ts';
import { ENTRY_BYTES } from '../../app/draw/entry.ts';
import { chainFrom, drandChains } from '../../app/draw/sources/drand.ts';
import type { Listed } from '../../contract/decisions/control.ts';
import { DRAW_COMMIT, drawSourceAnnotation } from '../../contract/names.ts';
import { commitText, listDigits, sourceText } from '../../operator/draw/commands.ts';
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
/** Below the number of entries of each voucher, in the shortest trace as well. */
const QUOTA = 40;
const SOURCE = 'lottery';
export const OWNER = 'demo-owner';

/** As the demo's lottery publishes it. */
export const PUBLIC_VALUE = '03 11 17 22 28 31 + 09';
export interface Command {
  readonly user: string;
  readonly annotation: string;
  /** Undefined: the annotation is removed. */
  readonly text: string | undefined;
}
export const commitFor = (lists: Listed['lists']): readonly Command[] => [
  { user: OWNER, annotation: DRAW_COMMIT, text: commitText(OWNER, listDigits(lists)) },
];
/** @param commitment its digest */
export const valuesFor = (commitment: string): readonly Command[] =>
  (['demo-notary', 'demo-journalist'] as const).map((user, index) => ({
    user,
    annotation: drawSourceAnnotation(SOURCE, index === 0 ? 1 : 2),
    text: sourceText(user, commitment, PUBLIC_VALUE),
  }));

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

/**
 * @param relay undefined: without drand. The manifests of a cluster take no chain but the pinned ones
 * @param vouchers how many the campaign has
 */
export const drawnBy = (relay: Pick<DemoRelay, 'url'> | undefined, vouchers: number): readonly Override[] => [
  {
    path: ['draw', 'sources'],
    value: [
      ...(relay === undefined ? [] : [{ name: 'drand', type: 'Drand', relays: [relay.url] }]),
      {
        name: SOURCE,
        type: 'PublicValue',
        description: 'Numbers of the demo, separated by spaces, then + and the last one',
      },
    ],
    reason: relay === undefined ? 'two people of the demo enter it' : 'the demo starts a relay of drand of its own',
  },
  ...Array.from({ length: vouchers }, (_, index) => ({
    path: ['vouchers', String(index), 'quota'],
    value: QUOTA,
    reason: 'not everyone in the crowd can win',
  })),
  { path: ['draw', 'leadSeconds'], value: LEAD_SECONDS, reason: 'the draw must fit into the demo' },
];

export type DrawSabotage = 'tamper-bundle' | 'drop-entry';

/**
 * | sabotage      | what is changed in the bundle, before it is verified |
 * |---------------|------------------------------------------------------|
 * | tamper-bundle | one bit of the winners of the first voucher          |
 * | drop-entry    | the last entry of its list is taken out              |
 */
export const spoil = async (bundle: string, voucher: string, how: DrawSabotage): Promise<void> => {
  const file = join(bundle, voucher, how === 'tamper-bundle' ? 'winners.bin' : 'entries.bin');
  const bytes = await readFile(file);
  if (how === 'tamper-bundle') bytes[0] = (bytes[0] ?? 0) ^ 128;
  await writeFile(file, how === 'tamper-bundle' ? bytes : bytes.subarray(0, -ENTRY_BYTES));
};

/** As anyone verifies it, against the digests that the campaign's status shows. @returns what is wrong; undefined: nothing */
export const bundleProblem = async (
  bundle: string,
  published: { readonly commitment?: string; readonly result?: string },
  signal: AbortSignal,
): Promise<string | undefined> => {
  const chain = chainFrom(JSON.parse(await readFile(chainFileOf(bundle), 'utf8')));
  const verified = await verifyBundle(bundle, drandChains(chain), published, signal);
  return verified.kind === 'wrong'
    ? `the bundle of the draw is wrong: ${verified.fault.file}: ${verified.fault.problem}`
    : undefined;
};
