import { describe, expect, it } from '@jest/globals';
import type { ConditionType } from '../../../contract/conditions.ts';
import { acceptingRegistrations } from '../../../operator/conditions/accepting.ts';
import { ready } from '../../../operator/conditions/ready.ts';
import { recordsAvailable } from '../../../operator/conditions/records-available.ts';
import type { DatabaseTrouble, IntakesView, JournalTrouble, WorkersView } from '../../../operator/signals/pod-views.ts';
import type { CampaignReadings } from '../../../operator/signals/readings.ts';
import { transitionEvents } from '../../../operator/tick/events.ts';
import { CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { conditions } from '../../helpers/a-status.ts';
import { aConditionInput, NO_CONTINGENCY } from '../../helpers/condition-input.ts';
import { anObservedTier, freshReadings } from '../../helpers/observed.ts';

const intakes = (changes: Partial<IntakesView> = {}): IntakesView => ({
  pods: 10,
  known: 10,
  failing: [],
  stored: 0,
  failed: 0,
  ...changes,
});
const failing = (pods: number, state: JournalTrouble): IntakesView['failing'] => [
  { state, pods, example: 'chengdu-intake-7', seconds: 2 },
];
const workers = (changes: Partial<WorkersView> = {}): WorkersView => ({
  pods: 4,
  known: 4,
  database: [],
  journal: [],
  inHandSeconds: 0,
  ...changes,
});
const inTrouble = (state: DatabaseTrouble, pods = 4, seconds = 12): WorkersView['database'] => [
  { state, pods, example: 'chengdu-records-0', seconds },
];
const fresh = <T>(value: T) => ({ kind: 'fresh', value, atMs: OPENS_AT_MS }) as const;

const cluster = (readyPods: number) => ({
  tiers: { intake: anObservedTier('intake', 10, readyPods), records: anObservedTier('records', 4) },
  plans: [],
});
const input = (
  readings: Partial<CampaignReadings>,
  nowMs = OPENS_AT_MS,
  readyPods = 10,
  before?: string,
  type: ConditionType = 'AcceptingRegistrations',
) =>
  aConditionInput({
    nowMs,
    observed: {
      previous:
        before === undefined
          ? undefined
          : {
              conditions: conditions({ type, status: 'False', reason: before, message: '' }),
            },
      cluster: cluster(readyPods),
      readings: { ...freshReadings(nowMs, { backlog: 812 }), ...readings },
    },
    tiers: { intake: { ready: readyPods }, records: { ready: 4 } },
  });

describe('AcceptingRegistrations', () => {
  it.each([
    ['every check came through', intakes(), 'True', 'Accepting'],
    ['registrations are stored', intakes({ stored: 400 }), 'True', 'Accepting'],
    ['one of a thousand failed', intakes({ stored: 999, failed: 1 }), 'True', 'Accepting'],
    ['one in ten failed', intakes({ stored: 90, failed: 10 }), 'False', 'SomePublishesFail'],
    ['one pod of ten fails', intakes({ failing: failing(1, 'credentials') }), 'False', 'SomePublishesFail'],
    ['half of them fail', intakes({ failing: failing(5, 'silent') }), 'False', 'JournalSilent'],
    ['all are refused', intakes({ failing: failing(10, 'credentials') }), 'False', 'CredentialsRefused'],
    ['all are cut off', intakes({ failing: failing(10, 'disconnected') }), 'False', 'JournalDisconnected'],
    ['no shard has a leader', intakes({ failing: failing(10, 'no_leader') }), 'False', 'NoJournalLeader'],
    ['no room', intakes({ failing: failing(10, 'full') }), 'False', 'JournalFull'],
    ['none asked yet', intakes({ known: 0 }), 'Unknown', 'NotYetObserved'],
  ] as const)('%s', (_, view, status, reason) => {
    expect(acceptingRegistrations(input({ intakes: fresh(view) }))).toMatchObject({ status, reason });
  });

  it.each([
    ['before opening', OPENS_AT_MS - 1, intakes(), 'NotOpen'],
    ['after closing', CLOSES_AT_MS, intakes(), 'Closed'],
    [
      'before opening, and refused: known in time',
      OPENS_AT_MS - 1,
      intakes({ failing: failing(10, 'credentials') }),
      'CredentialsRefused',
    ],
  ] as const)('%s', (_, nowMs, view, reason) => {
    expect(acceptingRegistrations(input({ intakes: fresh(view) }, nowMs))).toMatchObject({ status: 'False', reason });
  });

  it.each([
    ['5 % and then 3 % fail', 'SomePublishesFail', intakes({ stored: 97, failed: 3 }), 'SomePublishesFail'],
    ['one of twenty, a quiet hour', 'SomePublishesFail', intakes({ stored: 19, failed: 1 }), 'SomePublishesFail'],
    ['less than 2 %', 'SomePublishesFail', intakes({ stored: 990, failed: 10 }), 'Accepting'],
    ['no one came', 'SomePublishesFail', intakes(), 'Accepting'],
    ['3 % fail, and it was well', 'Accepting', intakes({ stored: 97, failed: 3 }), 'Accepting'],
    ['five pods and then four', 'JournalSilent', intakes({ failing: failing(4, 'silent') }), 'JournalSilent'],
    ['five pods and then three', 'JournalSilent', intakes({ failing: failing(3, 'silent') }), 'SomePublishesFail'],
    ['three pods and then four', 'SomePublishesFail', intakes({ failing: failing(4, 'silent') }), 'SomePublishesFail'],
  ] as const)('does not come and go around a bound: %s', (_, before, view, reason) => {
    const now = input({ intakes: fresh(view) }, OPENS_AT_MS, 10, before);
    expect(acceptingRegistrations(now).reason).toBe(reason);
    expect(ready(now).reason).toBe(reason === 'JournalSilent' ? 'PublishesFail' : 'AllTiersReady');
  });

  it('is no while a level lets no one in', () => {
    const page = { title: { 'zh-CN': '', en: '' }, text: { 'zh-CN': '', en: '' }, retryAfterSeconds: 30 };
    const contingency = { ...NO_CONTINGENCY, effects: { page } };
    const verdict = acceptingRegistrations({ ...input({ intakes: fresh(intakes()) }), contingency });
    expect(verdict).toMatchObject({ status: 'False', reason: 'LevelAdmitsNone' });
  });

  it('is no without a Ready pod, with what those that start say', () => {
    const none = input({ intakes: fresh(intakes({ failing: failing(10, 'credentials') })) }, OPENS_AT_MS, 0);
    expect(acceptingRegistrations(none)).toMatchObject({
      status: 'False',
      reason: 'NoReadyIntake',
      message: expect.stringContaining('refuses their user, password or permission'),
    });
  });

  it.each([
    ['were never there', { kind: 'absent' }],
    ['are old', { kind: 'stale', value: intakes(), atMs: 0 }],
  ] as const)('is unknown when the words of pods %s', (_, reading) => {
    expect(acceptingRegistrations(input({ intakes: reading }))).toMatchObject({
      status: 'Unknown',
      reason: 'NoIntakeAnswers',
    });
  });

  it('names how many pods, one of them, the cause and the remedy', () => {
    const { message } = acceptingRegistrations(
      input({ intakes: fresh(intakes({ failing: failing(9, 'credentials') })) }),
    );
    expect(message).toContain('9 of 10 intake pods (chengdu-intake-7 among them) store no registration');
    expect(message).toContain('dataPlane.embedded.campaigns');
  });
});

describe('Ready beside what intakes find', () => {
  it.each([
    ['all are refused', intakes({ failing: failing(10, 'credentials') }), 'False', 'PublishesFail'],
    ['one of ten is', intakes({ failing: failing(1, 'credentials') }), 'True', 'AllTiersReady'],
    ['they are well', intakes(), 'True', 'AllTiersReady'],
  ] as const)('%s', (_, view, status, reason) => {
    expect(ready(input({ intakes: fresh(view) }))).toMatchObject({ status, reason });
  });

  it('does not fall because no pod said anything: signals have a condition of their own', () => {
    expect(
      ready(input({ intakes: { kind: 'stale', value: intakes({ failing: failing(10, 'full') }), atMs: 0 } })),
    ).toMatchObject({
      status: 'True',
    });
  });
});

describe('RecordsAvailable', () => {
  it.each([
    ['silent', 'DatabaseSilent'],
    ['unreachable', 'DatabaseUnreachable'],
    ['starting', 'DatabaseStarting'],
    ['connections', 'OutOfConnections'],
    ['disk_full', 'DiskFull'],
    ['read_only', 'DatabaseReadOnly'],
    ['credentials', 'CredentialsRefused'],
    ['certificate', 'CertificateRefused'],
    ['missing', 'TablesMissing'],
    ['failing', 'CommitsFail'],
  ] as const)('a database that is %s has a reason and a remedy of its own', (state, reason) => {
    const verdict = recordsAvailable(input({ workers: fresh(workers({ database: inTrouble(state) })) }));
    expect(verdict).toMatchObject({ status: 'False', reason });
    expect(verdict.message).toContain(
      '4 of 4 records pods (chengdu-records-0 among them) have written no rows for 10 s: ',
    );
    expect(verdict.message).toContain('Registrations go on; 812 wait in the journal.');
  });

  it.each([
    ['DiskFull', workers({ pods: 5, database: inTrouble('disk_full', 2) }), 'DiskFull'],
    ['DiskFull', workers({ pods: 6, database: inTrouble('disk_full', 2) }), 'SomeWorkersFail'],
    ['SomeWorkersFail', workers({ pods: 5, database: inTrouble('disk_full', 2) }), 'SomeWorkersFail'],
    [
      'JournalNotRead',
      workers({ pods: 5, journal: [{ state: 'silent', pods: 2, example: 'r', seconds: 11 }] }),
      'JournalNotRead',
    ],
    [
      'SomeWorkersFail',
      workers({ pods: 5, journal: [{ state: 'silent', pods: 2, example: 'r', seconds: 11 }] }),
      'SomeWorkersFail',
    ],
  ] as const)('does not come and go around half of the pods: %s before', (before, view, reason) => {
    const now = input({ workers: fresh(view) }, OPENS_AT_MS, 10, before, 'RecordsAvailable');
    expect(recordsAvailable(now).reason).toBe(reason);
  });

  it('names the command that makes lost tables anew', () => {
    expect(recordsAvailable(input({ workers: fresh(workers({ database: inTrouble('missing') })) })).message).toContain(
      `kubectl exec -n vouchers deployment/chengdu-records -- /usr/local/bin/node -e "process.env.VOUCHER_ROLE='records-rebuild';import('/app/app/main.js')"`,
    );
  });

  it.each([
    ['well', workers(), 'True', 'Available'],
    ['none looked yet', workers({ known: 0 }), 'Unknown', 'NotYetObserved'],
    ['a restart of two seconds', workers({ database: inTrouble('unreachable', 4, 2) }), 'True', 'Available'],
    ['one of four refused', workers({ database: inTrouble('credentials', 1) }), 'False', 'SomeWorkersFail'],
    ['an election', workers({ journal: failing(4, 'no_leader') }), 'True', 'Available'],
    [
      'the journal refuses them',
      workers({ journal: [{ state: 'credentials', pods: 4, example: 'r', seconds: 11 }] }),
      'False',
      'JournalNotRead',
    ],
    [
      'it refuses one of four',
      workers({ journal: [{ state: 'credentials', pods: 1, example: 'r', seconds: 11 }] }),
      'False',
      'SomeWorkersFail',
    ],
    ['a commit that waits for a lock', workers({ inHandSeconds: 31 }), 'False', 'NotCommitting'],
    ['a slow database', workers({ inHandSeconds: 9 }), 'True', 'Available'],
  ] as const)('%s', (_, view, status, reason) => {
    expect(recordsAvailable(input({ workers: fresh(view) }))).toMatchObject({ status, reason });
  });

  it.each([
    ['were never there', { kind: 'absent' }],
    ['are old', { kind: 'stale', value: workers(), atMs: 0 }],
  ] as const)('is unknown when the words of pods %s', (_, reading) => {
    expect(recordsAvailable(input({ workers: reading }))).toMatchObject({
      status: 'Unknown',
      reason: 'NoWorkerAnswers',
    });
  });

  it('does not say that registrations go on where intakes are refused as well', () => {
    const both = input({
      intakes: fresh(intakes({ failing: failing(10, 'credentials') })),
      workers: fresh(workers({ journal: [{ state: 'credentials', pods: 4, example: 'r', seconds: 11 }] })),
    });
    expect(recordsAvailable(both).message).toMatch(
      /New registrations are not stored either.*AcceptingRegistrations.*812 wait in the journal/,
    );
  });
});

describe('the events', () => {
  const told = (
    type: 'AcceptingRegistrations' | 'RecordsAvailable',
    before: readonly [string, string],
    after: readonly [string, string],
  ) => {
    const statusOf = ([status, reason]: readonly [string, string]) => ({
      conditions: conditions({
        type,
        status: status === 'True' ? 'True' : status === 'False' ? 'False' : 'Unknown',
        reason,
        message: 'why',
      }),
    });
    return transitionEvents(statusOf(before), statusOf(after)).map(({ type: kind, reason }) => `${kind} ${reason}`);
  };

  it('have no number of registrations in them: each would be another event', () => {
    const statusOf = (view: IntakesView, nowMs = OPENS_AT_MS) => {
      const verdict = acceptingRegistrations(input({ intakes: fresh(view) }, nowMs));
      return { conditions: conditions({ type: 'AcceptingRegistrations', ...verdict }) };
    };
    const [well, bad] = [statusOf(intakes({ stored: 480 })), statusOf(intakes({ stored: 90, failed: 10 }))];
    expect(bad.conditions.find(({ reason }) => reason === 'SomePublishesFail')?.message).toMatch(/^10 of the last 100/);
    const messages = [...transitionEvents(well, bad), ...transitionEvents(bad, well)].map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages.join(' ')).not.toMatch(/\d/);
  });

  it.each([
    ['AcceptingRegistrations', ['True', 'Accepting'], ['False', 'CredentialsRefused'], ['Warning RegistrationsFail']],
    ['AcceptingRegistrations', ['False', 'NotOpen'], ['False', 'JournalFull'], ['Warning RegistrationsFail']],
    ['AcceptingRegistrations', ['False', 'JournalFull'], ['False', 'JournalFull'], []],
    ['AcceptingRegistrations', ['False', 'JournalFull'], ['True', 'Accepting'], ['Normal RegistrationsAccepted']],
    ['AcceptingRegistrations', ['True', 'Accepting'], ['False', 'Closed'], []],
    ['RecordsAvailable', ['True', 'Available'], ['False', 'DiskFull'], ['Warning RecordsUnavailable']],
    ['RecordsAvailable', ['False', 'DiskFull'], ['False', 'DatabaseStarting'], ['Warning RecordsUnavailable']],
    ['RecordsAvailable', ['False', 'DatabaseStarting'], ['True', 'Available'], ['Normal RecordsAvailable']],
    ['RecordsAvailable', ['Unknown', 'NotYetObserved'], ['True', 'Available'], []],
  ] as const)('%s from %j to %j', (type, before, after, events) => {
    expect(told(type, before, after)).toEqual(events);
  });
});
