/**
 * A Secret or ConfigMap that is not there keeps a pod's containers from being made, and only an event says so. The
 * operator may not look at Secrets; it asks for the events of pods that take too long, in the background.
 */
import { z } from 'zod';
import type { Clock } from '../runtime/clock.ts';
import type { KubeClient } from './client.ts';
import type { PodRecord } from './pods.ts';
import { EVENTS } from './resources.ts';

const eventsSchema = z.object({
  items: z
    .array(z.object({ regarding: z.object({ uid: z.string().default('') }), note: z.string().default('') }))
    .nullish(),
});

export interface MountFailures {
  /** What is known now, by pod uid; looks again when it is time. Never throws. */
  of(namespace: string, pods: readonly PodRecord[], signal: AbortSignal): ReadonlyMap<string, string>;
}

/** Pulling an image may take longer; then there is no such event, and nothing is said. */
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 10_000;
const MAX_EVENTS = 100;
const NONE: ReadonlyMap<string, string> = new Map();

export const createMountFailures = (client: KubeClient, clock: Clock): MountFailures => {
  const known = new Map<string, { readonly failures: ReadonlyMap<string, string>; readonly atMs: number }>();

  const look = async (namespace: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
    const query = { fieldSelector: 'reason=FailedMount,regarding.kind=Pod', limit: String(MAX_EVENTS) };
    const { items } = eventsSchema.parse(
      await client.call({ verb: 'list', resource: EVENTS, namespace, query, timeoutMs: 3_000 }, signal),
    );
    return new Map((items ?? []).map(({ regarding, note }) => [regarding.uid, note]));
  };

  return {
    of(namespace, pods, signal) {
      const isSlow = ({ isBeingMade, isTerminating, observed }: PodRecord): boolean =>
        isBeingMade && !isTerminating && clock.now() - observed.createdAtMs > PATIENCE_MS;
      if (!pods.some(isSlow)) {
        known.delete(namespace);
        return NONE;
      }
      const last = known.get(namespace);
      if (last === undefined || clock.monotonicMs() - last.atMs >= LOOK_EVERY_MS) {
        const failures = last?.failures ?? NONE;
        known.set(namespace, { failures, atMs: clock.monotonicMs() });
        look(namespace, signal).then(
          (found) => known.set(namespace, { failures: found, atMs: clock.monotonicMs() }),
          () => undefined,
        );
      }
      return known.get(namespace)?.failures ?? NONE;
    },
  };
};
