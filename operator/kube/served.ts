/**
 * Which watched namespaces the operator can look after: one that can't be listed is left out, and the others are served.
 *
 * | lists and watches of the namespace                      | then     |
 * |---------------------------------------------------------|----------|
 * | one is refused (403): deleted, not there yet, no rights | left out |
 * | each has been seen whole once                           | served   |
 * | one fails again and again, another namespace is served  | left out |
 * | otherwise                                               | waits    |
 *
 * An operator of all namespaces has one entry, and is never served while it is refused.
 */
import type { InformerTrouble } from './informer.ts';

export type Service =
  | { readonly kind: 'served' }
  | { readonly kind: 'waits' }
  | { readonly kind: 'left_out'; readonly resource: string; readonly error: unknown };

/** One list and watch of a namespace. */
export interface Watched {
  readonly resource: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly informer: { readonly isSynced: boolean; readonly trouble: InformerTrouble | undefined };
}

export interface ServedNamespaces {
  /** Of a namespace that campaigns are in; whether it is watched or not. */
  of(namespace: string): Service;
  /** Those that are left out now. */
  leftOut(): ReadonlyMap<string, Extract<Service, { kind: 'left_out' }>>;
  /** Whether everything was seen that can be seen: what is left out is not waited for. */
  isSettled(): boolean;
  /** To be called when a list or a watch went well or did not. */
  look(): void;
}

/** Failures in a row after which a namespace holds up the others no longer. */
const FAILS_AGAIN_AND_AGAIN = 3;
const WAITS: Service = { kind: 'waits' };

const isSeen = ({ informer }: Watched): boolean => informer.isSynced;

const serviceOf = (watched: readonly Watched[], isAnotherServed: boolean): Service => {
  const refused = watched.find(({ informer }) => informer.trouble?.isRefused === true);
  const failing = isAnotherServed
    ? watched.find((one) => !isSeen(one) && (one.informer.trouble?.failures ?? 0) >= FAILS_AGAIN_AND_AGAIN)
    : undefined;
  const worst = refused ?? failing;
  if (worst !== undefined) {
    return { kind: 'left_out', resource: worst.resource, error: worst.informer.trouble?.error };
  }
  return watched.every(isSeen) ? { kind: 'served' } : WAITS;
};

/**
 * @param watched may grow until the first look
 * @param onChange told once for every namespace that is now served or left out, and was not; undefined: all
 */
export const createServedNamespaces = (
  watched: readonly Watched[],
  onChange: (namespace: string | undefined, service: Service) => void,
): ServedNamespaces => {
  const services = new Map<string | undefined, Service>();

  const look = (): void => {
    const byNamespace = Map.groupBy(watched, ({ namespace }) => namespace);
    for (const [namespace, all] of byNamespace) {
      const before = services.get(namespace) ?? WAITS;
      const isAnotherServed = [...services].some(([other, { kind }]) => other !== namespace && kind === 'served');
      const now = serviceOf(all, isAnotherServed);
      services.set(namespace, now);
      if (before.kind !== now.kind) onChange(namespace, now);
    }
  };

  return {
    look,
    of: (namespace) => services.get(undefined) ?? services.get(namespace) ?? WAITS,
    leftOut() {
      const found = new Map<string, Extract<Service, { kind: 'left_out' }>>();
      for (const [namespace, service] of services) {
        if (namespace !== undefined && service.kind === 'left_out') found.set(namespace, service);
      }
      return found;
    },
    isSettled: () =>
      services.size > 0 &&
      [...services].every(
        ([namespace, { kind }]) => kind === 'served' || (kind === 'left_out' && namespace !== undefined),
      ),
  };
};
