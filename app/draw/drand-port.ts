/** drand as the draw's Job uses it: the pinned chain, or the one that a demo or a test hands in. */
import type { Drand } from './ports.ts';
import {
  chainFrom,
  type DrandChain,
  drandChains,
  firstRoundFrom,
  QUICKNET,
  QUICKNET_RELAYS,
  timeOfRound,
} from './sources/drand.ts';
import { type RelayProblem, readRound } from './sources/relays.ts';

export interface DrandOptions {
  /** As a relay answers /info, JSON. Absent: quicknet. */
  readonly chainInfo: string | undefined;
  readonly onProblems: (round: number, problems: readonly RelayProblem[]) => void;
}

/** @throws Error for a chain that is none */
export const createDrand = ({ chainInfo, onProblems }: DrandOptions): Drand => {
  const own: DrandChain | undefined = chainInfo === undefined ? undefined : chainFrom(JSON.parse(chainInfo));
  const chains = drandChains(...(own === undefined ? [] : [own]));
  const chain = own ?? QUICKNET;
  return {
    chain: chain.hash,
    roundFrom(atMs) {
      const round = firstRoundFrom(chain, atMs);
      return { round, atMs: timeOfRound(chain, round) };
    },
    async value({ name, chain: hash, round }, relays = QUICKNET_RELAYS, signal) {
      const of = chains.get(hash);
      if (of === undefined) throw new Error(`${name}: the chain ${hash} is not known to this release`);
      const { found, problems } = await readRound(of, round, { relays }, signal);
      if (problems.length > 0) onProblems(round, problems);
      return found === undefined ? undefined : { name, hex: found.randomness, signature: found.signature };
    },
  };
};
