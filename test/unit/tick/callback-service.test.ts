/** What issuance pods get so that channels can call them back. */
import { describe, expect, it } from '@jest/globals';
import { ENV, PORTS } from '../../../contract/app-contract.ts';
import { rightsOf, WORKLOADS } from '../../../contract/jobs.ts';
import type { Manifest } from '../../../operator/resources/manifest.ts';
import { journalSpec } from '../../../operator/tick/journal-spec.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions, planDeps } from '../../helpers/build-options.ts';
import { anIssuingCampaign } from '../../helpers/issuance-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';

const planOf = (campaign: ReturnType<typeof aCampaign>) => {
  const observed = anObserved({ cluster: { tiers: {}, plans: [] } });
  const { create, apply } = planTick(campaign, observed, CLOSES_AT_MS, planDeps);
  return (kind: Manifest['kind'], name: string) =>
    [...create, ...apply].find((manifest) => manifest.kind === kind && manifest.metadata?.name === name);
};

describe('issuance pods', () => {
  const find = planOf(anIssuingCampaign());

  it('are behind a Service, and are reached on its port from anywhere', () => {
    expect(find('Service', 'chengdu-issuance')).toMatchObject({ spec: { ports: [{ port: 80, targetPort: 'http' }] } });
    expect(find('NetworkPolicy', 'chengdu-issuance')).toMatchObject({
      spec: { ingress: expect.arrayContaining([{ ports: [{ port: 'http', protocol: 'TCP' }] }]) },
    });
    const deployment = find('Deployment', 'chengdu-issuance');
    const [container] = deployment?.kind === 'Deployment' ? (deployment.spec?.template.spec?.containers ?? []) : [];
    expect(container?.ports).toContainEqual({ name: 'http', containerPort: PORTS.http });
    expect(container?.env).toContainEqual({ name: ENV.portHttp, value: String(PORTS.http) });
    expect(container?.env?.map(({ name }) => name)).not.toContain(ENV.serviceUrl);
  });

  it('have no Service in a campaign without issuance', () => {
    expect(planOf(aCampaign())('Service', 'chengdu-issuance')).toBeUndefined();
  });
});

describe('the bucket of claims', () => {
  it('is there in campaigns with issuance', () => {
    expect(journalSpec(anIssuingCampaign(), buildOptions)).toMatchObject({ hasClaims: true });
    expect(journalSpec(aCampaign(), buildOptions)).toMatchObject({ hasClaims: false });
  });

  it('takes from each tier its own kinds only: no intake can say whose a voucher is', () => {
    const kinds = WORKLOADS.map((workload) => [workload, rightsOf(workload).buckets.claims ?? []] as const);
    expect(Object.fromEntries(kinds.filter(([, claims]) => claims.length > 0))).toEqual({
      intake: ['assertion', 'account'],
      issuance: ['coupon'],
    });
  });
});
