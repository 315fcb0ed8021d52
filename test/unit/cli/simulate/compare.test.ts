import { describe, expect, it } from '@jest/globals';
import { compare, comparisonTable } from '../../../../cli/simulate/compare.ts';
import type { PolicyName } from '../../../../simulation/policies/policy.ts';
import { aResult } from './a-result.ts';

const results = (figures: Partial<Record<PolicyName, readonly [late: number, podHours: number]>>) =>
  Object.entries(figures).map(([policy, [lateOver5Seconds, podHours]]) =>
    aResult({ policy: policy as PolicyName, lateOver5Seconds, podSeconds: podHours * 3_600 }),
  );

describe('a comparison', () => {
  it('names the one that is best at both', () => {
    const { summary, best } = compare(
      results({ 'voucher-operator': [300, 20], 'keda-expert': [340, 30], 'no-autoscaler': [90_000, 1] }),
      undefined,
    );
    expect(summary).toBe(
      'voucher-operator is best: fewest late citizens (300), and fewest pod-hours among those with about as few (20).',
    );
    expect(best).toEqual({ fewestLate: ['voucher-operator'], fewestPodHours: ['voucher-operator'] });
  });

  it('names two that are best at different things; fifty more are about as few', () => {
    const { summary } = compare(
      results({ 'voucher-operator': [300, 20], 'keda-expert': [350, 10], 'hpa-default': [351, 5] }),
      undefined,
    );
    expect(summary).toBe(
      'Fewest late citizens: voucher-operator (300). Fewest pod-hours with about as few: keda-expert (10, 350 late citizens).',
    );
  });

  it('counts one in a hundred more as about as few where many are late', () => {
    const { best } = compare(
      results({ 'voucher-operator': [300_000, 20], 'keda-expert': [303_000, 10], 'hpa-default': [303_001, 5] }),
      undefined,
    );
    expect(best.fewestPodHours).toEqual(['keda-expert']);
  });

  it('names all that are equal', () => {
    const { summary } = compare(
      results({ 'voucher-operator': [0, 20], 'keda-expert': [0, 20], 'hpa-default': [0, 21] }),
      undefined,
    );
    expect(summary).toMatch(/^voucher-operator and keda-expert are best: /);
  });

  it('names only the leanest where many have as few late', () => {
    const { summary, best } = compare(results({ 'voucher-operator': [0, 20], 'no-autoscaler': [0, 2] }), undefined);
    expect(summary).toMatch(/^no-autoscaler is best: /);
    expect(best.fewestLate).toEqual(['voucher-operator', 'no-autoscaler']);
  });

  it('has a cost with a price only; others than the operator ask no owner', () => {
    const all = results({ 'voucher-operator': [0, 20], 'keda-expert': [0, 0.05] });
    const [, , head, first, second] = comparisonTable(compare(all, 0.5)).split('\n');
    expect(head?.split(/ {2,}/)).toEqual(['policy', 'late (> 5 s)', '99 % wait', 'pod-hours', 'cost', 'ScalePlans']);
    expect(first?.split(/ {2,}/)).toEqual(['voucher-operator', '0', '16 s', '20', '10', '0']);
    expect(second?.split(/ {2,}/)).toEqual(['keda-expert', '0', '16 s', '0.05', '0.025', '-']);
    expect(comparisonTable(compare(all, undefined))).not.toContain('cost');
  });
});
