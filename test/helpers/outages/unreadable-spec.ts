/**
 * A campaign with an instant that an older schema let pass and JavaScript does not read. It is written by the schema of
 * that time, and the schema of today is put over it: as after an upgrade.
 */
import { eventually, eventuallyHolds } from '../eventually.ts';
import type { KubeApi } from '../kube-api.ts';
import { conditionOf, GROUP, type KubeWorld } from '../kube-world.ts';
import { eventsWith, type Outage } from './outage.ts';

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/vouchercampaigns.voucher-operator.io';

/** The same schema without the patterns of its instants. */
const withoutPatterns = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPatterns);
  if (typeof value !== 'object' || value === null) return value;
  const isInstant = 'format' in value && value.format === 'date-time';
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) =>
      isInstant && key === 'pattern' ? [] : [[key, withoutPatterns(child)] as const],
    ),
  );
};

interface Crd {
  readonly metadata: object;
  readonly spec: object;
}

/** @param patch a merge patch of an existing campaign, such as a closing with a comma */
export const unreadableSpec = async (
  api: KubeApi,
  world: Pick<KubeWorld, 'campaign'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  patch: object,
): Promise<Outage> => {
  const today = (await api.call({ method: 'GET', path: CRD })) as Crd;
  /** Again after a conflict: the API server writes the status of a kind by itself. */
  const put = (spec: unknown): Promise<void> =>
    eventuallyHolds(
      async () => {
        const { metadata, ...rest } = (await api.call({ method: 'GET', path: CRD })) as Crd;
        await api.call({ method: 'PUT', path: CRD, body: { ...rest, metadata, spec } });
      },
      { what: 'another schema to be written', everyMs: 100 },
    );
  const path = `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`;
  const contentType = 'application/merge-patch+json';
  let writtenAtMs = 0;
  await put(withoutPatterns(today.spec));
  try {
    // The API server takes a moment to serve by another schema.
    await eventuallyHolds(
      async () => {
        writtenAtMs = Date.now();
        // Refused: tried again, and the cause of the failure in the end.
        await api.call({ method: 'PATCH', path, body: patch, contentType });
      },
      { what: 'the older schema to let it pass', everyMs: 100 },
    );
  } finally {
    await put(today.spec);
  }
  const campaign = await eventually(
    async () => {
      const found = await world.campaign(namespace, name);
      return conditionOf(found, 'Ready')?.reason === 'SpecUnreadable' ? found : undefined;
    },
    { what: 'the condition', everyMs: 50 },
  );
  const secondsUntilSeen = (Date.now() - writtenAtMs) / 1000;
  const events = await eventsWith(api, campaign, ['SpecUnreadable']);
  const condition = conditionOf(campaign, 'Ready');
  return { events, secondsUntilSeen, ...(condition === undefined ? {} : { condition }) };
};
