/**
 * A missing Secret or ConfigMap, a volume that is not attached, a network without an address: they prevent a pod's
 * containers, and only an event says so; also the output of a failing probe. The operator may not read Secrets; it reads the
 * events of pods that take too long, in the background.
 */
import { z } from 'zod';
import type { Clock } from '../../../runtime/clock.ts';
import { EVENTS } from '../api-resources.ts';
import type { KubeClient } from '../client.ts';
import { createLook } from '../look.ts';
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

/** The newest messages about a pod's volumes and network, and about its probes. */
export interface PodWords {
  readonly making?: PodWord;
  readonly probes?: PodWord;
}
export interface PodWord {
  readonly reason: string;
  readonly message: string;
  readonly atMs: number | undefined;
}

/** Pulling an image may take longer, without such an event. */
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 5_000;
const MAX_EVENTS = 500;
const NONE: ReadonlyMap<string, PodWords> = new Map();

/** Of kubelet and attach controller. Others repeat the status, or are over. */
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

export const createMountFailures = (client: KubeClient, clock: Clock) => {
  const look = createLook(clock, LOOK_EVERY_MS, async (namespace, signal) => {
    const query = { fieldSelector: 'type=Warning,regarding.kind=Pod', limit: String(MAX_EVENTS) };
    return wordsOf(await client.call({ verb: 'list', resource: EVENTS, namespace, query, timeoutMs: 3_000 }, signal));
  });
  return {
    /** What is known now, by pod uid; reads again when it is time. Never throws. */
    of(namespace: string, pods: readonly PodRecord[], signal: AbortSignal): ReadonlyMap<string, PodWords> {
      const isSlow = ({ trouble, observed }: PodRecord): boolean =>
        trouble?.ask !== undefined && clock.now() - observed.createdAtMs > PATIENCE_MS;
      return look.of(namespace, pods.some(isSlow), signal) ?? NONE;
    },
  };
};
