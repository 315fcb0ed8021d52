/** Gathers the facts of one campaign. I/O; of Secrets only the names of their keys are kept. */
import { z } from 'zod';
import { jobsOf } from '../../contract/jobs.ts';
import { dataPlaneSecretName, tierName } from '../../contract/names.ts';
import { tiersOf } from '../../contract/tiers.ts';
import {
  AUTOSCALERS,
  CONFIG_MAPS,
  DEPLOYMENTS,
  LIMIT_RANGES,
  NAMESPACES,
  POD_DISRUPTION_BUDGETS,
  PRIORITY_CLASSES,
  QUOTAS,
  SECRETS,
} from '../../operator/kube/api-resources.ts';
import type { KubeObject } from '../../operator/kube/objects.ts';
import type { Cluster, SeenCampaign } from '../cluster.ts';
import type {
  CampaignFacts,
  CertificateFacts,
  OperatorFacts,
  QuotaFacts,
  SecretFacts,
  Seen,
  TierFacts,
} from './doctor-facts.ts';
import { gatherNodes, podRequests, podsOf, podTemplate, quantities } from './gather-nodes.ts';
import { allSeen, andThen, type Reader, seenAs } from './seen.ts';

const EXPIRES_AT = 'voucher-operator.io/expires-at';
/** Secrets of the chart's servers (operator/setup/secrets.ts). Only names and annotations of Secrets are listed here. */
const RENEWABLE = /-(nats|postgres)-tls$/;

const keysOf = (object: KubeObject): readonly string[] =>
  Object.keys(z.record(z.string(), z.unknown()).parse(object['data'] ?? {}));

const secret = async (reader: Reader, namespace: string, name: string): Promise<SecretFacts> => ({
  name,
  keys: await reader.get({ resource: SECRETS, namespace }, name, keysOf),
});

const certificatesIn = async (reader: Reader, namespace: string): Promise<Seen<readonly CertificateFacts[]>> => {
  const found = await reader.list({ resource: SECRETS, namespace, metadataOnly: 'list' }, ({ metadata }) => ({
    namespace,
    secret: metadata.name,
    isRenewable: RENEWABLE.test(metadata.name),
    expiresAtMs: Date.parse(metadata.annotations?.[EXPIRES_AT] ?? ''),
  }));
  return seenAs(found, (all) => all.filter(({ expiresAtMs }) => !Number.isNaN(expiresAtMs)));
};

/** Those of the journal's and the database's servers, and the authorities that the campaign's pods trust. */
const certificates = (
  reader: Reader,
  namespace: string,
  operators: Seen<readonly OperatorFacts[]>,
): Promise<Seen<readonly CertificateFacts[]>> =>
  andThen(operators, async (all) => {
    const places = [...new Set([namespace, ...all.map((one) => one.namespace)])];
    return flat(allSeen(await Promise.all(places.map((place) => certificatesIn(reader, place)))));
  });

const deploymentSchema = z.object({
  spec: z.object({ replicas: z.number().default(1), template: z.object({ spec: podTemplate }) }),
});

const tierFacts = (object: KubeObject): TierFacts => {
  const { replicas, template } = deploymentSchema.parse(object).spec;
  const { containers, nodeSelector, tolerations, priorityClassName, imagePullSecrets } = template.spec;
  const [container] = containers;
  return {
    replicas,
    image: container?.image ?? '',
    requests: podRequests(template.spec),
    limits: quantities(container?.resources?.limits),
    nodeSelector,
    tolerations,
    priorityClassName,
    pullSecrets: imagePullSecrets.map(({ name }) => name),
  };
};

const deploymentsOf = async (
  reader: Reader,
  { metadata: { namespace, name }, spec }: SeenCampaign,
): Promise<CampaignFacts['tiers']> => {
  const tiers = tiersOf(spec);
  const found = await Promise.all(
    tiers.map((tier) => reader.get({ resource: DEPLOYMENTS, namespace }, tierName(name, tier), tierFacts)),
  );
  return seenAs(allSeen(found), (all) =>
    Object.fromEntries(tiers.flatMap((tier, index) => (all[index] === undefined ? [] : [[tier, all[index]] as const]))),
  );
};

const typeOf = ({ type }: KubeObject): string => z.string().parse(type ?? 'Opaque');

/** Those that the pods of any tier name. */
const pullSecretsOf = (
  reader: Reader,
  namespace: string,
  tiers: CampaignFacts['tiers'],
): Promise<CampaignFacts['pullSecrets']> =>
  andThen(tiers, async (all) => {
    const names = [...new Set(Object.values(all).flatMap(({ pullSecrets }) => pullSecrets))];
    const found = await Promise.all(names.map((name) => reader.get({ resource: SECRETS, namespace }, name, typeOf)));
    return seenAs(allSeen(found), (types) => names.map((name, index) => ({ name, type: types[index] })));
  });

