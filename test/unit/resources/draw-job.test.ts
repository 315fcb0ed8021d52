/** What a run of the draw's Job has besides the list's. */
import { describe, expect, it } from '@jest/globals';
import { ENV } from '../../../contract/app-contract.ts';
import { readDrawOrder } from '../../../contract/decisions/draw-order.ts';
import { runKeyOf } from '../../../contract/names.ts';
import type { DrawSpec } from '../../../contract/types/draw.ts';
import { drawOrder } from '../../../operator/draw/order.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { buildNetworkPolicy } from '../../../operator/resources/network-policy.ts';
import { aCampaign, DRAW } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const campaignWith = (draw: Partial<DrawSpec>) => {
  const sources = [{ name: 'drand', type: 'Drand' as const }];
  return aCampaign({ spec: { draw: { ...DRAW, sources, ...draw } } });
};
const runOf = (draw: Partial<DrawSpec>) => {
  const campaign = campaignWith(draw);
  const order = drawOrder(campaign.spec, 'owner');
  const { metadata, spec } = buildJob(campaign, { job: 'draw', run: 'r1', order }, buildOptions);
  const [container] = spec?.template.spec?.containers ?? [];
  const valueOfVariable = (name: string) => container?.env?.find((variable) => variable.name === name)?.value;
  return { name: metadata?.name, container, pod: spec?.template.spec, order, value: valueOfVariable };
};

describe('a run of the draw’s Job', () => {
  it('has a name and an order of its own', () => {
    const { name, value, order } = runOf({});
    expect(name).toBe('chengdu-draw-r1');
    expect(runKeyOf('chengdu', name ?? '')).toBe('draw-r1');
    expect(readDrawOrder(value(ENV.drawOrder) ?? '')).toEqual(order);
    expect([value(ENV.bundleDir), value(ENV.drandChain)]).toEqual([undefined, undefined]);
  });

  it('has texts of the spec in its order that the kubelet does not expand', () => {
    const description = 'in US$$ $(VOUCHER_POD_NAME)';
    const { value, order } = runOf({ sources: [{ name: 'prize', type: 'PublicValue', description }] });
    expect(value(ENV.drawOrder)).not.toContain('$');
    expect(readDrawOrder(value(ENV.drawOrder) ?? '')).toEqual(order);
  });

  it('writes its files to the claim, where one is stated, and nowhere else', () => {
    const { pod, container, value } = runOf({ bundleClaim: 'draw-bundle' });
    expect(value(ENV.bundleDir)).toBe('/var/voucher/bundle');
    expect(pod?.volumes).toContainEqual({ name: 'bundle', persistentVolumeClaim: { claimName: 'draw-bundle' } });
    const writable = (container?.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true);
    expect(writable).toEqual([{ name: 'bundle', mountPath: '/var/voucher/bundle' }]);
  });

  it('has the place and the keys of an object store, where one is stated, and may reach it', () => {
    const bundleStore = {
      url: 'https://s3.example.org:9000',
      region: 'us-east-1',
      bucket: 'draws',
      style: 'Path',
      secretName: 'draw-store',
    } as const;
    const { pod, container, value } = runOf({ bundleStore });
    expect(JSON.parse(value(ENV.bundleStore) ?? '')).toEqual(bundleStore);
    expect(value(ENV.bundleDir)).toBeUndefined();
    const [keys] = (pod?.volumes ?? []).filter(({ secret }) => secret?.secretName === 'draw-store');
    expect(container?.volumeMounts).toContainEqual({
      name: keys?.name,
      mountPath: value(ENV.bundleKeysDir),
      readOnly: true,
    });
    const egress = { campaigns: [aCampaign().spec.campaignId], names: [], journal: [], database: [] };
    const policy = buildNetworkPolicy(campaignWith({ bundleStore }), 'draw', { ...buildOptions, pods: { egress } });
    expect(JSON.stringify(policy.spec?.egress)).toContain('9000');
  });

  it('may reach the relays of drand, where egress is restricted', () => {
    const { campaignId } = aCampaign().spec;
    const egress = { campaigns: [campaignId], names: [], journal: [], database: [] };
    const options = { ...buildOptions, pods: { egress } };
    const ports = (draw: Partial<DrawSpec>) =>
      (buildNetworkPolicy(campaignWith(draw), 'draw', options).spec?.egress ?? []).flatMap(({ ports: all = [] }) =>
        all.map(({ port }) => port),
      );
    expect(ports({})).toEqual([443]);
    const relays = ['http://relay.example:8080', 'https://other.example'];
    expect(ports({ sources: [{ name: 'drand', type: 'Drand', relays }] })).toEqual([8080, 443]);
    expect(ports({ sources: [] })).toEqual([]);
  });

  it.each([
    [
      'without sources',
      '{"authorizedBy":"o","vouchers":[],"sources":[],"leadSeconds":60,"postponeSeconds":60}',
      'sources',
    ],
    ['without an owner', '{"vouchers":[],"sources":[],"leadSeconds":60,"postponeSeconds":60}', 'authorizedBy'],
  ])('refuses an order %s, and names the field', (_, text, field) => {
    expect(() => readDrawOrder(text)).toThrow(field);
  });
});
