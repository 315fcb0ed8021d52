/**
 * What can be wrong with a journal. Pure; imports nothing. The sentences are those of `/healthz?details=true` of nats-server
 * 2.15.2 (server/monitor.go, server/jetstream_cluster.go: isStreamHealthy, isConsumerHealthy).
 */

/**
 * | trouble      | means | heals |
 * |--------------|-------|-------|
 * | writeError   | a write failed once: that part of the server has stopped, even if the disk works again | by a restart |
 * | jetStreamOff | the server closed its whole store: the disk is full, or refuses writes | by room or rights, and then a restart |
 * | stopping     | it accepts no clients: lame duck, or it starts | by itself |
 * | notCurrent   | it is behind, recovers, or knows no leader | usually by itself |
 */
export type ServerTrouble = 'writeError' | 'jetStreamOff' | 'stopping' | 'notCurrent';

const SENTENCES: readonly (readonly [RegExp, ServerTrouble])[] = [
  [/write error|apply error|meta layer is not running/i, 'writeError'],
  [/JetStream not enabled/i, 'jetStreamOff'],
  [/ready for connections/i, 'stopping'],
];

/** @param sentence one entry of `errors` */
export const troubleOf = (sentence: string): ServerTrouble =>
  SENTENCES.find(([pattern]) => pattern.test(sentence))?.[1] ?? 'notCurrent';

/** `sync …/msgs/1.blk: input/output error` → `input/output error`: paths on the server's disk do not help a reader. */
export const causeOf = (sentence: string): string =>
  sentence
    .slice(sentence.lastIndexOf(': ') + 1)
    .trim()
    .replace(/\.$/, '');

/**
 * What is wrong with a server of the journal, or with a campaign's replicas on it. Each kind has a cause and a remedy of its
 * own. electing, restarting and catchingUp end by themselves (journal/streams/faults.ts).
 */
export type JournalFault =
  | { readonly kind: 'quorumLost'; readonly servers: readonly string[]; readonly of: number }
  /** Streams that were lost and created again. `losses` are what a person accepts: stream and time. */
  | { readonly kind: 'streamsLost'; readonly streams: readonly string[]; readonly losses: readonly string[] }
  | { readonly kind: 'dataKeysLost'; readonly keys: readonly string[]; readonly of: number }
  | {
      readonly kind: 'writeError';
      readonly server: string;
      readonly streams: readonly string[];
      readonly cause: string;
    }
  | { readonly kind: 'jetStreamOff'; readonly server: string }
  | { readonly kind: 'unreachable'; readonly server: string; readonly sinceMs: number }
  | { readonly kind: 'leaderless'; readonly streams: readonly string[] }
  | {
      readonly kind: 'notCurrent';
      readonly server: string;
      readonly streams: readonly string[];
      readonly sinceMs: number;
    }
  | { readonly kind: 'electing'; readonly streams: readonly string[] }
  | { readonly kind: 'restarting'; readonly server: string }
  | { readonly kind: 'catchingUp'; readonly server: string; readonly streams: readonly string[] }
  /** They have a leader and report that all is well, but store nothing while the other shards do. */
  | { readonly kind: 'standstill'; readonly streams: readonly string[] }
  /** Two replicas of these are in one site of a stretched cluster: the loss of that site would leave one. */
  | { readonly kind: 'oneSite'; readonly streams: readonly string[]; readonly site: string }
  /** Shards that have reached their `max_bytes`, or nearly so. */
  | { readonly kind: 'streamsFull'; readonly streams: readonly string[]; readonly maxBytes: number };
