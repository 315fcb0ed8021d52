/**
 * The outside systems of a tier that its section of the spec states by now, each with a lane of this pod. They are made anew when one
 * changes.
 *
 * | a system             | what becomes of it |
 * |----------------------|--------------------|
 * | is new, or changed   | gets a new lane; the former lanes have no share from that instant, and new ones get theirs by a new reading |
 * | has another order or weight alone | its new lane knows what the former one learned: breaker, and quota that is used up |
 * | has no keys that can be read | is reported as `refused`, and tried again at the next call; the others are asked |
 */
import { lookTarget } from '../../contract/outside/outside.ts';
import type { ReadShares } from '../../journal/live/outside-shares.ts';
import type { Clock, WallClock } from '../../runtime/clock.ts';
import { createLane, type Lane, type LaneMemory, newMemory } from './lane.ts';
import type { OutsideMetrics } from './metrics.ts';
import { keepShares } from './read-shares.ts';

/** What every section says of a system. */
export interface SystemSpec {
  readonly name: string;
  /** Of the day of its quota. */
  readonly timeZone: string;
}

/** A system as this pod can ask it. */
export interface System<Spec, Client> {
  readonly spec: Spec;
  readonly client: Client;
  readonly lane: Lane;
  /** For requests that only look, while the other lane has no share because the system is stopped (contract/outside/outside.ts). */
  readonly lookLane: Lane;
  /** Requests per second that this pod may send now. */
  readonly share: () => number;
}

export interface FollowDeps<Spec extends SystemSpec, Client> {
  /** Rejects when the system's keys can't be read. */
  readonly create: (spec: Spec) => Promise<Client>;
  /** What the clients of all of them have to be made anew for. */
  readonly identityOf: (specs: readonly Spec[]) => string;
  /** The same system, under the same name: what a lane learned is still true. */
  readonly systemOf: (spec: Spec) => string;
  readonly readShares: ReadShares;
  readonly podName: string;
  readonly clock: Clock;
  readonly agreed: WallClock;
  readonly random: () => number;
  readonly metrics: OutsideMetrics;
  /** A reading of the shares failed. */
  readonly onError: (error: unknown) => void;
}

export interface FollowedSystems<Spec, Client> {
  /** In the order of the spec. Those without a client are missing. */
  current(): readonly System<Spec, Client>[];
  /** Called again and again, never twice at once. @throws what kept a client from being created */
  follow(specs: readonly Spec[]): Promise<void>;
}

export const followSystems = <Spec extends SystemSpec, Client>(
  deps: FollowDeps<Spec, Client>,
  signal: AbortSignal,
): FollowedSystems<Spec, Client> => {
  const { create, identityOf, systemOf, readShares, podName, clock, agreed, random, metrics, onError } = deps;
  const memories = new Map<string, LaneMemory>();
  let identity: string | undefined;
  let created = new Map<string, Client>();
  let former = new AbortController();
  let systems: readonly System<Spec, Client>[] = [];

  const memoryOf = (spec: Spec): LaneMemory => {
    const known = memories.get(systemOf(spec)) ?? newMemory();
    memories.set(systemOf(spec), known);
    return known;
  };

  const makeSystems = (specs: readonly Spec[]): void => {
    former.abort();
    former = new AbortController();
    const share = keepShares(
      { read: readShares, podName, targets: specs.flatMap(({ name }) => [name, lookTarget(name)]), clock, onError },
      AbortSignal.any([former.signal, signal]),
    );
    systems = specs.flatMap((spec) => {
      const { name, timeZone } = spec;
      const client = created.get(name);
      if (client === undefined) return [];
      const ownShare = (): number => share(name);
      const options = { name, share: ownShare, timeZone, clock, agreed, random, metrics };
      const memory = memoryOf(spec);
      const lane = createLane({ ...options, memory });
      // Its requests are those of the system; why it is not asked is what the other lane says.
      const looks = { ...metrics, watch: () => undefined };
      const lookLane = createLane({ ...options, memory, share: () => share(lookTarget(name)), metrics: looks });
      return [{ spec, client, lane, lookLane, share: ownShare }];
    });
  };

  return {
    current: () => systems,
    async follow(specs) {
      const isChanged = identityOf(specs) !== identity;
      const kept = isChanged ? new Map<string, Client>() : created;
      const missing = specs.filter(({ name }) => !kept.has(name));
      if (!isChanged && missing.length === 0) return;
      const found = await Promise.allSettled(missing.map(async (spec) => [spec.name, await create(spec)] as const));
      const made = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (isChanged || made.length > 0) {
        created = new Map([...kept, ...made]);
        identity = identityOf(specs);
        makeSystems(specs);
      }
      for (const { name } of missing) if (!created.has(name)) metrics.watch(name, () => 'refused');
      const failed = found.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
};

/** A pod holds what it can ask within this time: a pod that dies repeats little, and others get their part of the backlog. */
export const HELD_SECONDS = 5;

/**
 * Requests that a pod can send soon. Worked example: at 12 a second 60. Rounded up: a share of less than one a second takes something,
 * too.
 */
export const roomAt = (perSecond: number, heldSeconds = HELD_SECONDS): number => Math.ceil(perSecond * heldSeconds);

/** What each batch may take, of so many that are under way at once. */
export const roomOfBatch = (room: number, batches: number): number =>
  room <= 0 ? 0 : Math.max(1, Math.floor(room / batches));
