import { describe, expect, it } from '@jest/globals';
import { ObjectStore } from '../../../local/processes/object-store.ts';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import { buildService } from '../../../operator/resources/service.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const deployment = buildDeployment(aCampaign(), 'intake', buildOptions);
const changed = buildDeployment(aCampaign(), 'intake', { ...buildOptions, logLevel: 'debug' });
const key = { kind: 'Deployment', namespace: 'vouchers', name: 'chengdu-intake' };

const withThree = (): ObjectStore => {
  const store = new ObjectStore();
  store.create(withReplicas(deployment, 3));
  return store;
};

describe('stored objects', () => {
  it('take replicas from a create and from nothing but scale afterwards', () => {
    const store = withThree();
    store.apply(withReplicas(changed, 9));
    expect(store.get(key)?.replicas).toBe(3);
    store.scale('vouchers', 'chengdu-intake', 5, store.get(key)?.resourceVersion ?? '');
    expect(store.get(key)?.replicas).toBe(5);
  });
  it('refuse a second create', () => {
    expect(() => withThree().create(deployment)).toThrow('Deployment/vouchers/chengdu-intake already exists');
  });
  it('keep their version when an apply changes nothing', () => {
    const store = withThree();
    const before = store.get(key)?.resourceVersion;
    expect(store.apply(structuredClone(deployment))).toBeUndefined();
    expect(store.get(key)?.resourceVersion).toBe(before);
    expect(store.apply(changed)?.resourceVersion).not.toBe(before);
  });
  it('meet an old version with a conflict, also after an apply', () => {
    const store = withThree();
    const before = store.get(key)?.resourceVersion ?? '';
    store.apply(changed);
    expect(store.scale('vouchers', 'chengdu-intake', 5, before)).toBe('conflict');
    expect(store.get(key)?.replicas).toBe(3);
  });
  it('are told apart by kind', () => {
    const store = withThree();
    expect(store.apply(buildService(aCampaign(), 'intake'))?.manifest.kind).toBe('Service');
    expect(store.get(key)?.manifest.kind).toBe('Deployment');
  });
  it('can only be scaled when they exist', () => {
    expect(() => new ObjectStore().scale('vouchers', 'nobody', 1, '1')).toThrow(/nobody not found/);
  });
});
