/** What the set-up looks at before it makes anything. */
import { describe, expect, it } from '@jest/globals';
import type { ApiCall, KubeClient } from '../../../operator/kube/client.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { setupRequest } from '../../../operator/setup/secrets.ts';
import { livingCampaigns } from '../../../operator/setup/what-lives.ts';

const { signal } = new AbortController();
const vcamp = (namespace: string, campaignId: string) => ({
  metadata: { namespace, name: `${campaignId}-2027`, uid: 'u', resourceVersion: '1' },
  spec: { campaignId, dataPlane: { secretName: 'd' }, privacy: { keySecretName: 'p' } },
});
const asked = (campaignId: string) => ({
  campaignId,
  namespace: 'vouchers',
  dataPlaneSecretName: 'd',
  privacySecretName: 'p',
});
const request = (rest: object) =>
  setupRequest.parse({
    release: 'vo',
    namespace: 'system',
    natsUrls: 'tls://a',
    natsNames: ['a'],
    postgresNames: ['b'],
    postgresHost: 'b',
    campaigns: [asked('spring'), asked('new')],
    ...rest,
  });

/** A cluster of two campaigns; the first has its ConfigMap. */
const cluster = (): { readonly client: KubeClient; readonly calls: ApiCall[] } => {
  const calls: ApiCall[] = [];
  const items = [vcamp('vouchers', 'spring'), vcamp('vouchers', 'new'), vcamp('other', 'theirs')];
  const call = (one: ApiCall): Promise<unknown> => {
    calls.push(one);
    const { verb, namespace, name } = one;
    if (verb === 'list') {
      const found = items.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
      return Promise.resolve({ metadata: { resourceVersion: '1' }, items: found });
    }
    if (name === 'spring-2027-app') {
      return Promise.resolve({ data: { 'config.json': JSON.stringify({ v: 1, shards: 5, journalReplicas: 3 }) } });
    }
    return Promise.reject(new KubeError({ kind: 'not_found', attempted: 'get', attempt: 1, message: 'absent' }));
  };
  return { client: { call, open: () => Promise.reject(new Error('nothing is watched')) }, calls };
};
const seen = async (rest: object): Promise<readonly string[]> =>
  (await livingCampaigns(cluster().client, request(rest), signal)).map(({ campaignId }) => campaignId);

describe('the campaigns that live', () => {
  it('are all of them where no namespace is named', async () => {
    expect(await seen({})).toEqual(['spring', 'new', 'theirs']);
  });

  it('are those of the namespaces that are there, of which there may be none', async () => {
    expect(await seen({ watchNamespaces: ['other'] })).toEqual(['theirs']);
    expect(await seen({ watchNamespaces: [] })).toEqual([]);
  });

  it('say what they were made with, of those that are asked for', async () => {
    const { client, calls } = cluster();
    const made = (await livingCampaigns(client, request({}), signal)).map((one) => one.made);
    expect(made).toEqual([{ shards: 5, journalReplicas: 3 }, undefined, undefined]);
    expect(calls.filter(({ verb }) => verb === 'get').map(({ name }) => name)).toEqual([
      'spring-2027-app',
      'new-2027-app',
    ]);
  });
});
