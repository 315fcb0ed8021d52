/** What a fault of the journal means for the condition JournalDurable: reason, message and remedy. Pure. */
import type { JournalFault } from '../../contract/journal-health.ts';
import { ACCEPTED_LOSS } from '../../contract/names.ts';
import type { Verdict } from './verdict.ts';

const list = (names: readonly string[]): string => names.join(', ');

const some = (names: readonly string[], most = 4): string =>
  names.length <= most ? list(names) : `${list(names.slice(0, most))} and ${names.length - most} more`;

const since = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

const OTHERS_GO_ON = 'Registrations go on, synced on the other servers.';
const ONE_AT_A_TIME = 'one server at a time, and keep its volume';

type Kind = Exclude<JournalFault['kind'], 'streamsFull'>;
type Faults = { readonly [Fault in JournalFault as Fault['kind']]: Fault };

/**
 * True: one server is away for a moment and returns by itself, so nothing is to be done. False: acknowledgements have fewer
 * copies than they should until a person acts. Full streams belong to Ready: what is stored is durable.
 */
const MEANS = {
  quorumLost: ['False', 'QuorumLost'],
  streamsLost: ['False', 'StreamLost'],
  dataKeysLost: ['False', 'DataKeysLost'],
  jetStreamOff: ['False', 'JetStreamDisabled'],
  writeError: ['False', 'ServerWriteError'],
  unreachable: ['False', 'ServerUnreachable'],
  leaderless: ['False', 'ShardWithoutLeader'],
  notCurrent: ['False', 'ReplicaNotCurrent'],
  oneSite: ['False', 'ReplicasInOneSite'],
  standstill: ['False', 'ShardStandsStill'],
  electing: ['True', 'LeaderElection'],
  restarting: ['True', 'ServerRestarting'],
  catchingUp: ['True', 'ReplicaCatchingUp'],
} as const satisfies Record<Kind, readonly ['True' | 'False', Verdict<'JournalDurable'>['reason']]>;

const TEXTS: { readonly [K in Kind]: (fault: Faults[K]) => string } = {
  quorumLost: ({ servers, of }) =>
    `${list(servers)} of the journal's ${of} servers are down: too few are left to acknowledge anything, and registrations get 503. Restart one of them; nothing that was acknowledged is lost.`,
  streamsLost: ({ streams, losses }) =>
    `The journal has lost ${some(streams)}: it was deleted, or its servers restarted without it. It is created again, and registrations go on. Acknowledged registrations that it held are safe if the database has them, and lost if not: restore the stream from a backup. To go on without them, set the campaign's annotation ${ACCEPTED_LOSS} to ${losses.join(',')}.`,
  dataKeysLost: ({ of, keys }) =>
    `The bucket of data keys has lost ${keys.length} of ${of} (${some(keys, 2)}): registrations that were sealed with them can't be opened. Intake pods that still hold them write them back within seconds, so do not restart any. If this persists, restore the bucket from a backup of the journal.`,
  jetStreamOff: ({ server }) =>
    `${server} has switched JetStream off: its disk is full, or refuses writes. ${OTHERS_GO_ON} Free space on its volume or restore its write permission, then restart it: ${ONE_AT_A_TIME}. The chart's own servers restart by themselves once there is room.`,
  writeError: ({ server, streams, cause }) =>
    `${server} could not write (${cause}) and stores nothing more of ${streams.length === 0 ? 'its streams' : some(streams)}, even if its disk works again. ${OTHERS_GO_ON} Check its disk, then restart it: ${ONE_AT_A_TIME}. The chart's own servers restart by themselves, as long as no other one is down.`,
  unreachable: ({ server, sinceMs }) =>
    `${server} has not answered since ${since(sinceMs)}. ${OTHERS_GO_ON} If one more server fails, they stop. Check its pod and its node.`,
  leaderless: ({ streams }) =>
    `${some(streams)} has no leader and stores nothing: fewer than two of its replicas work. Check the logs of the nats-servers, and restart those that report errors: ${ONE_AT_A_TIME}.`,
  notCurrent: ({ server, streams, sinceMs }) =>
    `${server} has been behind with ${some(streams)} since ${since(sinceMs)} and does not catch up. ${OTHERS_GO_ON} Restart it: ${ONE_AT_A_TIME}.`,
  oneSite: ({ streams, site }) =>
    `Two replicas of ${some(streams)} are in site ${site}: registrations go on, but the loss of that site would stop them. Give each nats-server jetstream.unique_tag: "site:" and a tag site:NAME of its own site. Then move the replicas at a quiet time, one stream at a time: lower its replicas to 1 and raise them to 3 again with the nats command line.`,
  standstill: ({ streams }) =>
    `${some(streams)} has stored nothing for 4 s, although it has a leader and the other shards store registrations. Registrations go to the other shards. The operator has asked the leader to step down; if this stays, restart the nats-server that leads it: ${ONE_AT_A_TIME}.`,
  electing: ({ streams }) =>
    `${some(streams)} elects a leader, which takes some seconds. Registrations go to the other shards meanwhile.`,
  restarting: ({ server }) => `${server} is restarting. ${OTHERS_GO_ON}`,
  catchingUp: ({ server, streams }) =>
    `${server} is catching up with ${streams.length === 0 ? 'the others' : some(streams)}. ${OTHERS_GO_ON}`,
};

const textOf = <K extends Kind>(kind: K, fault: Faults[K]): string => TEXTS[kind](fault);

const faultVerdict = (fault: JournalFault): Verdict<'JournalDurable'> | undefined => {
  if (fault.kind === 'streamsFull') return undefined;
  const [status, reason] = MEANS[fault.kind];
  return { status, reason, message: textOf(fault.kind, fault) };
};

/** Whether it ends without an action within a minute, so the next check comes soon. */
export const isPassing = (fault: JournalFault): boolean => faultVerdict(fault)?.status === 'True';

/** The worst of them, as far as it concerns durability. */
export const worstVerdict = (faults: readonly JournalFault[] = []): Verdict<'JournalDurable'> | undefined =>
  faults.map(faultVerdict).find((verdict) => verdict !== undefined);
