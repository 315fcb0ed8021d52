/**
 * Ten minutes of kills, cuts, forgeries and changes of mind around the ceiling, then a minute in which the operator ignores
 * it: the checker must find nothing in the first and something in the second. `--minutes N`, `--seed N`.
 */
import { parseArgs } from 'node:util';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { playCeiling } from '../helpers/ceiling-play.ts';
import type { Scenario } from '../helpers/scenario.ts';

const SABOTAGE_SECONDS = 30;

export const scenario: Scenario = {
  issue: '06',
  async run({ args, signal, progress }) {
    const missing = whyNoCluster();
    if (missing !== undefined) return { kind: 'not_run', reason: missing };
    const options = { minutes: { type: 'string' }, seed: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const minutes = Number(values.minutes ?? 10);
    const seed = Number(values.seed ?? Date.now() % 1_000_000);
    progress(`${minutes} minutes with seed ${seed}`);
    const honest = await playCeiling({ seconds: minutes * 60, seed, ignoresCeiling: false, signal });
    progress(`${honest.raises.length} raises, ${honest.violations.length} of them above the ceiling`);
    const sabotaged = await playCeiling({ seconds: SABOTAGE_SECONDS, seed, ignoresCeiling: true, signal });
    progress(`sabotaged: ${sabotaged.violations.length} of ${sabotaged.raises.length} raises above the ceiling`);
    const isWatched = honest.writes === honest.audited;
    return {
      kind: 'ran',
      holds: honest.violations.length === 0 && honest.raises.length > 0 && isWatched && sabotaged.violations.length > 0,
      summary: {
        minutes,
        seed,
        deeds: honest.deeds,
        raises: honest.raises.length,
        aboveCeiling: honest.violations.length,
        writesSeen: honest.writes,
        writesAudited: honest.audited,
        sabotaged: { raises: sabotaged.raises.length, aboveCeiling: sabotaged.violations.length },
      },
      raw: { honest, sabotaged: sabotaged.violations },
    };
  },
};
