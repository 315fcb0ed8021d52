/** Whether the journal gets into the database, as records pods find it with their own credentials. */
import { ENV } from '../../contract/app-contract.ts';
import type { ConditionReason } from '../../contract/conditions.ts';
import { tierName } from '../../contract/names.ts';
import type { DatabaseTrouble, FailingPods, JournalTrouble, WorkersView } from '../signals/pod-views.ts';
import { publishesFail } from './accepting.ts';
import { areMost, type ConditionInput, reasonBefore, type Verdict } from './verdict.ts';

type Available = Verdict<'RecordsAvailable'>;

interface Cause {
  readonly reason: ConditionReason<'RecordsAvailable'>;
  readonly what: string;
  readonly remedy: string | ((campaign: { readonly name: string; readonly namespace: string }) => string);
}

/** Runs the role records-rebuild where the accounts are. The image has no shell that would set a variable. */
const rebuildCommand = (name: string, namespace: string): string =>
  `kubectl exec -n ${namespace} deployment/${tierName(name, 'records')} -- /usr/local/bin/node -e "process.env.${ENV.role}='records-rebuild';import('/app/app/main.js')"`;

const DATABASE: Readonly<Record<DatabaseTrouble, Cause>> = {
  silent: {
    reason: 'DatabaseSilent',
    what: 'the database does not answer',
    remedy:
      'Look whether its process is stopped, its disk hangs or a network policy swallows packets; rows go on by themselves when it answers',
  },
  unreachable: {
    reason: 'DatabaseUnreachable',
    what: 'the database refuses or cuts connections',
    remedy:
      'Look whether it runs and what its log says (a full disk ends it too), and at the host in postgres-url of the Secret of spec.dataPlane.secretName',
  },
  starting: {
    reason: 'DatabaseStarting',
    what: 'the database starts, recovers or shuts down',
    remedy: 'Wait for its recovery; its log says how far it is',
  },
  connections: {
    reason: 'OutOfConnections',
    what: 'the database has no free connection',
    remedy:
      'Raise max_connections, end sessions of others (pg_stat_activity shows them), or lower spec.scaling.tiers.records.max',
  },
  disk_full: {
    reason: 'DiskFull',
    what: 'the disk of the database is full',
    remedy: 'Enlarge its volume or make room on it; nothing is lost, and rows go on by themselves',
  },
  read_only: {
    reason: 'DatabaseReadOnly',
    what: 'the database takes no writes: it is a standby, or set read-only',
    remedy: 'Point postgres-url of the Secret of spec.dataPlane.secretName at the primary, or make it writable',
  },
  credentials: {
    reason: 'CredentialsRefused',
    what: 'the database refuses their user, password or privilege',
    remedy: 'Compare postgres-url in the Secret of spec.dataPlane.secretName with the roles of the database',
  },
  certificate: {
    reason: 'CertificateRefused',
    what: "they refuse the database's certificate",
    remedy:
      'Set postgres-ca.crt of the Secret of spec.dataPlane.secretName to the certificate of its authority, or renew the certificate',
  },
  missing: {
    reason: 'TablesMissing',
    what: 'the database or its tables are missing',
    remedy: ({ name, namespace }) =>
      `Create the database if it is gone. Then make the tables, and write every row again from the journal: ${rebuildCommand(name, namespace)}`,
  },
  failing: {
    reason: 'CommitsFail',
    what: 'the database refuses commits',
    remedy: 'The log of the records pods has its code',
  },
};

const JOURNAL: Readonly<Record<JournalTrouble, string>> = {
  credentials: 'it refuses their user, password or permission',
  disconnected: 'no server takes their connection',
  no_leader: 'a shard has no leader',
  silent: 'it does not answer',
  full: 'it has no room',
};

/** A restart of the database within this is no news. */
const DATABASE_SECONDS = 3;
/** An election takes 4 to 9 s. */
const JOURNAL_SECONDS = 10;
/** Batches of a slow database shrink until they take about a second (app/records/batch-size.ts). */
const COMMIT_SECONDS = 30;

const count = (failing: readonly FailingPods<string>[]): number => failing.reduce((sum, { pods }) => sum + pods, 0);

/** 7, 10, 20, 130: a status that changed every second would be written every second. */
const lasting = (seconds: number): number => (seconds < 10 ? Math.round(seconds) : Math.floor(seconds / 10) * 10);

const who = ({ pods, example, seconds }: FailingPods<string>, of: number): string =>
  `${pods} of ${of} records pods (${pods === 1 ? example : `${example} among them`}) have said so for ${lasting(seconds)} s`;

