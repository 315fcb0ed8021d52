/** Campaigns on a real API server, for tests and evidence. */
import { readFile } from 'node:fs/promises';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { parse } from 'yaml';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { eventually } from './eventually.ts';
import type { KubeApi } from './kube-api.ts';

export const APPS = '/apis/apps/v1';
export const CORE = '/api/v1';
export const GROUP = '/apis/voucher-operator.io/v1alpha1';

const DAY_MS = 86_400_000;
const SOON = { everyMs: 50 };

/** The smallest campaign of the examples; opens in a month unless stated. */
export const campaignBody = async (
  name: string,
  changes: { readonly opensInMs?: number; readonly spec?: object } = {},
): Promise<object> => {
  const minimal: { readonly spec: Partial<VoucherCampaignSpec> } = parse(
    await readFile(new URL('../../examples/minimal.yaml', import.meta.url), 'utf8'),
  );
  const opensAtMs = Date.now() + (changes.opensInMs ?? 30 * DAY_MS);
  return {
    ...minimal,
    metadata: { name },
    spec: {
      ...minimal.spec,
      campaignId: name,
      window: {
        opensAt: new Date(opensAtMs).toISOString(),
        closesAt: new Date(opensAtMs + 7 * DAY_MS).toISOString(),
      },
      ...changes.spec,
    },
  };
};

/** A crowd is forecast and the window is open: 7,000/s at 500/s and 70 % are 20 replicas. */
export const flood = (name: string): Promise<object> =>
  campaignBody(name, {
    opensInMs: -60_000,
    spec: { scaling: { peakArrivalsPerSecond: 7_000, down: { holdAfterOpen: '2h' } } },
  });

export const conditionOf = (object: VoucherCampaign, type: string) =>
  object.status?.conditions?.find((condition) => condition.type === type);

export interface KubeWorld {
  /** A new one with an unused name. */
  createNamespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  createCampaign(namespace: string, body: object): Promise<unknown>;
  /** As the kind that the path names: the API server's word is trusted here. */
  get<T>(path: string): Promise<T>;
  patch(path: string, body: object): Promise<unknown>;
  campaign(namespace: string, name: string): Promise<VoucherCampaign>;
  /** Undefined for one that is not there. */
  deployment(namespace: string, name: string): Promise<Deployment | undefined>;
  scale(namespace: string, name: string, replicas: number): Promise<unknown>;
  /** Waits for a campaign that is Ready. */
  ready(namespace: string, name: string): Promise<VoucherCampaign>;
  /** Waits for a Deployment that passes. */
  there(namespace: string, name: string, check: (found: Deployment) => boolean, what: string): Promise<Deployment>;
  /** Waits until the intake of a campaign asks for so many replicas. */
  settled(namespace: string, name: string, replicas: number): Promise<Deployment>;
}

let namespaces = 0;

export const kubeWorld = (api: KubeApi): KubeWorld => {
  const get: KubeWorld['get'] = async <T>(path: string) => (await api.call({ method: 'GET', path })) as T;
  const patch: KubeWorld['patch'] = (path, body) =>
    api.call({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  const campaign: KubeWorld['campaign'] = (namespace, name) =>
    get(`${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`);
  const deployment: KubeWorld['deployment'] = async (namespace, name) => {
    const path = `${APPS}/namespaces/${namespace}/deployments/${name}`;
    const { status, body } = await api.answer({ method: 'GET', path });
    return status === 404 ? undefined : JSON.parse(body);
  };
  const there: KubeWorld['there'] = (namespace, name, check, what) =>
    eventually(
      async () => {
        const found = await deployment(namespace, name);
        return found !== undefined && check(found) ? found : undefined;
      },
      { ...SOON, what },
    );
  return {
    get,
    patch,
    campaign,
    deployment,
    there,
    async createNamespace(labels = {}) {
      namespaces += 1;
      const name = `test-${namespaces}`;
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      await api.call({ method: 'POST', path: `${CORE}/namespaces`, body });
      return name;
    },
    createCampaign: (namespace, body) =>
      api.call({ method: 'POST', path: `${GROUP}/namespaces/${namespace}/vouchercampaigns`, body }),
    scale: (namespace, name, replicas) =>
      patch(`${APPS}/namespaces/${namespace}/deployments/${name}/scale`, { spec: { replicas } }),
    ready: (namespace, name) =>
      eventually(
        async () => {
          const found = await campaign(namespace, name);
          return conditionOf(found, 'Ready')?.status === 'True' ? found : undefined;
        },
        { ...SOON, what: `campaign ${name} to be ready` },
      ),
    settled: (namespace, name, replicas) =>
      there(namespace, `${name}-intake`, ({ spec }) => spec?.replicas === replicas, `${replicas} replicas of ${name}`),
  };
};
