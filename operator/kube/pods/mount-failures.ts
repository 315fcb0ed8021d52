/**
 * A Secret or ConfigMap that is not there, a volume that is not attached, a network that gives no address: they keep a
 * pod's containers from being made, and only an event says so. So do the words of a probe that fails. The operator may
 * not look at Secrets; it asks for the events of pods that take too long, in the background.
 */
import { z } from 'zod';
import type { Clock } from '../../../runtime/clock.ts';
import type { KubeClient } from '../client.ts';
import { createLook } from '../look.ts';
import { EVENTS } from '../resources.ts';
import type { PodRecord } from './pods.ts';

const text = z.string().default('');
const eventsSchema = z.object({
  items: z
    .array(
      z.object({
        regarding: z.object({ uid: text }),
        reason: text,
        note: text,
        eventTime: z.string().nullish(),
        deprecatedLastTimestamp: z.string().nullish(),
        series: z.object({ lastObservedTime: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
});
type PodEvent = NonNullable<z.infer<typeof eventsSchema>['items']>[number];

/** The newest word on a pod's volumes and network, and on its probes. */
export interface PodWords {
  readonly making?: PodWord;
  readonly probes?: PodWord;
}
export interface PodWord {
  readonly reason: string;
  readonly message: string;
  /** Undefined where the event has no time. */
  readonly atMs: number | undefined;
}

export interface MountFailures {
  /** What is known now, by pod uid; looks again when it is time. Never throws. */
  of(namespace: string, pods: readonly PodRecord[], signal: AbortSignal): ReadonlyMap<string, PodWords>;
}

/** Pulling an image may take longer; then there is no such event, and nothing is said. */
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 5_000;
const MAX_EVENTS = 500;
const NONE: ReadonlyMap<string, PodWords> = new Map();

/** Of kubelet and attach controller. Others warn of what the status says itself, or of what is over. */
const MAKING: readonly string[] = [
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
  'FailedCreatePodSandBox',
  'FailedPrepareDynamicResources',
  'FailedCreatePodContainer',
  'NetworkNotReady',
  'FailedSync',
  'FailedValidation',
];
const PROBES: readonly string[] = ['Unhealthy', 'ProbeWarning'];

const classOf = (reason: string): keyof PodWords | undefined => {
  if (MAKING.includes(reason)) return 'making';
  return PROBES.includes(reason) ? 'probes' : undefined;
};

const atMsOf = ({ series, deprecatedLastTimestamp, eventTime }: PodEvent): number | undefined => {
  const written = series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime;
  return written ? Date.parse(written) : undefined;
};

/** The newest of each kind by pod. */
export const wordsOf = (raw: unknown): ReadonlyMap<string, PodWords> => {
  const byPod = new Map<string, PodWords>();
  for (const event of eventsSchema.parse(raw).items ?? []) {
    const what = classOf(event.reason);
    if (what === undefined) continue;
    const known = byPod.get(event.regarding.uid) ?? {};
    const word = { reason: event.reason, message: event.note, atMs: atMsOf(event) };
    if ((known[what]?.atMs ?? 0) <= (word.atMs ?? 0)) byPod.set(event.regarding.uid, { ...known, [what]: word });
  }
  return byPod;
};

export const createMountFailures = (client: KubeClient, clock: Clock): MountFailures => {
  const look = createLook(clock, LOOK_EVERY_MS, async (namespace, signal) => {
    const query = { fieldSelector: 'type=Warning,regarding.kind=Pod', limit: String(MAX_EVENTS) };
    return wordsOf(await client.call({ verb: 'list', resource: EVENTS, namespace, query, timeoutMs: 3_000 }, signal));
  });
  return {
    of(namespace, pods, signal) {
      const isSlow = ({ trouble, observed }: PodRecord): boolean =>
        trouble?.ask !== undefined && clock.now() - observed.createdAtMs > PATIENCE_MS;
      return look.of(namespace, pods.some(isSlow), signal) ?? NONE;
    },
  };
};
