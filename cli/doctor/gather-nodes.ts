/** Nodes with the requests on them, and pods as far as the doctor needs them. I/O. */
import { z } from 'zod';
import { HEADROOM, LABELS } from '../../contract/names.ts';
import { NODES, PODS } from '../../operator/kube/api-resources.ts';
import type { KubeObject } from '../../operator/kube/objects.ts';
import { parseQuantity } from '../../operator/kube/pods/quantity.ts';
import type { NodeFacts, PodFacts, Resources, Seen } from './doctor-facts.ts';
import { NONE, plus } from './placement.ts';
import { andThen, type Reader, seenAs } from './seen.ts';

const amounts = z.record(z.string(), z.string()).optional();

/** Without texts that are no quantities. */
export const quantities = (texts: Readonly<Record<string, string>> = {}): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => {
      const value = parseQuantity(text);
      return value === undefined ? [] : [[name, value]];
    }),
  );

const container = z.object({
  image: z.string().default(''),
  imagePullPolicy: z.string().default(''),
  restartPolicy: z.string().optional(),
  resources: z.object({ requests: amounts, limits: amounts }).optional(),
});
const toleration = z.object({
  key: z.string().optional(),
  operator: z.string().optional(),
  value: z.string().optional(),
  effect: z.string().optional(),
});
export const podTemplate = z.object({
  containers: z.array(container),
  initContainers: z.array(container).default([]),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(toleration).default([]),
  priorityClassName: z.string().optional(),
  imagePullSecrets: z.array(z.object({ name: z.string().default('') })).default([]),
  overhead: amounts,
});

const resourcesOf = (texts: Readonly<Record<string, string>> | undefined, pods = 0): Resources => {
  const { cpu = 0, memory = 0, pods: most = pods } = quantities(texts);
  return { cpu, memory, pods: most };
};

/** As the scheduler counts: containers and sidecars together, or the greatest init container if larger, and the overhead. */
export const podRequests = ({ containers, initContainers, overhead }: z.infer<typeof podTemplate>): Resources => {
  const asks = ({ resources }: z.infer<typeof container>): Resources =>
    resourcesOf(resources?.requests ?? resources?.limits);
  const stay = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const start = initContainers.filter(({ restartPolicy }) => restartPolicy !== 'Always').map(asks);
  const running = stay.map(asks).reduce(plus, NONE);
  return plus(
    {
      cpu: Math.max(running.cpu, ...start.map(({ cpu }) => cpu)),
      memory: Math.max(running.memory, ...start.map(({ memory }) => memory)),
      pods: 1,
    },
    resourcesOf(overhead),
  );
};

const nodeSchema = z.object({
  spec: z
    .object({
      unschedulable: z.boolean().default(false),
      taints: z.array(z.object({ key: z.string(), value: z.string().default(''), effect: z.string() })).default([]),
    })
    .default({ unschedulable: false, taints: [] }),
  status: z.object({
    allocatable: amounts,
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

const node = (object: KubeObject): Omit<NodeFacts, 'requested'> => {
  const { spec, status } = nodeSchema.parse(object);
  const isReady = status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return {
    name: object.metadata.name,
    isSchedulable: isReady && !spec.unschedulable,
    labels: object.metadata.labels ?? {},
    taints: spec.taints,
    allocatable: resourcesOf(status.allocatable),
  };
};

const scheduledSchema = z.object({ spec: podTemplate.extend({ nodeName: z.string().default('') }) });

const scheduled = (object: KubeObject): { readonly node: string; readonly requests: Resources } => {
  const { spec } = scheduledSchema.parse(object);
  // Placeholders are evicted first.
  const isPlaceholder = object.metadata.labels?.[LABELS.component] === HEADROOM;
  return { node: spec.nodeName, requests: isPlaceholder ? NONE : podRequests(spec) };
};

export const gatherNodes = async (reader: Reader): Promise<Seen<readonly NodeFacts[]>> => {
  const [nodes, pods] = await Promise.all([
    reader.list({ resource: NODES }, node),
    // Without pods that have ended.
    reader.list({ resource: PODS, fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }, scheduled),
  ]);
  return andThen(nodes, async (all) =>
    seenAs(pods, (running) => {
      const asked = new Map<string, Resources>();
      for (const pod of running) asked.set(pod.node, plus(asked.get(pod.node) ?? NONE, pod.requests));
      return all.map((one) => ({ ...one, requested: asked.get(one.name) ?? NONE }));
    }),
  );
};

const podSchema = z.object({
  spec: z.object({ containers: z.array(z.object({ image: z.string().default('') })) }),
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z
        .array(
          z.object({ state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }).optional() }),
        )
        .default([]),
    })
    .default({ conditions: [], containerStatuses: [] }),
});

const pod = (object: KubeObject): PodFacts => {
  const { spec, status } = podSchema.parse(object);
  return {
    tier: object.metadata.labels?.[LABELS.component] ?? '',
    isReady: status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    image: spec.containers[0]?.image ?? '',
    waitsFor: status.containerStatuses[0]?.state?.waiting?.reason,
  };
};

export const podsOf = (reader: Reader, namespace: string, campaign: string): Promise<Seen<readonly PodFacts[]>> =>
  reader.list({ resource: PODS, namespace, labelSelector: `${LABELS.campaign}=${campaign}` }, pod);