/** Whether registrations are safe meanwhile is what the reader fears first. Not where intakes are refused as well. */
const meanwhile = (input: ConditionInput): string => {
  const backlog = input.observed.readings.backlog.records;
  const waiting = backlog?.kind === 'fresh' ? `${backlog.value.messages} wait in the journal` : undefined;
  const said = publishesFail(input)
    ? ['New registrations are not stored either: the condition AcceptingRegistrations says why', waiting]
    : ['Registrations go on', waiting];
  return `${said.filter((part) => part !== undefined).join('; ')}.`;
};

const databaseTrouble = (input: ConditionInput, { pods, database }: WorkersView): Available | undefined => {
  const found = database.filter(({ seconds }) => seconds >= DATABASE_SECONDS);
  const [most] = found;
  if (most === undefined) return undefined;
  const { reason, what, remedy } = DATABASE[most.state];
  const others = found.slice(1).map((one) => ` Also: ${DATABASE[one.state].what} (${who(one, pods)}).`);
  const how = typeof remedy === 'string' ? remedy : remedy(input.campaign.metadata);
  const before = reasonBefore(input, 'RecordsAvailable');
  const wereMost = Object.values(DATABASE).some((cause) => cause.reason === before);
  return {
    status: 'False',
    reason: areMost(count(found), pods, wereMost) ? reason : 'SomeWorkersFail',
    message: `As records pods find it, ${what}: ${who(most, pods)}.${others.join('')} ${how}. ${meanwhile(input)}`,
  };
};

const journalTrouble = (input: ConditionInput, { pods, journal }: WorkersView): Available | undefined => {
  const found = journal.filter(({ seconds }) => seconds >= JOURNAL_SECONDS);
  const [most] = found;
  if (most === undefined) return undefined;
  const wereMost = reasonBefore(input, 'RecordsAvailable') === 'JournalNotRead';
  return {
    status: 'False',
    reason: areMost(count(found), pods, wereMost) ? 'JournalNotRead' : 'SomeWorkersFail',
    message: `Records pods can't read the journal, ${JOURNAL[most.state]}: ${who(most, pods)}. Compare nats-user and nats-password in the Secret of spec.dataPlane.secretName with the accounts of the nats-servers, and look at the servers. ${meanwhile(input)}`,
  };
};

/**
 * Rows are tried from the top.
 *
 * | records pods                                              | status  | reason |
 * |-----------------------------------------------------------|---------|--------|
 * | no tier yet                                               | Unknown | NotYetObserved |
 * | none said anything for 5 s                                | Unknown | NoWorkerAnswers |
 * | at least half have found trouble with the database for 3 s; 40 % when it was so before | False | the cause that most of them name |
 * | fewer have                                                | False   | SomeWorkersFail |
 * | at least half could not read the journal for 10 s; 40 % when it was so before | False   | JournalNotRead; fewer: SomeWorkersFail |
 * | a batch has waited 30 s for its commit                    | False   | NotCommitting |
 * | none has looked at the database yet                       | Unknown | NotYetObserved |
 * | otherwise                                                 | True    | Available |
 */
export const recordsAvailable = (input: ConditionInput): Available => {
  const { cluster, readings } = input.observed;
  if (cluster.tiers.records === undefined) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'The records tier has not been created yet.' };
  }
  const { workers = { kind: 'absent' as const } } = readings;
  if (workers.kind !== 'fresh') {
    return {
      status: 'Unknown',
      reason: 'NoWorkerAnswers',
      message: `No records pod has said for 5 s how it finds the database. Their admin port must be reachable for the operator. ${meanwhile(input)}`,
    };
  }
  const found = databaseTrouble(input, workers.value) ?? journalTrouble(input, workers.value);
  if (found !== undefined) return found;
  const { pods, known, inHandSeconds } = workers.value;
  if (inHandSeconds >= COMMIT_SECONDS) {
    return {
      status: 'False',
      reason: 'NotCommitting',
      message: `The database answers, and a batch has waited ${lasting(inHandSeconds)} s for its commit. Look for a lock (pg_locks), a synchronous standby that is away, or a disk that hangs. ${meanwhile(input)}`,
    };
  }
  if (known === 0) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'No records pod has looked at the database yet.' };
  }
  return {
    status: 'True',
    reason: 'Available',
    message: `${known} of ${pods} records pods reach the database with their own credentials.`,
  };
};
