/**
 * Spreads the leaders of the shards over the servers. Streams that are made one after the other often share a leader;
 * its death then silences all shards at once for an election (4–6 s) and a hedge has nowhere to go.
 */
import type { StreamInfo } from '@nats-io/jetstream';

export interface LeaderMove {
  readonly stream: string;
  readonly to: string;
}

/**
 * The one step-down that helps most, or undefined. Only where every replica is there and current: a journal that heals
 * is left alone. Worked example: leaders a, a, b of three shards on a, b, c give `second shard → c`; a, b, b of two
 * servers are as even as they get.
 */
export const leaderMove = (shards: readonly StreamInfo[]): LeaderMove | undefined => {
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
    (cluster?.replicas ?? []).map((replica) => ({
      stream: name,
      to: replica.name,
      gain: ledBy(cluster?.leader ?? '') - ledBy(replica.name),
    })),
  );
  const best = moves.reduce((a, b) => (b.gain > a.gain ? b : a), { stream: '', to: '', gain: 1 });
  return best.gain > 1 ? { stream: best.stream, to: best.to } : undefined;
};
