/** Gathers the facts of the cluster. I/O; every object is reduced to its facts when it is read. */
import { z } from 'zod';
import { defined } from '../../contract/defined.ts';
import { API_GROUP, CLAIM_LEASE, NOT_SERVED } from '../../contract/names.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { CRDS, DEPLOYMENTS, LEASES, POLICIES, POLICY_BINDINGS } from '../../operator/kube/api-resources.ts';
import type { KubeObject } from '../../operator/kube/objects.ts';
import { askServer } from '../../operator/kube/server.ts';
import type { Api } from '../access.ts';
import { claimSeen } from '../claim.ts';
import type { Io } from '../io.ts';
import type {
  ClusterFacts,
  CrdFacts,
  LeaseFacts,
  OperatorFacts,
  PolicyFacts,
  Seen,
  ServerFacts,
} from './doctor-facts.ts';
import { andThen, type Reader, seenAs } from './seen.ts';

const OURS = 'app.kubernetes.io/name=voucher-operator';

const server = async ({ access }: Api, { wallMs, now }: Io, signal: AbortSignal): Promise<Seen<ServerFacts>> => {
  // The first call opens the connection; the second one measures the round trip.
  await askServer(access, signal);
  const startedMs = now();
  const answer = await askServer(access, signal);
  return { kind: 'seen', value: { ...answer, answeredAtMs: wallMs(), tookMs: now() - startedMs } };
};

type Node = { readonly properties?: Readonly<Record<string, Node>> | undefined; readonly items?: Node | undefined };
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({ properties: z.record(z.string(), node).optional(), items: node.optional() }),
);
const crdSchema = z.object({
  spec: z.object({
    group: z.string(),
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        schema: z.object({ openAPIV3Schema: node.optional() }).optional(),
      }),
    ),
  }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }).optional(),
});

const fieldsOf = ({ properties = {}, items }: Node, path = ''): readonly string[] => [
  ...(items === undefined ? [] : fieldsOf(items, path)),
  ...Object.entries(properties).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    return [here, ...fieldsOf(child, here)];
  }),
];

const crd = (object: KubeObject): CrdFacts => {
  const { spec, status } = crdSchema.parse(object);
  const version = spec.versions.find(({ name, served }) => name === 'v1alpha1' && served);
  return {
    name: object.metadata.name,
    isEstablished: status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ?? false,
    fields: fieldsOf(version?.schema?.openAPIV3Schema ?? {}),
  };
};

const operatorSchema = z.object({
  spec: z.object({
    replicas: z.number().default(1),
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({
            image: z.string().default(''),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
          }),
        ),
      }),
    }),
  }),
  status: z.object({ readyReplicas: z.number().default(0) }).default({ readyReplicas: 0 }),
});

const operator = (object: KubeObject): OperatorFacts => {
  const { spec, status } = operatorSchema.parse(object);
  const [container] = spec.template.spec.containers;
  const env = (name: string): string => container?.env.find((one) => one.name === name)?.value ?? '';
  const { namespace, name } = object.metadata;
  return {
    namespace,
    name,
    replicas: spec.replicas,
    ready: status.readyReplicas,
    image: container?.image ?? '',
    leaseName: env('VOUCHER_OPERATOR_LEASE_NAME') || name,
    watchNamespaces: env('VOUCHER_OPERATOR_WATCH_NAMESPACES')
      .split(',')
      .filter((one) => one !== ''),
  };
};

const saidSchema = z.record(z.string(), z.object({ said: z.string(), remedy: z.string() }));
const notServedOf = (text: string | undefined): LeaseFacts['notServed'] => parseUntrusted(saidSchema, text) ?? {};

const leaseSchema = z.object({
  spec: z.object({ holderIdentity: z.string().nullish(), renewTime: z.string().nullish() }).default({}),
});

const lease = (object: KubeObject): LeaseFacts => {
  const { spec } = leaseSchema.parse(object);
  const written = (object.metadata.managedFields ?? []).flatMap(({ time }) =>
    time === undefined ? [] : [Date.parse(time)],
  );
  return {
    holder: spec.holderIdentity ?? '',
    renewedAtMs: spec.renewTime ? Date.parse(spec.renewTime) : 0,
    writtenAtMs: written.length === 0 ? undefined : Math.max(...written),
    notServed: notServedOf(object.metadata.annotations?.[NOT_SERVED]),
  };
};

const bindingSchema = z.object({
  spec: z.object({ policyName: z.string().default(''), validationActions: z.array(z.string()).default([]) }),
});
const policySchema = z.object({
  status: z
    .object({ typeChecking: z.object({ expressionWarnings: z.array(z.unknown()).nullish() }).optional() })
    .optional(),
});

const policies = async (reader: Reader): Promise<Seen<readonly PolicyFacts[]>> => {
  const [found, bindings] = await Promise.all([
    reader.list({ resource: POLICIES, labelSelector: OURS }, (object) => ({
      name: object.metadata.name,
      warnings: policySchema.parse(object).status?.typeChecking?.expressionWarnings?.length ?? 0,
    })),
    reader.list({ resource: POLICY_BINDINGS, labelSelector: OURS }, (object) => bindingSchema.parse(object).spec),
  ]);
  return andThen(bindings, async (bound) =>
    seenAs(found, (all) =>
      all.map((one) => ({
        ...one,
        isBound: bound.some(
          ({ policyName, validationActions }) => policyName === one.name && validationActions.includes('Deny'),
        ),
      })),
    ),
  );
};

/** @param operatorNamespace where the operator is; everywhere unless stated */
export const gatherCluster = async (
  api: Api,
  reader: Reader,
  operatorNamespace: string | undefined,
  io: Io,
  signal: AbortSignal,
): Promise<ClusterFacts> => {
  const where = defined({ namespace: operatorNamespace });
  const ofOperator = { resource: DEPLOYMENTS, labelSelector: `${OURS},app.kubernetes.io/component=operator`, ...where };
  const [asked, crds, found, rules, claim] = await Promise.all([
    server(api, io, signal),
    reader.list({ resource: CRDS }, crd),
    reader.list(ofOperator, operator),
    policies(reader),
    reader.get({ resource: LEASES, namespace: api.namespace }, CLAIM_LEASE, claimSeen),
  ]);
  const leading = await andThen(found, async ([first]) =>
    first === undefined
      ? { kind: 'seen' as const, value: undefined }
      : reader.get({ resource: LEASES, namespace: first.namespace }, first.leaseName, lease),
  );
  return {
    nowMs: io.wallMs(),
    namespace: api.namespace,
    server: asked,
    crds: seenAs(crds, (all) => all.filter(({ name }) => name.endsWith(`.${API_GROUP}`))),
    operators: found,
    lease: leading,
    claim,
    policies: rules,
  };
};
