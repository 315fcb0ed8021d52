/** Reads running campaigns and existing volumes: the input of refusals.ts. I/O. */
import { z } from 'zod';
import { appConfigMapName } from '../../contract/names.ts';
import { CAMPAIGNS, CONFIG_MAPS, STATEFUL_SETS } from '../kube/api-resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifFound } from '../kube/errors.ts';
import { parsePage } from '../kube/objects.ts';
import type { LivingCampaign, StandingVolume } from './refusals.ts';
import type { SetupRequest } from './secrets.ts';

const campaign = z
  .object({
    metadata: z.object({ namespace: z.string(), name: z.string(), deletionTimestamp: z.string().optional() }),
    spec: z.object({
      campaignId: z.string(),
      dataPlane: z.object({ secretName: z.string() }),
      privacy: z.object({ keySecretName: z.string() }),
    }),
  })
  .transform(
    // Not one that is being deleted.
    ({ metadata: { namespace, name, deletionTimestamp }, spec }): readonly LivingCampaign[] => {
      if (deletionTimestamp !== undefined) return [];
      const { campaignId, dataPlane, privacy } = spec;
      const secrets = { dataPlaneSecretName: dataPlane.secretName, privacySecretName: privacy.keySecretName };
      return [{ namespace, name, campaignId, ...secrets }];
    },
  );

const appConfigMap = z.object({ data: z.object({ 'config.json': z.string() }) });
const appConfig = z.object({ shards: z.number(), journalReplicas: z.number() });

const statefulSet = z.object({
  spec: z.object({
    volumeClaimTemplates: z
      .array(
        z.object({
          spec: z.object({
            storageClassName: z.string().optional(),
            resources: z.object({ requests: z.object({ storage: z.string() }) }),
          }),
        }),
      )
      .default([]),
  }),
});

/** Before the first installation the kind does not exist. @throws KubeError */
export const livingCampaigns = async (
  client: KubeClient,
  { watchNamespaces, campaigns }: SetupRequest,
  signal: AbortSignal,
): Promise<readonly LivingCampaign[]> => {
  const scopes: readonly (string | undefined)[] = watchNamespaces ?? [undefined];
  const pages = await Promise.all(
    scopes.map(async (namespace) => {
      const answer = await ifFound(client.call({ verb: 'list', resource: CAMPAIGNS, namespace }, signal));
      return answer === undefined ? [] : parsePage(answer).items.flatMap((item) => campaign.parse(item));
    }),
  );
  return Promise.all(
    pages.flat().map(async (one) => {
      if (!campaigns.some(({ campaignId }) => campaignId === one.campaignId)) return one;
      const target = { resource: CONFIG_MAPS, namespace: one.namespace, name: appConfigMapName(one.name) };
      const answer = await ifFound(client.call({ verb: 'get', ...target }, signal));
      if (answer === undefined) return one;
      return { ...one, made: appConfig.parse(JSON.parse(appConfigMap.parse(answer).data['config.json'])) };
    }),
  );
};

/** @throws KubeError */
export const standingVolumes = async (
  client: KubeClient,
  { namespace, volumes }: SetupRequest,
  signal: AbortSignal,
): Promise<readonly StandingVolume[]> => {
  const found = await Promise.all(
    volumes.map(async ({ statefulSet: name }) => {
      const answer = await ifFound(client.call({ verb: 'get', resource: STATEFUL_SETS, namespace, name }, signal));
      if (answer === undefined) return [];
      return statefulSet.parse(answer).spec.volumeClaimTemplates.map(({ spec }) => ({
        statefulSet: name,
        storage: spec.resources.requests.storage,
        storageClassName: spec.storageClassName ?? '',
      }));
    }),
  );
  return found.flat();
};
