/** Pods as the operator sees them: who is ready, where their metrics are, and why one does not start. */
import { z } from 'zod';
import { PORTS } from '../api/app-contract.ts';
import { LABELS, TIERS, type Tier } from '../api/names.ts';
import { urlHost } from '../net/url-host.ts';
import type { ObservedPod } from '../reconcile/ports.ts';
import type { KubeMetadata, KubeObject } from './objects.ts';

export interface PodRecord {
  readonly metadata: Pick<KubeMetadata, 'name' | 'namespace' | 'uid' | 'resourceVersion'>;
  /** `vouchers/chengdu`; undefined for a pod that carries no campaign's label. */
  readonly campaignKey: string | undefined;
  readonly observed: ObservedPod;
  readonly isTerminating: boolean;
  /** The node has run it to its end, or thrown it out. */
  readonly isOver: boolean;
  /** What the scheduler says when no node takes it. */
  readonly unschedulable: string | undefined;
  /** What the kubelet says when a container can't start. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** Scheduled, and its containers are still being made: volumes, images. */
  readonly isBeingMade: boolean;
  /** Undefined while it has none. */
  readonly nodeName: string | undefined;
  /** Sum over its containers. Quantities as written: `500m`, `160Mi`. */
  readonly requests: readonly { readonly cpu: string; readonly memory: string }[];
}

const waiting = z.object({ reason: z.string().default(''), message: z.string().default('') });
const podSchema = z.object({
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(
      z.object({
        resources: z.object({ requests: z.record(z.string(), z.string()).default({}) }).default({ requests: {} }),
      }),
    ),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .default([]),
      containerStatuses: z.array(z.object({ state: z.object({ waiting: waiting.optional() }).optional() })).default([]),
    })
    .default({ conditions: [], containerStatuses: [] }),
});

/** Waiting that passes by itself. */
const STARTING = ['', 'ContainerCreating', 'PodInitializing'];

const isTier = (word: string | undefined): word is Tier => TIERS.some((tier) => tier === word);
const atMs = (text: string | null | undefined): number | undefined => (text ? Date.parse(text) : undefined);

/** Where a pod's metrics page and probes are. */
export type AdminUrlOf = (pod: { readonly namespace: string; readonly name: string; readonly ip: string }) => string;

const atItsAddress: AdminUrlOf = ({ ip }) => `http://${urlHost(ip)}:${PORTS.admin}`;

/**
 * Through the API server's proxy, for an operator that does not reach the pods' network. A page passes two more
 * servers, so this is for development; it needs the right to `get` `pods/proxy`.
 */
export const adminUrlThrough =
  (server: string): AdminUrlOf =>
  ({ namespace, name }) =>
    `${server}/api/v1/namespaces/${namespace}/pods/${name}:${PORTS.admin}/proxy`;

/** @throws Error for a pod of no tier: its label was taken away, so it is no longer ours to count */
export const keepPod = (object: KubeObject, adminUrlOf: AdminUrlOf = atItsAddress): PodRecord => {
  const { name, namespace, uid, resourceVersion, labels = {}, creationTimestamp, deletionTimestamp } = object.metadata;
  const { spec, status } = podSchema.parse(object);
  const tier = labels[LABELS.component];
  if (!isTier(tier)) throw new Error(`pod ${namespace}/${name} has no tier in its label ${LABELS.component}`);
  const condition = (type: string) => status.conditions.find((one) => one.type === type);
  const ready = condition('Ready');
  const isReady = ready?.status === 'True';
  const readyAtMs = isReady ? atMs(ready.lastTransitionTime) : undefined;
  const scheduled = condition('PodScheduled');
  const stuck = status.containerStatuses.map(({ state }) => state?.waiting).find((state) => state !== undefined);
  const isStarting = stuck !== undefined && STARTING.includes(stuck.reason);
  return {
    metadata: { name, namespace, uid, resourceVersion },
    campaignKey: labels[LABELS.campaign] === undefined ? undefined : `${namespace}/${labels[LABELS.campaign]}`,
    observed: {
      name,
      tier,
      ready: isReady,
      createdAtMs: atMs(creationTimestamp) ?? 0,
      ...(readyAtMs === undefined ? {} : { readyAtMs }),
      ...(status.podIP ? { adminUrl: adminUrlOf({ namespace, name, ip: status.podIP }) } : {}),
    },
    isTerminating: deletionTimestamp !== undefined,
    isOver: status.phase === 'Succeeded' || status.phase === 'Failed',
    unschedulable:
      scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? (scheduled.message ?? '') : undefined,
    waiting: stuck === undefined || isStarting ? undefined : stuck,
    isBeingMade: isStarting,
    nodeName: spec.nodeName,
    requests: spec.containers.map(({ resources: { requests } }) => ({
      cpu: requests['cpu'] ?? '0',
      memory: requests['memory'] ?? '0',
    })),
  };
};

/** Whether a tick would decide or say something else because of it. */
export const isPodNews = (before: PodRecord, after: PodRecord): boolean =>
  before.observed.ready !== after.observed.ready ||
  before.observed.adminUrl !== after.observed.adminUrl ||
  before.isTerminating !== after.isTerminating ||
  before.isOver !== after.isOver ||
  before.waiting?.reason !== after.waiting?.reason ||
  (before.unschedulable === undefined) !== (after.unschedulable === undefined);
