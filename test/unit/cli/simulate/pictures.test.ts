/** No text lies on another, whatever the names and figures; measured with a font that is wider than most. */
import { describe, expect, it } from '@jest/globals';
import { compare } from '../../../../cli/simulate/compare.ts';
import { comparisonPlot, seriesOf } from '../../../../cli/simulate/compare-plot.ts';
import { plot } from '../../../../cli/simulate/plot.ts';
import { type SweepValue, sweep } from '../../../../cli/simulate/sweep.ts';
import { sweepPlot } from '../../../../cli/simulate/sweep-plot.ts';
import { POLICIES, type PolicyName } from '../../../../simulation/policies/policy.ts';
import type { SimulationResult } from '../../../../simulation/simulation.ts';
import { textBoxes, unreadable } from '../../../helpers/svg-text.ts';
import { aResult } from './a-result.ts';

const DAY = 86_400;
/** Every policy with figures as long as the country is large, or with none. */
const FIGURES: Readonly<Record<string, Partial<SimulationResult>>> = {
  'nothing happens': { timeline: [], drainedAtSeconds: undefined },
  'small figures': { lateOver5Seconds: 1, podSeconds: 120 },
  'large figures': {
    lateOver5Seconds: 999_999_999,
    waitP99Seconds: 12 * DAY + 23 * 3_600,
    peakBacklog: 999_999_999,
    drainedAtSeconds: 12 * DAY + 23 * 3_600,
    maxReplicas: 10_000,
    podSeconds: 3_600 * 9_999_999,
  },
  'days before opening': {
    timeline: Array.from({ length: 200 }, (_, index) => ({
      t: (index - 190) * 3_600,
      arrivals: 1_000_000,
      backlog: index * 12_345_678,
      desired: index,
      ready: index,
      limitedBy: 'Load',
    })),
  },
};
const cases = Object.entries(FIGURES);

describe('a picture', () => {
  it('is found unreadable when it is', () => {
    const of = (x: number) =>
      `<svg viewBox="0 0 300 100"><style>svg{font:12px sans-serif}</style><text x="10" y="50">KEDA, tuned, HPA each 1 s (3)</text><text x="${x}" y="50">this operator</text></svg>`;
    expect(unreadable(of(170))).toEqual(['"KEDA, tuned, HPA each 1 s (3)" lies on "this operator"']);
    expect(unreadable(of(200))).toEqual([]);
    expect(unreadable(of(280))).toEqual(['"this operator" leaves the picture']);
  });

  it.each(cases.flatMap(([name, figures]) => POLICIES.map((policy) => ({ name, policy, figures }))))(
    'of $policy is readable: $name',
    ({ policy, figures }) => {
      for (const ceiling of [1, 450, 1_000_000]) {
        expect(unreadable(plot(aResult({ ...figures, policy }), ceiling))).toEqual([]);
      }
    },
  );

  it.each(cases)('of all policies is readable and names each once: %s', (_, figures) => {
    for (const costPerPodHour of [undefined, 0, 99]) {
      const results = POLICIES.map((policy) => aResult({ ...figures, policy }));
      const picture = comparisonPlot(compare(results, costPerPodHour), results);
      expect(unreadable(picture)).toEqual([]);
      const texts = textBoxes(picture).map(({ text }) => text);
      for (const policy of POLICIES) expect(texts.filter((text) => text === policy)).toHaveLength(1);
      expect(picture).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('gives every policy a colour of its own', () => {
    const results = POLICIES.map((policy) => aResult({ policy }));
    const picture = comparisonPlot(compare(results, undefined), results);
    const colours = POLICIES.map((policy) => new RegExp(`\\.${seriesOf(policy)} \\{ fill: (#\\w+)`).exec(picture)?.[1]);
    expect(new Set(colours)).toHaveProperty('size', POLICIES.length);
    expect(colours).not.toContain(undefined);
  });

  it('begins with the sentence that the table begins with', () => {
    const results = POLICIES.map((policy, index) => aResult({ policy, lateOver5Seconds: 1_000 * index }));
    const comparison = compare(results, undefined);
    const [first, second] = textBoxes(comparisonPlot(comparison, results));
    expect(`${first?.text} ${second?.text}`).toBe(comparison.summary);
  });

  const SWEEPS: Readonly<Record<string, readonly SweepValue[]>> = {
    'two numbers': [1, 2],
    'fifty large numbers': Array.from({ length: 50 }, (_, index) => 1_000_000_000 + index),
    words: ['additive', 'economical'],
    'long words, and signs of XML': ['<a & "b">'.repeat(20), 'x'.repeat(300), 'short'],
  };
  it.each(Object.entries(SWEEPS))('of a sweep is readable: %s', (_, values) => {
    const policy: PolicyName = 'voucher-operator';
    for (const [, figures] of cases) {
      const runs = values.map((value, index) => ({
        value,
        result: aResult({ lateOver5Seconds: 1_000_000_000 - index, ...figures }),
      }));
      const picture = sweepPlot(sweep('scaling.authorized.windows[0].ceilings.intake', runs, policy, 1));
      expect(unreadable(picture)).toEqual([]);
      expect(picture).not.toMatch(/<a |NaN|undefined|Infinity/);
    }
  });
});
