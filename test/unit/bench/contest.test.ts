import { describe, expect, it } from '@jest/globals';
import { admitCampaign } from '../../../admission/admission.ts';
import { arrivalsFor, CROWD_NAMES, CROWDS, kedaFormula, replicasByFormula } from '../../bench/autoscaler/contest.ts';
import { campaignFor, kedaDocumented, kedaExpert, podOptionsFor, podsFor } from '../../bench/autoscaler/manifests.ts';
import { manifestsOf } from '../../bench/autoscaler/published.ts';

describe('the contest', () => {
  it('brings crowds that ask for what their names say, by the formula of KEDA and by ours', () => {
    expect(arrivalsFor(40)).toBeCloseTo(553);
    for (const replicas of [2, 20, 30, 40, 572]) expect(replicasByFormula(arrivalsFor(replicas), 0)).toBe(replicas);
  });

  it('adds replicas for a backlog', () => {
    expect(kedaFormula()).toBe('rps / 14 + lag / 600');
    expect(replicasByFormula(553, 3_600)).toBe(46);
    expect(replicasByFormula(0, 0)).toBe(0);
  });

  it('has crowds that rise, come to an end, and leave room above their peak', () => {
    for (const name of CROWD_NAMES) {
      const { from, to, most, arrivalsAt, windowSeconds } = CROWDS[name];
      const rates = Array.from({ length: windowSeconds }, (_, second) => arrivalsAt(second + 0.5));
      expect(Math.max(...rates)).toBeCloseTo(arrivalsFor(to));
      expect(Math.min(...rates)).toBeGreaterThanOrEqual(arrivalsFor(from));
      expect(most).toBeGreaterThan(to);
    }
  });

  it('has three spikes, and rest in between', () => {
    const { arrivalsAt } = CROWDS.spikes;
    const isSpike = [0, 19, 20, 39, 40, 60, 80, 99, 100].map((second) => arrivalsAt(second) > arrivalsFor(3));
    expect(isSpike).toEqual([true, true, false, false, true, false, true, true, false]);
  });
});

describe('manifests', () => {
  const crowd = CROWDS['step-2-40'];

  it('of KEDA as documented leave everything at its default', () => {
    const { spec } = kedaDocumented(crowd, 'http://model');
    expect(Object.keys(spec).toSorted()).toEqual(['maxReplicaCount', 'minReplicaCount', 'scaleTargetRef', 'triggers']);
    expect(JSON.stringify(spec)).toContain('"targetValue":"14"');
    expect(JSON.stringify(spec)).toContain('"targetValue":"600"');
  });

  it('of the expert ask each second, by one formula, and put no brake on the way up', () => {
    expect(kedaExpert(crowd, 'http://model').spec).toMatchObject({
      pollingInterval: 1,
      minReplicaCount: 2,
      maxReplicaCount: 60,
      advanced: {
        scalingModifiers: { formula: 'rps / 14 + lag / 600', target: '1', metricType: 'AverageValue' },
        horizontalPodAutoscalerConfig: { behavior: { scaleUp: { stabilizationWindowSeconds: 0 } } },
      },
      triggers: [
        { name: 'rps', useCachedMetrics: false },
        { name: 'lag', useCachedMetrics: false },
      ],
    });
  });

  it('have the same bounds for everybody', () => {
    const [campaign] = manifestsOf('ours', 'step-2-40', podOptionsFor());
    expect(campaign).toMatchObject({
      spec: { scaling: { authorized: { ceilings: { records: 60 } }, tiers: { records: { min: 2, max: 60 } } } },
    });
  });

  it('have a campaign that is admitted', () => {
    for (const name of CROWD_NAMES) {
      expect(admitCampaign(JSON.stringify(campaignFor(CROWDS[name], Date.now())))).toMatchObject({ kind: 'admitted' });
    }
  });

  it('of the pods belong to nobody, so that nothing takes them away', () => {
    const objects = podsFor(crowd, podOptionsFor(), 0);
    expect(JSON.stringify(objects)).not.toContain('ownerReferences');
    expect(objects.at(-1)).toMatchObject({
      kind: 'Deployment',
      metadata: { name: 'contest-records' },
      spec: { replicas: 2 },
    });
  });
});
