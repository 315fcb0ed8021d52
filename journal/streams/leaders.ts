/**
 * Spreads the leaders of the shards over the servers. Streams that are created one after the other often have one leader. If it
 * fails, all shards are silent for an election (4–6 s), and a hedge has no shard to go to.
 */
import type { StreamInfo } from '@nats-io/jetstream';

export interface LeaderMove {
  readonly stream: string;
  readonly to: string;
}

/**
 * The one step-down that helps most, or undefined. Only where every replica is current: a journal that recovers is not disturbed.
 * Worked example: leaders a, a, b of three shards on a, b, c give `second shard → c`; a, b, b of two servers can't be more even.
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
