/**
 * Which server leads what. Streams that are created one after the other often have one leader. If it fails, all shards are silent
 * for an election (4–6 s), and a hedge has no shard to go to. And a witness, which no citizen is near to, should lead nothing:
 * nats-server can't forbid it (nats-server#4762), so its leaderships are handed on (off-witness.ts). Pure.
 */
import type { StreamInfo } from '@nats-io/jetstream';

export interface LeaderMove {
  readonly stream: string;
  /** Absent: the stream itself. */
  readonly consumer?: string;
  /** Absent: any of its replicas. */
  readonly to?: string;
}

/** As a leader reports it: heartbeats come each second. */
export interface Replica {
  readonly name: string;
  readonly current: boolean;
  readonly offline?: boolean | undefined;
  /** Nanoseconds since it was last seen. */
  readonly active?: number | undefined;
}

/** Something that one server leads. */
export interface Led {
  readonly stream: string;
  readonly consumer?: string;
  readonly replicas: readonly Replica[];
}

/** nats-server itself reports a lost peer only after 10 s. */
const UNSEEN_AFTER_NANOS = 3e9;

const canLead = ({ current, offline, active = 0 }: Replica): boolean =>
  current && offline !== true && active < UNSEEN_AFTER_NANOS;

const leastOf = (names: readonly string[], led: ReadonlyMap<string, number>): string | undefined =>
  names.reduce<string | undefined>(
    (best, name) => (best === undefined || (led.get(name) ?? 0) < (led.get(best) ?? 0) ? name : best),
    undefined,
  );

/**
 * The one step-down that helps most, or undefined. Only where every replica is current: a journal that recovers is not disturbed.
 * Worked example: leaders a, a, b of three shards on a, b, c give `second shard → c`; a, b, b of two servers can't be more even.
 *
 * @param witnesses get none, and don't count: a, a, b of three shards on a, b and the witness w are as even as they get
 */
export const leaderMove = (
  shards: readonly StreamInfo[],
  witnesses: ReadonlySet<string> = new Set(),
): LeaderMove | undefined => {
  const led = new Map<string, number>();
  for (const { cluster } of shards) {
    const replicas = cluster?.replicas ?? [];
    if (cluster?.leader === undefined || replicas.some(({ current, offline }) => !current || offline === true)) {
      return undefined;
    }
    led.set(cluster.leader, (led.get(cluster.leader) ?? 0) + 1);
  }
  const ledBy = (server: string): number => led.get(server) ?? 0;
  const moves = shards.flatMap(({ config: { name }, cluster }) =>
    (cluster?.replicas ?? [])
      .filter((replica) => !witnesses.has(replica.name))
      .map((replica) => ({
        stream: name,
        to: replica.name,
        gain: ledBy(cluster?.leader ?? '') - ledBy(replica.name),
      })),
  );
  const best = moves.reduce((a, b) => (b.gain > a.gain ? b : a), { stream: '', to: '', gain: 1 });
  return best.gain > 1 ? { stream: best.stream, to: best.to } : undefined;
};

/**
 * Where each leadership of a witness goes.
 *
 * | its replicas                                   | goes to |
 * |------------------------------------------------|---------|
 * | a is current, b is current                     | the one that got fewer of these |
 * | a is current, b is behind, offline or unseen for 3 s | a: it does not wait for b |
 * | none is current, or only other witnesses are   | none: it stays |
 */
export const movesOffWitness = (led: readonly Led[], witnesses: ReadonlySet<string>): readonly LeaderMove[] => {
  const given = new Map<string, number>();
  return led.flatMap(({ stream, consumer, replicas }) => {
    const able = replicas.filter((replica) => canLead(replica) && !witnesses.has(replica.name));
    const to = leastOf(
      able.map(({ name }) => name),
      given,
    );
    if (to === undefined) return [];
    given.set(to, (given.get(to) ?? 0) + 1);
    return [consumer === undefined ? { stream, to } : { stream, consumer, to }];
  });
};
