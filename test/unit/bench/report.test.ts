import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SCALE_CELLS, STEP_CELLS } from '../../bench/autoscaler/cells.ts';
import { CONTESTANTS, CROWD_NAMES, CROWDS } from '../../bench/autoscaler/contest.ts';
import { plotRuns } from '../../bench/autoscaler/plot.ts';
import { blocksOf, fillIn, plotName, plotted, shown, TITLES, tableOf } from '../../bench/autoscaler/report.ts';
import { readRuns } from '../../bench/autoscaler/results.ts';
import { remaining, runsOf } from '../../bench/autoscaler/schedule.ts';
import { scaleChecks, stepChecks } from '../../bench/autoscaler/verdict.ts';
import { autoscalerBlocks, faqBlocks, readSimulated } from '../../bench/simulated-figures.ts';
import { unreadable } from '../../helpers/svg-text.ts';
import { aRun } from './a-run.ts';

const DOCS = join(import.meta.dirname, '../../../docs');
const evidence = (name: string): string => join(DOCS, 'evidence', name);

describe('a table of runs', () => {
  it('has a row for each contestant that ran, with median and extremes', () => {
    const runs = [
      aRun({ id: 'a' }),
      aRun({ id: 'b', figures: { readyMs: 8_000 } }),
      aRun({ id: 'c', figures: { readyMs: undefined } }),
    ];
    const [, , row = '', ...others] = tableOf(runs, 'step-2-40', 20).split('\n');
    expect(others).toEqual(['', expect.stringContaining('over 60 s, in which 33,000 come')]);
    expect(row).toContain('| this operator | 3 | 1.0 s | 1.4 s | 7.0 s (6.0 s–8.0 s), in 2 of 3 |');
  });

  it('says that nothing was measured rather than nothing', () => {
    expect(tableOf([], 'spikes', 20)).toBe('Not measured yet.');
    expect(shown(undefined, 3, String)).toBe('never');
  });
});

describe('the document', () => {
  it('gets figures into their places, again and again', () => {
    const block = { name: 'a', text: 'one' };
    const once = fillIn('before\n<!-- figures a -->\n<!-- end -->\nafter', [block]);
    expect(once).toBe('before\n<!-- figures a -->\none\n<!-- end -->\nafter');
    expect(fillIn(once, [{ ...block, text: 'two' }])).toBe(once.replace('one', 'two'));
    expect(() => fillIn('nothing', [block])).toThrow('no place');
  });

  it('says how many runs there are, of which code, and how busy the machine was', () => {
    const text = blocksOf([aRun({ id: 'a' }), aRun({ id: 'b', loadAverage: 9 })], 70, undefined).find(
      ({ name }) => name === 'runs',
    );
    expect(text?.text).toContain('2 of 70 planned runs are there');
    expect(text?.text).toContain('4.8 (0.5–9.0)');
  });

  it('judges nothing before every run is there', () => {
    const text = (checks: Parameters<typeof blocksOf>[2]) => blocksOf([aRun({ id: 'a' })], 70, checks).at(-1)?.text;
    expect(text(undefined)).toContain('still to do');
    expect(text([{ what: 'fast', holds: false }])).toBe('- does **not** hold: fast');
  });

  it('shows no figure that the runs do not give: npm run bench -- autoscaler-report writes them', async () => {
    const [steps, scales] = [
      await readRuns(evidence('05-bench-autoscaler.jsonl')),
      await readRuns(evidence('05-bench-autoscaler-scale.jsonl')),
    ];
    const runs = [...steps, ...scales];
    const planned = runsOf([...STEP_CELLS, ...SCALE_CELLS], 0);
    const left = remaining(planned, new Set(runs.map(({ id }) => id)));
    const checks = left.length === 0 ? [...stepChecks(steps), ...scaleChecks(scales)] : undefined;
    const document = await readFile(join(DOCS, 'autoscaler.md'), 'utf8');
    expect(fillIn(document, blocksOf(runs, planned.length, checks))).toBe(document);
    for (const { crowd, managerQps, runs: these } of plotted(runs)) {
      const picture = await readFile(evidence(plotName(crowd, managerQps)), 'utf8');
      expect(plotRuns(TITLES[crowd], CROWDS[crowd], these)).toBe(picture);
    }
  });
});

describe('the simulated figures', () => {
  it.each([
    ['autoscaler.md', autoscalerBlocks],
    ['faq.md', faqBlocks],
  ])('of %s are those of the evidence: npm run bench -- autoscaler-report writes them', async (name, blocks) => {
    const document = await readFile(join(DOCS, name), 'utf8');
    expect(fillIn(document, blocks(await readSimulated(join(DOCS, 'evidence'))))).toBe(document);
  });

  it('have plain words for every goal', async () => {
    const evidence = await readSimulated(join(DOCS, 'evidence'));
    const summary = { ...evidence.law.summary, goals: ['holds: another goal: 1'] };
    expect(() => autoscalerBlocks({ ...evidence, law: { ...evidence.law, summary } })).toThrow('another goal');
  });
});

describe('a plot', () => {
  it('has two lines a run, and is small', () => {
    const runs = Array.from({ length: 33 }, (_, index) => aRun({ id: `${index}` }));
    const picture = plotRuns('A step', CROWDS['step-2-40'], runs);
    expect(picture.match(/class="line"/g)).toHaveLength(66);
    expect(picture).toContain('this operator (33)');
    expect(picture).not.toContain('NaN');
    expect(picture.length).toBeLessThan(40_000);
  });

  it('has no text that lies on another, whoever ran and for how long', () => {
    const sets = [...CONTESTANTS.map((_, index) => CONTESTANTS.slice(index)), ...CONTESTANTS.map((one) => [one])];
    for (const crowd of CROWD_NAMES) {
      for (const seconds of [9, 100, 131, 1_200, 3_600]) {
        for (const contestants of sets) {
          const runs = contestants.flatMap((contestant) =>
            Array.from({ length: 33 }, () =>
              aRun({
                id: 'a',
                contestant,
                series: {
                  ...aRun({ id: 'a' }).series,
                  load: [
                    [0, 0, 0],
                    [seconds, 9_000_000, 0],
                  ],
                },
              }),
            ),
          );
          expect(unreadable(plotRuns(TITLES[crowd], CROWDS[crowd], runs))).toEqual([]);
        }
      }
    }
  });
});