const amounts = z.record(z.string(), z.string()).default({});
const quotaSchema = z.object({
  spec: z.object({ scopes: z.array(z.string()).nullish(), scopeSelector: z.unknown().optional() }),
  status: z.object({ hard: amounts, used: amounts }).default({ hard: {}, used: {} }),
});

/** A quota with scopes counts other pods, or not all of them, so it is not judged. */
const quota = (object: KubeObject): readonly QuotaFacts[] => {
  const { spec, status } = quotaSchema.parse(object);
  const isScoped = (spec.scopes ?? []).length > 0 || spec.scopeSelector !== undefined;
  return isScoped ? [] : [{ name: object.metadata.name, hard: quantities(status.hard), used: quantities(status.used) }];
};

const limitRangeSchema = z.object({
  spec: z.object({
    limits: z.array(z.object({ type: z.string(), max: amounts, min: amounts, default: amounts })).default([]),
  }),
});

const limitRange = (object: KubeObject): Extract<CampaignFacts['limitRanges'], { kind: 'seen' }>['value'] =>
  limitRangeSchema
    .parse(object)
    .spec.limits.filter(({ type }) => type === 'Container')
    .map(({ max, min, default: defaults }) => ({
      name: object.metadata.name,
      max: quantities(max),
      min: quantities(min),
      defaultLimit: quantities(defaults),
    }));

const autoscalerSchema = z.object({
  spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }),
});
const autoscaler = (object: KubeObject): readonly { readonly name: string; readonly deployment: string }[] => {
  const { kind, name } = autoscalerSchema.parse(object).spec.scaleTargetRef;
  return kind === 'Deployment' ? [{ name: object.metadata.name, deployment: name }] : [];
};

const nameOf = ({ metadata }: KubeObject): string => metadata.name;

const flat = <T>(seen: Seen<readonly (readonly T[])[]>): Seen<readonly T[]> => seenAs(seen, (all) => all.flat());

/** @param operators their namespaces have certificates, too */
export const gatherCampaign = async (
  cluster: Cluster,
  reader: Reader,
  campaign: SeenCampaign,
  operators: Seen<readonly OperatorFacts[]>,
): Promise<CampaignFacts> => {
  const { namespace, name } = campaign.metadata;
  const { privacy, dataPlane, verification, issuance, login } = campaign.spec;
  const here = { namespace };
  const [plans, privacySecret, dataPlaneSecrets, expiries, tiers, pods, quotas, limitRanges, nodes] = await Promise.all(
    [
      cluster.plans(campaign),
      secret(reader, namespace, privacy.keySecretName),
      Promise.all(
        [...tiersOf(campaign.spec), ...jobsOf(campaign.spec)].map(async (workload) => ({
          workload,
          ...(await secret(reader, namespace, dataPlaneSecretName(dataPlane.secretName, workload))),
        })),
      ),
      certificates(reader, namespace, operators),
      deploymentsOf(reader, campaign),
      podsOf(reader, namespace, name),
      reader.list({ resource: QUOTAS, ...here }, quota),
      reader.list({ resource: LIMIT_RANGES, ...here }, limitRange),
      gatherNodes(reader),
    ],
  );
  const [
    providerSecret,
    channelSecret,
    loginSecret,
    autoscaling,
    budgets,
    classes,
    labels,
    nodeAutoscaler,
    pullSecrets,
  ] = await Promise.all([
    verification && secret(reader, namespace, verification.secretName),
    issuance && secret(reader, namespace, issuance.secretName),
    login && secret(reader, namespace, login.secretName),
    reader.list({ resource: AUTOSCALERS, ...here }, autoscaler),
    reader.list({ resource: POD_DISRUPTION_BUDGETS, ...here }, nameOf),
    reader.list({ resource: PRIORITY_CLASSES }, nameOf),
    reader.get({ resource: NAMESPACES }, namespace, ({ metadata }) => metadata.labels ?? {}),
    reader.get({ resource: CONFIG_MAPS, namespace: 'kube-system' }, 'cluster-autoscaler-status', () => true),
    pullSecretsOf(reader, namespace, tiers),
  ]);
  return {
    campaign,
    plans,
    secrets: {
      privacy: privacySecret,
      dataPlane: dataPlaneSecrets,
      ...(providerSecret && { providers: providerSecret }),
      ...(channelSecret && { channels: channelSecret }),
      ...(loginSecret && { login: loginSecret }),
    },
    certificates: expiries,
    tiers,
    pods,
    pullSecrets,
    quotas: flat(quotas),
    limitRanges: flat(limitRanges),
    nodes,
    hasNodeAutoscaler: nodeAutoscaler.kind === 'seen' && nodeAutoscaler.value === true,
    autoscalers: flat(autoscaling),
    disruptionBudgets: budgets,
    priorityClasses: classes,
    podSecurity: seenAs(labels, (all) => all?.['pod-security.kubernetes.io/enforce']),
  };
};
