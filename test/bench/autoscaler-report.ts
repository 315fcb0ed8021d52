/**
 * Writes the figures and plots of docs/autoscaler.md and docs/faq.md from the evidence; people write the words around them.
 * A unit test fails while a document shows figures that the evidence does not give.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scenario } from '../helpers/scenario.ts';
import { EVIDENCE, runsFile } from './autoscaler/bench.ts';
import { SCALE_CELLS, STEP_CELLS } from './autoscaler/cells.ts';
import { CROWDS } from './autoscaler/contest.ts';
import { plotRuns } from './autoscaler/plot.ts';
import { type Block, blocksOf, fillIn, plotName, plotted, TITLES } from './autoscaler/report.ts';
import { readRuns } from './autoscaler/results.ts';
import { remaining, runsOf } from './autoscaler/schedule.ts';
import { scaleChecks, stepChecks } from './autoscaler/verdict.ts';
import { autoscalerBlocks, faqBlocks, readSimulated } from './simulated-figures.ts';

const DOCS = join(import.meta.dirname, '../../docs');

const rewrite = async (name: string, blocks: readonly Block[]): Promise<void> => {
  const file = join(DOCS, name);
  await writeFile(file, fillIn(await readFile(file, 'utf8'), blocks));
};

export const scenario: Scenario = {
  issue: '05',
  async run({ progress }) {
    const [step, scale] = await Promise.all(['autoscaler', 'autoscaler-scale'].map((name) => readRuns(runsFile(name))));
    const [steps, scales] = [step ?? [], scale ?? []];
    const runs = [...steps, ...scales];
    const done = new Set(runs.map(({ id }) => id));
    const planned = runsOf([...STEP_CELLS, ...SCALE_CELLS], 0);
    const left = remaining(planned, done).length;
    const checks = left === 0 ? [...stepChecks(steps), ...scaleChecks(scales)] : undefined;
    const simulated = await readSimulated(EVIDENCE);
    await rewrite('autoscaler.md', [...blocksOf(runs, planned.length, checks), ...autoscalerBlocks(simulated)]);
    await rewrite('faq.md', faqBlocks(simulated));
    for (const { crowd, managerQps, runs: these } of plotted(runs)) {
      const name = plotName(crowd, managerQps);
      await writeFile(join(EVIDENCE, name), plotRuns(TITLES[crowd], CROWDS[crowd], these));
      progress(`docs/evidence/${name}: ${these.length} runs`);
    }
    return {
      kind: 'ran',
      holds: checks?.every(({ holds }) => holds) ?? true,
      summary: { runs: runs.length, left, checks: checks ?? 'when every run is there' },
      raw: {},
    };
  },
};
