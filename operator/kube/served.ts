/**
 * Which watched namespaces the operator can serve: one that can't be listed is excluded, and the others are served.
 *
 * | lists and watches of the namespace                          | then     |
 * |-------------------------------------------------------------|----------|
 * | one was never seen, and is refused (403): no namespace, no permission | excluded |
 * | one was seen, and has been refused for 30 s: deleted, permission lost | excluded |
 * | one fails again and again, another namespace is served      | excluded |
 * | each has been listed once                                   | served   |
 * | otherwise                                                   | waits    |
 *
 * Optional lists, of Jobs, do not count: without them everything goes on but the work of a Job, which its condition says.
 *
 * An API server that restarts refuses for a moment what it permits: its cache of permissions fills after it answers. What
 * was seen is served meanwhile. An operator of all namespaces has one entry, and is never settled while that is excluded.
 */
import { EVERYWHERE } from '../../contract/names.ts';
import type { InformerTrouble } from './informer.ts';

export type Service = { readonly kind: 'served' } | { readonly kind: 'waits' } | LeftOut;

export interface LeftOut {
  readonly kind: 'left_out';
  readonly resource: string;
  readonly error: unknown;
  /** Whether the lists are of all namespaces, so that none can be served. */
  readonly isEverywhere: boolean;
}

export interface Watched {
  readonly resource: string;
  readonly namespace: string | undefined;
  /** A namespace is served without it. */
  readonly isOptional?: boolean;
  readonly informer: { readonly isSynced: boolean; readonly trouble: InformerTrouble | undefined };
}

/** After this many failures in a row a namespace no longer delays the others. */
const FAILS_AGAIN_AND_AGAIN = 3;
/** Refused lists are retried every 10 s at most: three refusals, and longer than an API server needs to start. */
const REFUSED_FOR_GOOD_MS = 30_000;
const WAITS: Service = { kind: 'waits' };

const isSeen = ({ informer }: Watched): boolean => informer.isSynced;

const isRefused = ({ informer: { isSynced, trouble } }: Watched, nowMs: number): boolean =>
  trouble?.isRefused === true && (!isSynced || nowMs - trouble.sinceMs >= REFUSED_FOR_GOOD_MS);

const serviceOf = (all: readonly Watched[], isAnotherServed: boolean, nowMs: number): Service => {
  const watched = all.filter(({ isOptional }) => isOptional !== true);
  const refused = watched.find((one) => isRefused(one, nowMs));
  const failing = isAnotherServed
    ? watched.find((one) => !isSeen(one) && (one.informer.trouble?.failures ?? 0) >= FAILS_AGAIN_AND_AGAIN)
    : undefined;
  const worst = refused ?? failing;
  if (worst !== undefined) {
    const { resource, namespace, informer } = worst;
    return { kind: 'left_out', resource, error: informer.trouble?.error, isEverywhere: namespace === undefined };
  }
  return watched.every(isSeen) ? { kind: 'served' } : WAITS;
};

/** @param watched may grow until the first look @param onChange once per new state of a namespace; undefined: all */
export const createServedNamespaces = (
  watched: readonly Watched[],
  onChange: (namespace: string | undefined, service: Service) => void,
) => {
  const services = new Map<string | undefined, Service>();

  /** To be called after each success or failure of a list or watch. @param nowMs monotonic */
  const look = (nowMs: number): void => {
    const byNamespace = Map.groupBy(watched, ({ namespace }) => namespace);
    for (const [namespace, all] of byNamespace) {
      const before = services.get(namespace) ?? WAITS;
      const isAnotherServed = [...services].some(([other, { kind }]) => other !== namespace && kind === 'served');
      const now = serviceOf(all, isAnotherServed, nowMs);
      services.set(namespace, now);
      if (before.kind !== now.kind) onChange(namespace, now);
    }
  };

  return {
    look,
    /** Of a namespace with campaigns, watched or not. */
    of: (namespace: string): Service => services.get(undefined) ?? services.get(namespace) ?? WAITS,
    /** Whether what it lists of this resource counts: it was seen, and is not refused. @param nowMs monotonic */
    isSeen: (resource: string, namespace: string, nowMs: number): boolean =>
      watched
        .filter((one) => one.resource === resource && (one.namespace ?? namespace) === namespace)
        .every((one) => isSeen(one) && !isRefused(one, nowMs)),
    /** Those that are excluded now; `EVERYWHERE` where the lists are of all namespaces. */
    leftOut(): ReadonlyMap<string, LeftOut> {
      const found = new Map<string, LeftOut>();
      for (const [namespace, service] of services) {
        if (service.kind === 'left_out') found.set(namespace ?? EVERYWHERE, service);
      }
      return found;
    },
    /** Whether everything was seen that can be seen: excluded namespaces are not waited for. */
    isSettled: (): boolean =>
      services.size > 0 &&
      [...services].every(
        ([namespace, { kind }]) => kind === 'served' || (kind === 'left_out' && namespace !== undefined),
      ),
  };
};
export type ServedNamespaces = ReturnType<typeof createServedNamespaces>;
