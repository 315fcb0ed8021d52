/** What a fault of the journal means for the condition JournalDurable: a reason, a sentence and a remedy each. Pure. */
import type { JournalFault } from '../../contract/journal-health.ts';
import { ACCEPTED_LOSS } from '../../contract/names.ts';
import type { Verdict } from './verdict.ts';

const list = (names: readonly string[]): string => names.join(', ');

/** The first few, and how many more. */
const some = (names: readonly string[], most = 4): string =>
  names.length <= most ? list(names) : `${list(names.slice(0, most))} and ${names.length - most} more`;

const since = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

const OTHERS_GO_ON = 'Registrations go on, synced on the other servers.';
const ONE_AT_A_TIME = 'one server at a time, with its volume as it is';

/**
 * True: one server is away for a moment and comes back by itself, so nothing is to be done. False: an acknowledgement has
 * fewer copies than it should, and stays so until somebody acts.
 *
 * | fault        | status | reason             |
 * |--------------|--------|--------------------|
 * | quorumLost   | False  | QuorumLost         |
 * | streamsLost  | False  | StreamLost         |
 * | dataKeysLost | False  | DataKeysLost       |
 * | jetStreamOff | False  | JetStreamDisabled  |
 * | writeError   | False  | ServerWriteError   |
 * | unreachable  | False  | ServerUnreachable  |
 * | leaderless   | False  | ShardWithoutLeader |
 * | notCurrent   | False  | ReplicaNotCurrent  |
 * | streamsFull  | –      | – (Ready says it: what is stored is durable) |
 * | electing     | True   | LeaderElection     |
 * | restarting   | True   | ServerRestarting   |
 * | catchingUp   | True   | ReplicaCatchingUp  |
 */
export const faultVerdict = (fault: JournalFault): Verdict<'JournalDurable'> | undefined => {
  switch (fault.kind) {
    case 'quorumLost':
      return {
        status: 'False',
        reason: 'QuorumLost',
        message: `${list(fault.servers)} of the journal's ${fault.of} servers are away: too few are left to acknowledge anything, and registrations get 503. Bring one of them back; nothing that was acknowledged is lost.`,
      };
    case 'streamsLost':
      return {
        status: 'False',
        reason: 'StreamLost',
        message: `The journal has lost ${some(fault.streams)}: it was deleted, or its servers came back without it. It is made anew, and registrations go on. Acknowledged ones that it held are safe where the database has them, and lost where it does not: restore the stream from a backup. To go on without, set the campaign's annotation ${ACCEPTED_LOSS} to ${fault.losses.join(',')}.`,
      };
    case 'dataKeysLost':
      return {
        status: 'False',
        reason: 'DataKeysLost',
        message: `The bucket of data keys has lost ${fault.keys.length} of ${fault.of} (${some(fault.keys, 2)}): registrations that were sealed with them can't be opened. Intake pods that still hold them write them back within seconds, so restart none of them. If this stays, restore the bucket from a backup of the journal.`,
      };
    case 'jetStreamOff':
      return {
        status: 'False',
        reason: 'JetStreamDisabled',
        message: `${fault.server} has switched JetStream off: its disk is full, or refuses writes. ${OTHERS_GO_ON} Make room on its volume or give it back its rights, then restart it: ${ONE_AT_A_TIME}. The chart's own servers restart by themselves once there is room.`,
      };
    case 'writeError':
      return {
        status: 'False',
        reason: 'ServerWriteError',
        message: `${fault.server} could not write (${fault.cause}) and stores nothing more of ${fault.streams.length === 0 ? 'its streams' : some(fault.streams)}, also when its disk is well again. ${OTHERS_GO_ON} Look at its disk, then restart it: ${ONE_AT_A_TIME}. The chart's own servers restart by themselves, as long as no other one is away.`,
      };
    case 'unreachable':
      return {
        status: 'False',
        reason: 'ServerUnreachable',
        message: `${fault.server} has not answered since ${since(fault.sinceMs)}. ${OTHERS_GO_ON} One more loss stops them. Look at its pod and at its node.`,
      };
    case 'leaderless':
      return {
        status: 'False',
        reason: 'ShardWithoutLeader',
        message: `${some(fault.streams)} has no leader and takes nothing: fewer than two of its replicas work. Look at the logs of the nats-servers, and restart those that complain: ${ONE_AT_A_TIME}.`,
      };
    case 'notCurrent':
      return {
        status: 'False',
        reason: 'ReplicaNotCurrent',
        message: `${fault.server} has been behind with ${some(fault.streams)} since ${since(fault.sinceMs)} and does not catch up. ${OTHERS_GO_ON} Restart it: ${ONE_AT_A_TIME}.`,
      };
    case 'streamsFull':
      return undefined;
    case 'electing':
      return {
        status: 'True',
        reason: 'LeaderElection',
        message: `${some(fault.streams)} elects a leader, which takes some seconds. Registrations go to the other shards meanwhile.`,
      };
    case 'restarting':
      return {
        status: 'True',
        reason: 'ServerRestarting',
        message: `${fault.server} is restarting. ${OTHERS_GO_ON}`,
      };
    case 'catchingUp':
      return {
        status: 'True',
        reason: 'ReplicaCatchingUp',
        message: `${fault.server} is catching up with ${fault.streams.length === 0 ? 'the others' : some(fault.streams)}. ${OTHERS_GO_ON}`,
      };
  }
};

/** Whether it heals by itself within a minute, so that its end is worth a look. */
export const isPassing = (fault: JournalFault): boolean => faultVerdict(fault)?.status === 'True';

/** The worst of them, as far as it concerns durability. */
export const worstVerdict = (faults: readonly JournalFault[] = []): Verdict<'JournalDurable'> | undefined => {
  for (const fault of faults) {
    const verdict = faultVerdict(fault);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
};
