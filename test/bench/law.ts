/**
 * The law on one step of a crowd, on about 200 plants, beside an exhaustive search for the fewest replicas that would have
 * done as well.
 *
 *   npm run bench -- law                seed of the cells: the commit that last changed operator/scaling
 *   npm run bench -- law --seed 1f2e3d
 */
import { parseArgs } from 'node:util';
import { decide } from '../../operator/scaling/decide.ts';
import { voucherOperator } from '../../simulation/policies/voucher-operator.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { cellsOf, runaway } from './law/cells.ts';
import { fallsOf } from './law/monotone.ts';
import { optimumOf, playLaw } from './law/play.ts';
import { lateRatio, median, podsRatio, type Result, replicasRatio, verdictOf } from './law/verdict.ts';
import { defaultCampaign } from './traces/cases.ts';
import { frozenSeed } from './traces/random.ts';

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

const row = ({ name, law, optimum }: Result): readonly string[] => [
  name,
  ...[law.late, optimum.late, optimum.bestLate].map(count),
  ...[law.mostWanted, law.mostReplicas, optimum.replicas].map(count),
  ...[law.podSeconds, optimum.podSeconds].map(count),
  String(law.turns),
];
const COLUMNS =
  'cell | late | at the optimum | best | most wanted | most written | optimum | pod·s | at the optimum | turns';

const figuresOf = (results: readonly Result[]) => ({
  cells: results.length,
  replicas: Number(median(results.map(replicasRatio)).toFixed(2)),
  late: Number(median(results.map(lateRatio)).toFixed(2)),
  worstLate: Number(Math.max(...results.map(lateRatio)).toFixed(2)),
  podSeconds: Number(median(results.map(podsRatio)).toFixed(2)),
  worstPodSeconds: Number(Math.max(...results.map(podsRatio)).toFixed(2)),
});

export const scenario: Scenario = {
  issue: '19',
  async run({ args, signal, progress }) {
    const { values } = parseArgs({ args: [...args], options: { seed: { type: 'string' } } });
    const seed = values.seed ?? frozenSeed();
    const campaign = await defaultCampaign();
    progress(`seed ${seed}`);
    progress(COLUMNS);
    const results = cellsOf(seed, campaign).map((cell) => {
      signal.throwIfAborted();
      const result = {
        name: cell.name,
        kind: cell.kind,
        tier: cell.tier,
        law: playLaw(cell, voucherOperator),
        optimum: optimumOf(cell),
      };
      progress(row(result).join(' | '));
      return result;
    });
    const checks = verdictOf(results, playLaw(runaway(campaign), voucherOperator), fallsOf(decide));
    return {
      kind: 'ran',
      holds: checks.every(({ holds }) => holds),
      summary: {
        seed,
        goals: checks.map(({ goal, measured, holds }) => `${holds ? 'holds' : 'MISSED'}: ${goal}: ${measured}`),
        ratios: Object.fromEntries(
          Object.entries(Object.groupBy(results, ({ kind, tier }) => `${kind} ${tier}`))
            .toSorted()
            .map(([group, cells = []]) => [group, JSON.stringify(figuresOf(cells))]),
        ),
      },
      raw: { columns: COLUMNS, rows: results.map((result) => row(result).join(' | ')) },
    };
  },
};
