/**
 * Faults of a campaign's journal, from what servers report of themselves and what leaders report of replicas. Pure: time is an
 * argument. A fault of a server explains its replicas, so those are not reported as well.
 *
 * | seen                                             | for        | fault |
 * |--------------------------------------------------|------------|-------|
 * | a write error on the server                      | at once    | writeError |
 * | JetStream is off on the server                   | at once    | jetStreamOff |
 * | the server is silent: frozen, cut off            | 3 s        | unreachable |
 * | nothing listens there, or it is stopping         | below 30 s | restarting |
 * | the same                                         | longer     | unreachable |
 * | a stream has no leader                           | below 12 s | electing: an election takes 4 to 9 s |
 * | the same                                         | longer     | leaderless |
 * | its leader reports a replica as behind           | below 60 s | catchingUp |
 * | the server reports itself as behind              | 3 to 60 s  | catchingUp |
 * | either of them                                   | longer     | notCurrent |
 * | too few servers for a quorum                     | at once    | quorumLost |
 */
import type { JournalFault } from '../../contract/journal-health.ts';
import type { ServerLook } from './servers.ts';
import type { ReplicaGap } from './stream-replicas.ts';

/** A gap, and since when it has been there. */
export interface LastingGap extends ReplicaGap {
  readonly sinceMs: number;
}

/** A busy server may answer one page late. */
const SILENT_AFTER_MS = 3_000;
/** Under load a replica is sometimes behind for a moment. */
const BEHIND_AFTER_MS = 3_000;
const RESTART_WITHIN_MS = 30_000;
const ELECTION_WITHIN_MS = 12_000;
const CATCH_UP_WITHIN_MS = 60_000;

/** Keeps the beginning of gaps that still exist. */
export const lasting = (
  before: readonly LastingGap[],
  gaps: readonly ReplicaGap[],
  nowMs: number,
): readonly LastingGap[] =>
  gaps.map((gap) => {
    const known = before.find(({ stream, server }) => stream === gap.stream && server === gap.server);
    return { ...gap, sinceMs: known?.sinceMs ?? nowMs };
  });

/** Whether a sentence about this stream concerns the campaign; a sentence without a stream concerns all campaigns. */
export type IsOurs = (stream: string) => boolean;

const ofServer = (look: ServerLook, isOurs: IsOurs, nowMs: number): JournalFault | undefined => {
  const { name: server, answer, sinceMs, problems } = look;
  const lastedMs = nowMs - sinceMs;
  if (answer === 'silent') {
    return lastedMs >= SILENT_AFTER_MS ? { kind: 'unreachable', server, sinceMs } : undefined;
  }
  if (answer === 'refused') {
    return lastedMs < RESTART_WITHIN_MS ? { kind: 'restarting', server } : { kind: 'unreachable', server, sinceMs };
  }
  const ours = problems.filter(({ stream }) => stream === undefined || isOurs(stream));
  const streams = (trouble: string): readonly string[] =>
    [
      ...new Set(ours.flatMap((one) => (one.trouble === trouble && one.stream !== undefined ? [one.stream] : []))),
    ].sort();
  const broken = ours.find(({ trouble }) => trouble === 'writeError');
  if (broken !== undefined) return { kind: 'writeError', server, streams: streams('writeError'), cause: broken.cause };
  if (ours.some(({ trouble }) => trouble === 'jetStreamOff')) return { kind: 'jetStreamOff', server };
  if (ours.some(({ trouble }) => trouble === 'stopping')) return { kind: 'restarting', server };
  const behind = ours.some(({ trouble }) => trouble === 'notCurrent') ? look.behindSinceMs : undefined;
  if (behind === undefined || nowMs - behind < BEHIND_AFTER_MS) return undefined;
  return behindOf(server, streams('notCurrent'), behind, nowMs);
};

const behindOf = (server: string, streams: readonly string[], sinceMs: number, nowMs: number): JournalFault =>
  nowMs - sinceMs < CATCH_UP_WITHIN_MS
    ? { kind: 'catchingUp', server, streams }
    : { kind: 'notCurrent', server, streams, sinceMs };

const AWAY: ReadonlySet<JournalFault['kind']> = new Set(['unreachable', 'restarting', 'jetStreamOff']);

const grouped = (gaps: readonly LastingGap[], nowMs: number): readonly JournalFault[] => {
  const byServer = Map.groupBy(gaps, ({ server }) => server);
  return [...byServer].flatMap(([server, of]): readonly JournalFault[] => {
    const streams = of.map(({ stream }) => stream).sort();
    const sinceMs = Math.min(...of.map((gap) => gap.sinceMs));
    if (server !== undefined) return [behindOf(server, streams, sinceMs, nowMs)];
    const old = of.filter((gap) => nowMs - gap.sinceMs >= ELECTION_WITHIN_MS).map(({ stream }) => stream);
    return old.length === 0 ? [{ kind: 'electing', streams }] : [{ kind: 'leaderless', streams: old.sort() }];
  });
};

/** The worst first: the order in which conditions report them. */
const ORDER: readonly JournalFault['kind'][] = [
  'quorumLost',
  'streamsLost',
  'dataKeysLost',
  'jetStreamOff',
  'writeError',
  'unreachable',
  'leaderless',
  'standstill',
  'notCurrent',
  'oneSite',
  'streamsFull',
  'electing',
  'restarting',
  'catchingUp',
];

export interface FaultInput {
  /** Undefined: not asked yet. Empty: none is known. */
  readonly servers: readonly ServerLook[] | undefined;
  readonly gaps: readonly LastingGap[];
  /** Other faults of the last look at the streams. */
  readonly others: readonly JournalFault[];
  readonly isOurs: IsOurs;
  readonly nowMs: number;
}

export const faultsOf = ({ servers = [], gaps, others, isOurs, nowMs }: FaultInput): readonly JournalFault[] => {
  const said = servers.flatMap((look) => ofServer(look, isOurs, nowMs) ?? []);
  const explained = new Set(said.flatMap((fault) => ('server' in fault ? [fault.server] : [])));
  const unexplained = gaps.filter(({ server }) => server === undefined || !explained.has(server));
  const away = said.flatMap((fault) => (AWAY.has(fault.kind) && 'server' in fault ? [fault.server] : []));
  const isLost = servers.length > 1 && (servers.length - away.length) * 2 <= servers.length;
  const lost: readonly JournalFault[] = isLost ? [{ kind: 'quorumLost', servers: away, of: servers.length }] : [];
  return [...lost, ...others, ...said, ...grouped(unexplained, nowMs)].toSorted(
    (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind),
  );
};
