/** Whether registrations reach the database, as records pods find it with their own credentials. */
import { ENV } from '../../contract/app-contract.ts';
import { tierName } from '../../contract/names.ts';
import type { DatabaseTrouble, FailingPods, JournalTrouble, WorkersView } from '../signals/pod-views.ts';
import { publishesFail } from './accepting.ts';
import { JOURNAL, podTrouble, type Words } from './pod-reports.ts';
import { type ConditionInput, no, reasonBefore, unknown, type Verdict, yes } from './verdict.ts';

type Available = Verdict<'RecordsAvailable'>;

type Names = ConditionInput['campaign']['metadata'];

/** Runs the role records-rebuild in a records pod, which has the accounts. The image has no shell that would set a variable. */
const rebuildCommand = ({ name, namespace }: Names): string =>
  `kubectl exec -n ${namespace} deployment/${tierName(name, 'records')} -- /usr/local/bin/node -e "process.env.${ENV.role}='records-rebuild';import('/app/app/main.js')"`;

const POD = { who: 'records pods', some: 'SomeWorkersFail' } as const;

const writing = (campaign: Names): Words<DatabaseTrouble, Available['reason']> => ({
  ...POD,
  fail: 'have written no rows',
  reasons: {
    silent: 'DatabaseSilent',
    unreachable: 'DatabaseUnreachable',
    starting: 'DatabaseStarting',
    connections: 'OutOfConnections',
    disk_full: 'DiskFull',
    read_only: 'DatabaseReadOnly',
    credentials: 'CredentialsRefused',
    certificate: 'CertificateRefused',
    missing: 'TablesMissing',
    failing: 'CommitsFail',
  },
  texts: {
    silent:
      'the database does not answer. Check whether its process is stopped, its disk hangs or a network policy drops packets; writing resumes by itself when it answers',
    unreachable:
      'the database refuses or cuts connections. Check whether it runs, its log (a full disk ends it too), and the host in postgres-url of the Secret <spec.dataPlane.secretName>-records',
    starting: 'the database starts, recovers or shuts down. Wait for its recovery; its log shows the progress',
    connections:
      'the database has no free connection. Raise max_connections, end sessions of others (pg_stat_activity shows them), or lower spec.scaling.tiers.records.max',
    disk_full:
      'the disk of the database is full. Enlarge its volume or free space on it; nothing is lost, and writing resumes by itself',
    read_only:
      'the database accepts no writes: it is a standby, or set read-only. Point postgres-url of the Secret <spec.dataPlane.secretName>-records at the primary, or make it writable',
    credentials:
      'the database refuses their user, password or privilege. Compare postgres-url in the Secret <spec.dataPlane.secretName>-records with the roles of the database',
    certificate:
      "they refuse the database's certificate. Set postgres-ca.crt of the Secret <spec.dataPlane.secretName>-records to the certificate of its authority, or renew the certificate",
    missing: `the database or its tables are missing. Create the database if it is gone. Then create the tables and write every row again from the journal: ${rebuildCommand(campaign)}`,
    failing: 'the database refuses commits. The log of the records pods has its code',
  },
});

const READING: Words<JournalTrouble, Available['reason']> = {
  ...POD,
  fail: 'have not been able to read the whole journal',
  reasons: {
    credentials: 'JournalNotRead',
    disconnected: 'JournalNotRead',
    no_leader: 'JournalNotRead',
    silent: 'JournalNotRead',
    full: 'JournalNotRead',
  },
  texts: JOURNAL,
};

/** A restart of the database within this time is not reported. */
const DATABASE_SECONDS = 3;
/** An election takes 4 to 9 s. */
const JOURNAL_SECONDS = 10;
/** Batches of a slow database shrink until they take about a second (app/worker/batch-size.ts). */
const COMMIT_SECONDS = 30;

/** Registrations are safe meanwhile, unless intake pods are refused as well. */
const meanwhile = (input: ConditionInput): string => {
  const backlog = input.observed.readings.backlog.records;
  const waiting = backlog?.kind === 'fresh' ? `; ${backlog.value.messages} wait in the journal` : '';
  return publishesFail(input)
    ? `New registrations are not stored either: the condition AcceptingRegistrations says why${waiting}.`
    : `Registrations go on${waiting}.`;
};

/** 7, 10, 20, 130: a status that changed every second would be written every second. */
const lasting = (seconds: number): string => `${seconds < 10 ? Math.round(seconds) : Math.floor(seconds / 10) * 10} s`;

const trouble = (input: ConditionInput, { pods, database, journal }: WorkersView): Available | undefined => {
  const before = reasonBefore(input, 'RecordsAvailable');
  const of = <S extends string>(words: Words<S, Available['reason']>, all: readonly FailingPods<S>[], from: number) => {
    const failing = all.filter(({ seconds }) => seconds >= from);
    return podTrouble(words, { pods, before, failing }, (seconds) => ` for ${lasting(seconds)}`);
  };
  const found =
    of(writing(input.campaign.metadata), database, DATABASE_SECONDS) ?? of(READING, journal, JOURNAL_SECONDS);
  return found && { ...found, message: `${found.message} ${meanwhile(input)}` };
};

/**
 * Rows are tried from the top. Records pods are those that are Ready, and all of them where none is (pod-findings.ts).
 *
 * | records pods                                              | status  | reason |
 * |-----------------------------------------------------------|---------|--------|
 * | no tier yet                                               | Unknown | NotYetObserved |
 * | none reported for 5 s                                     | Unknown | NoWorkerAnswers |
 * | at least half have had trouble with the database for 3 s; 40 % when it was so before | False | the cause that most of them name |
 * | fewer have                                                | False   | SomeWorkersFail |
 * | at least half could not read the journal for 10 s; 40 % when it was so before | False   | JournalNotRead; fewer: SomeWorkersFail |
 * | a batch has waited 30 s for its commit                    | False   | NotCommitting |
 * | none has checked the database yet                         | Unknown | NotYetObserved |
 * | otherwise                                                 | True    | Available |
 */
export const recordsAvailable = (input: ConditionInput): Available => {
  const { cluster, readings } = input.observed;
  if (cluster.tiers.records === undefined) {
    return unknown('NotYetObserved', 'The records tier has not been created yet.');
  }
  const { workers } = readings;
  if (workers?.kind !== 'fresh') {
    return unknown(
      'NoWorkerAnswers',
      `No records pod has reported on the database for 5 s. The operator must reach their admin port. ${meanwhile(input)}`,
    );
  }
  const found = trouble(input, workers.value);
  if (found !== undefined) return found;
  const { pods, known, inHandSeconds } = workers.value;
  if (inHandSeconds >= COMMIT_SECONDS) {
    return no(
      'NotCommitting',
      `The database answers, but a batch has waited ${lasting(inHandSeconds)} for its commit. Check for a lock (pg_locks), a synchronous standby that is down, or a disk that hangs. ${meanwhile(input)}`,
    );
  }
  return known === 0
    ? unknown('NotYetObserved', 'No records pod has checked the database yet.')
    : yes('Available', `${known} of ${pods} records pods reach the database with their own credentials.`);
};
