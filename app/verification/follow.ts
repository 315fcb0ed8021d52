/**
 * The desks of the providers that the spec states by now. They are made anew when a provider changes.
 *
 * | a provider           | what becomes of it |
 * |----------------------|--------------------|
 * | is new, or changed   | gets a new lane; the former lanes have no share from that instant, and new ones get theirs by a new reading |
 * | has another order or weight alone | its new lane knows what the former one learned: breaker, and quota that is used up |
 * | has no keys that can be read | is reported as `refused`, and tried again at the next call; the others are asked |
 */
import type { ProviderSpec } from '../../contract/types/verification.ts';
import type { ReadShares } from '../../journal/outside-shares.ts';
import type { Clock, WallClock } from '../../runtime/clock.ts';
import { createLane, type LaneMemory, newMemory } from '../outside/lane.ts';
import type { OutsideMetrics } from '../outside/metrics.ts';
import { keepShares } from '../outside/read-shares.ts';
import { createDesks } from './desks.ts';
import type { Desks } from './part.ts';
import type { IdentityProvider } from './ports.ts';
import { identityOf } from './section.ts';

export interface FollowDeps {
  /** Rejects when the provider's keys can't be read. */
  readonly create: (spec: ProviderSpec) => Promise<IdentityProvider>;
  readonly readShares: ReadShares;
  readonly podName: string;
  readonly clock: Clock;
  readonly agreed: WallClock;
  readonly random: () => number;
  readonly metrics: OutsideMetrics;
  /** A reading of the shares failed. */
  readonly onError: (error: unknown) => void;
}

export interface FollowedDesks extends Desks {
  /** Called again and again, never twice at once. @throws what kept a provider from being created */
  follow(specs: readonly ProviderSpec[]): Promise<void>;
}

/** The same system, under the same name: what a lane learned is still true. */
const systemOf = (spec: ProviderSpec): string => identityOf([{ ...spec, order: 0, weight: 1 }]);

export const followProviders = (deps: FollowDeps, signal: AbortSignal): FollowedDesks => {
  const { create, readShares, podName, clock, agreed, random, metrics, onError } = deps;
  const memories = new Map<string, LaneMemory>();
  let identity: string | undefined;
  let created = new Map<string, IdentityProvider>();
  let former = new AbortController();
  let desks = createDesks([]);

  const memoryOf = (spec: ProviderSpec): LaneMemory => {
    const known = memories.get(systemOf(spec)) ?? newMemory();
    memories.set(systemOf(spec), known);
    return known;
  };

  const makeDesks = (specs: readonly ProviderSpec[]): void => {
    former.abort();
    former = new AbortController();
    const share = keepShares(
      { read: readShares, podName, targets: specs.map(({ name }) => name), clock, onError },
      AbortSignal.any([former.signal, signal]),
    );
    desks = createDesks(
      specs.flatMap((spec) => {
        const { name, timeZone, order, weight } = spec;
        const provider = created.get(name);
        if (provider === undefined) return [];
        const ownShare = (): number => share(name);
        const options = { name, share: ownShare, timeZone, clock, agreed, random, metrics };
        return [{ lane: createLane({ ...options, memory: memoryOf(spec) }), provider, share: ownShare, order, weight }];
      }),
    );
  };

  return {
    choose: () => desks.choose(),
    room: () => desks.room(),
    async follow(specs) {
      const isChanged = identityOf(specs) !== identity;
      const kept = isChanged ? new Map<string, IdentityProvider>() : created;
      const missing = specs.filter(({ name }) => !kept.has(name));
      if (!isChanged && missing.length === 0) return;
      const found = await Promise.allSettled(missing.map(create));
      const made = found.flatMap((one) => (one.status === 'fulfilled' ? [[one.value.name, one.value] as const] : []));
      if (isChanged || made.length > 0) {
        created = new Map([...kept, ...made]);
        identity = identityOf(specs);
        makeDesks(specs);
      }
      for (const { name } of missing) if (!created.has(name)) metrics.watch(name, () => 'refused');
      const failed = found.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
};
