/** For each alert, series with which it fires, and series with which it is silent. Values are in promtool's notation, one each 15 s. */
import type { ConditionType } from '../../contract/conditions.ts';
import { SCALER_READS } from '../../observability/alerts/scaling.ts';

/** Name and labels → values. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly series: Series;
  /** When it is looked at; by default after 10 minutes. */
  readonly at?: string;
  /** Nothing else is there: it is about what is absent. */
  readonly isAlone?: true;
}

export interface AlertCases {
  readonly fires: Readonly<Record<string, AlertCase>>;
  readonly silent: Readonly<Record<string, AlertCase>>;
}

const CAMPAIGN = 'namespace="vouchers",name="spring"';
const INTAKE = `${CAMPAIGN},tier="intake"`;

/** 20 minutes of one value. */
const always = (value: number): string => `${value}x80`;
const is = (type: ConditionType, status: string, reason: string, values = always(1)): Series => ({
  [`voucher_campaign_condition{${CAMPAIGN},type="${type}",status="${status}",reason="${reason}",pod="operator-a"}`]:
    values,
});
const campaign = (metric: string, value: number | string): Series => ({
  [`voucher_campaign_${metric}{${CAMPAIGN}}`]: typeof value === 'number' ? always(value) : value,
});
const tier = (metric: string, value: number | string): Series => ({
  [`voucher_tier_${metric}{${INTAKE}}`]: typeof value === 'number' ? always(value) : value,
});
const case_ = (...series: readonly Series[]): AlertCase => ({ series: Object.assign({}, ...series) });
const at = (time: string, { series }: AlertCase): AlertCase => ({ series, at: time });

/** An alert on a condition: it fires with one reason, and is silent with each of the others. */
const onCondition = (
  type: ConditionType,
  bad: readonly [status: string, reason: string],
  ...well: readonly (readonly [status: string, reason: string])[]
): AlertCases => ({
  fires: { [bad[1]]: case_(is(type, ...bad)) },
  silent: Object.fromEntries(well.map((good) => [good[1], case_(is(type, ...good))])),
});

const OPEN = is('Open', 'True', 'WithinWindow');
const TWO_HOURS = [campaign('opens_timestamp_seconds', 0), campaign('closes_timestamp_seconds', 7_200)];
const arrivals = (outcome: string, values: string): Series => ({
  [`voucher_intake_arrivals_total{${INTAKE},pod="a",outcome="${outcome}"}`]: values,
});
const buckets = (metric: string, labels: string, le: readonly (readonly [string, string])[]): Series =>
  Object.fromEntries(le.map(([bound, values]) => [`${metric}{${labels},le="${bound}"}`, values]));
const answers = (...le: readonly (readonly [string, string])[]): Series =>
  buckets('voucher_intake_answer_seconds_bucket', `${INTAKE},outcome="accepted"`, le);
const SCRAPED = case_(...SCALER_READS.map((metric) => ({ [`${metric}{${INTAKE},pod="a"}`]: always(1) })));
/** What the operator has of a tier; undefined: it has no value. */
const read = (name: string, metric: string, value: number | undefined): Series => ({
  [`voucher_tier_current_replicas{${CAMPAIGN},tier="${name}"}`]: always(2),
  ...(value === undefined ? {} : { [`voucher_tier_${metric}{${CAMPAIGN},tier="${name}"}`]: always(value) }),
});
const ARRIVALS = read('intake', 'arrivals_per_second', 0);
const BACKLOG = read('records', 'backlog_messages', 0);

const REGISTRATION: Readonly<Record<string, AlertCases>> = {
  VoucherRegistrationsFail: {
    fires: {
      'one of a hundred fails': case_(...TWO_HOURS, arrivals('accepted', '0+1485x80'), arrivals('failed', '0+15x80')),
      'connections are refused': case_(
        ...TWO_HOURS,
        arrivals('accepted', '0+1485x80'),
        arrivals('turned_away', '0+15x80'),
      ),
      'one of 10,000 fails for an hour': at(
        '70m',
        case_(
          ...TWO_HOURS.map((series) =>
            Object.fromEntries(Object.entries(series).map(([name, values]) => [name, values.replace('x80', 'x400')])),
          ),
          arrivals('accepted', '0+1500x400'),
          arrivals('failed', '0+0.6x400'),
        ),
      ),
    },
    silent: {
      'all are accepted': case_(...TWO_HOURS, arrivals('accepted', '0+1500x80'), arrivals('failed', '0x80')),
      'nine citizens got an error': case_(
        ...TWO_HOURS,
        arrivals('accepted', '0+1500x80'),
        arrivals('failed', '0x20 9x60'),
      ),
      'citizens are shed': case_(...TWO_HOURS, arrivals('accepted', '0+1500x80'), arrivals('shed', '0+1500x80')),
      'canaries fail': case_(...TWO_HOURS, arrivals('accepted', '0+1500x80'), arrivals('canary', '0+15x80')),
      // Prometheus evaluates groups side by side: an alert may see what was recorded 15 s ago.
      'it was over minutes ago': at(
        '11m',
        case_(...TWO_HOURS, arrivals('accepted', '0+1500x80'), arrivals('failed', '0+20x20 400x60')),
      ),
    },
  },
  VoucherNotAccepting: onCondition(
    'AcceptingRegistrations',
    ['False', 'JournalDisconnected'],
    ['True', 'Accepting'],
    ['False', 'NotOpen'],
    ['False', 'Closed'],
    ['False', 'LevelAdmitsNone'],
  ),
  VoucherJournalNotDurable: onCondition(
    'JournalDurable',
    ['False', 'NotSynced'],
    ['True', 'Verified'],
    ['True', 'LeaderElection'],
    ['Unknown', 'NotYetObserved'],
  ),
  VoucherPreWarmLate: {
    fires: {
      'an hour before': case_(campaign('opens_timestamp_seconds', 3_600), is('PreWarmed', 'False', 'WillBeLate')),
    },
    silent: {
      'it is warm': case_(campaign('opens_timestamp_seconds', 3_600), is('PreWarmed', 'True', 'FloorReady')),
      'pods start': case_(campaign('opens_timestamp_seconds', 3_600), is('PreWarmed', 'False', 'PreWarming')),
      'two days before': case_(
        campaign('opens_timestamp_seconds', 172_800),
        is('PreWarmed', 'False', 'CeilingBelowFloor'),
      ),
    },
  },
  VoucherTierBelowMin: {
    fires: { 'one of two is Ready': case_(tier('ready_replicas', 1), tier('min_replicas', 2)) },
    silent: {
      'both are Ready': case_(tier('ready_replicas', 2), tier('min_replicas', 2)),
      'one was lost for a minute': case_(tier('ready_replicas', '2x34 1x4 2x40'), tier('min_replicas', 2)),
    },
  },
  VoucherCitizensShed: {
    fires: { 'a fifth is shed': case_(OPEN, campaign('shed_ratio', 0.2)) },
    silent: {
      'a twentieth is shed': case_(OPEN, campaign('shed_ratio', 0.05)),
      'they have tickets': case_(OPEN, campaign('shed_ratio', 0.2), campaign('waiting_citizens', 5_000)),
      'registration is closed': case_(campaign('shed_ratio', 0.2)),
      'in the opening minute only': case_(OPEN, campaign('shed_ratio', '0.5x4 0x76')),
    },
  },
  VoucherQueueStopped: {
    fires: { 'no turn comes': case_(OPEN, campaign('waiting_citizens', 5_000)) },
    silent: {
      'it moves': case_(OPEN, campaign('waiting_citizens', 5_000), campaign('waiting_seconds', 60)),
      'no one waits': case_(OPEN, campaign('waiting_citizens', 0)),
      'before opening': case_(is('Open', 'False', 'BeforeOpening'), campaign('waiting_citizens', 5_000)),
      'a level stops it': case_(OPEN, campaign('waiting_citizens', 5_000), is('Contingency', 'True', 'LevelInForce')),
    },
  },
  VoucherQueueLong: {
    fires: { 'two hours': case_(OPEN, campaign('waiting_seconds', 7_200)) },
    silent: { 'ten minutes': case_(OPEN, campaign('waiting_seconds', 600)) },
  },
  VoucherAnswersSlow: {
    fires: { 'a tenth takes 2 s': case_(answers(['1', '0+900x80'], ['2', '0+1000x80'], ['+Inf', '0+1000x80'])) },
    silent: {
      'all take less than 0.3 s': case_(answers(['0.3', '0+1000x80'], ['1', '0+1000x80'], ['+Inf', '0+1000x80'])),
    },
  },
  VoucherRecordsUnavailable: onCondition(
    'RecordsAvailable',
    ['False', 'DatabaseSilent'],
    ['True', 'Available'],
    ['Unknown', 'NotYetObserved'],
  ),
  VoucherBacklogTooLarge: {
    fires: {
      'it does not fall': case_(campaign('freeze_due_timestamp_seconds', 7_200), tier('backlog_messages', 50_000)),
      'it falls too slowly': case_(
        campaign('freeze_due_timestamp_seconds', 3_600),
        tier('backlog_messages', '90000-150x80'),
      ),
      'the list was due': case_(campaign('freeze_due_timestamp_seconds', 300), tier('backlog_messages', 5_000)),
    },
    silent: {
      'it will be empty in time': case_(
        campaign('freeze_due_timestamp_seconds', 7_200),
        tier('backlog_messages', '50000-600x80'),
      ),
      'the list is due in two days': case_(
        campaign('freeze_due_timestamp_seconds', 172_800),
        tier('backlog_messages', 50_000),
      ),
      'it is what is in flight': case_(campaign('freeze_due_timestamp_seconds', 7_200), tier('backlog_messages', 500)),
    },
  },
  VoucherMessagesSetAside: {
    fires: {
      'one message': case_({ [`voucher_records_rejected_total{${CAMPAIGN},reason="unreadable"}`]: '0x20 1x60' }),
    },
    silent: { none: case_({ [`voucher_records_rejected_total{${CAMPAIGN},reason="unreadable"}`]: always(0) }) },
  },
};

const WAITS = is('PlanPending', 'True', 'AwaitingDecision');

const SCALING: Readonly<Record<string, AlertCases>> = {
  VoucherPlanWaits: {
    fires: { 'the ceiling binds': case_(WAITS, tier('wanted_replicas', 40), tier('ceiling_replicas', 20)) },
    silent: {
      'the ceiling is enough': case_(WAITS, tier('wanted_replicas', 10), tier('ceiling_replicas', 20)),
      'no plan waits': case_(
        is('PlanPending', 'False', 'PlanRejected'),
        tier('wanted_replicas', 40),
        tier('ceiling_replicas', 20),
      ),
    },
  },
  VoucherMetricsStale: {
    fires: { 'while open': case_(OPEN, is('MetricsFresh', 'False', 'ArrivalsStale')) },
    silent: {
      'all are fresh': case_(OPEN, is('MetricsFresh', 'True', 'AllFresh')),
      'registration is closed': case_(is('MetricsFresh', 'False', 'ArrivalsStale')),
    },
  },
  VoucherScalingMetricAbsent: {
    fires: {
      ...Object.fromEntries(
        SCALER_READS.map((metric) => [
          metric,
          case_(
            OPEN,
            ARRIVALS,
            BACKLOG,
            Object.fromEntries(Object.entries(SCRAPED.series).filter(([name]) => !name.startsWith(`${metric}{`))),
          ),
        ]),
      ),
      'arrivals at the operator': case_(OPEN, SCRAPED.series, read('intake', '', undefined), BACKLOG),
      'arrivals of logins at the operator': case_(OPEN, SCRAPED.series, ARRIVALS, read('login', '', undefined)),
      'backlog at the operator': case_(OPEN, SCRAPED.series, ARRIVALS, read('records', '', undefined)),
      'backlog of issuance, after closing': case_(read('issuance', '', undefined)),
    },
    silent: {
      'all are there': case_(OPEN, SCRAPED.series, ARRIVALS, BACKLOG, read('login', 'arrivals_per_second', 0)),
      'registration is closed': case_(is('Open', 'False', 'AfterClosing'), read('intake', '', undefined), BACKLOG),
    },
  },
  VoucherDownstreamSaturated: onCondition('DownstreamSaturated', ['True', 'NoGain'], ['False', 'NotSaturated']),
  VoucherNotProvisioned: onCondition('Provisioned', ['False', 'Unschedulable'], ['True', 'AllPlaced']),
  VoucherContingencyInForce: onCondition('Contingency', ['True', 'LevelInForce'], ['False', 'NoLevelInForce']),
  VoucherScalingOverridden: onCondition('Overridden', ['True', 'Paused'], ['False', 'NoOverride']),
};

const own = (metric: string, labels: string, values: string): Series => ({
  [`voucher_operator_${metric}{namespace="voucher-system",pod="a"${labels}}`]: values,
});
const delays = (upTo1s: string): Series =>
  buckets('voucher_operator_tick_delay_seconds_bucket', 'namespace="voucher-system",pod="a"', [
    ['1', upTo1s],
    ['5', '0+60x80'],
    ['+Inf', '0+60x80'],
  ]);

const OPERATOR: Readonly<Record<string, AlertCases>> = {
  VoucherOperatorNoLeader: {
    fires: {
      'both wait': case_(own('leading', '', always(0))),
      'none is there': { series: { up: always(1) }, isAlone: true },
    },
    silent: {
      'one leads': case_(own('leading', '', always(1))),
      'the leader changed': case_(own('leading', '', '1x36 0x2 1x40')),
    },
  },
  VoucherOperatorTicksLate: {
    fires: {
      'half of them are late': case_(delays('0+30x80')),
      'there are none': case_(own('queue_campaigns', '', always(2)), own('ticks_total', ',reason="due"', always(50))),
    },
    silent: {
      'they are on time': case_(
        delays('0+60x80'),
        own('queue_campaigns', '', always(2)),
        own('ticks_total', ',reason="due"', '0+15x80'),
      ),
      'there is no campaign': case_(
        own('queue_campaigns', '', always(0)),
        own('ticks_total', ',reason="due"', always(50)),
      ),
    },
  },
  VoucherOperatorErrors: {
    fires: { 'each tick': at('16m', case_(own('reconcile_errors_total', ',kind="scale"', '0+1x80'))) },
    silent: { 'a single one': at('16m', case_(own('reconcile_errors_total', ',kind="scale"', '0x40 1x40'))) },
  },
  VoucherApiServerQuiet: {
    fires: { 'for five minutes': case_(own('watch_quiet_seconds', ',resource="pods"', always(300))) },
    silent: { 'it sends bookmarks': case_(own('watch_quiet_seconds', ',resource="pods"', always(50))) },
  },
  VoucherNamespaceNotServed: {
    fires: {
      refused: case_({ 'voucher_operator_namespaces_not_served{namespace="vouchers",reason="refused"}': always(1) }),
    },
    silent: { 'all are served': case_(own('leading', '', always(1))) },
  },
  VoucherCampaignStalled: onCondition('Stalled', ['True', 'JournalConflict'], ['False', 'NotStalled']),
  VoucherCampaignUndecided: onCondition(
    'Ready',
    ['False', 'TickFailed'],
    ['True', 'AllTiersReady'],
    ['False', 'TierNotReady'],
  ),
  VoucherSecretFault: {
    fires: {
      'a Secret is missing': case_(is('Stalled', 'True', 'SecretMissing')),
      'the journal refuses the account': case_(is('AcceptingRegistrations', 'False', 'CredentialsRefused')),
      'the certificate is not valid': case_(is('RecordsAvailable', 'False', 'CertificateRefused')),
      'one pod is refused': case_({
        [`voucher_dependency_seconds{${INTAKE},pod="a",dependency="journal",state="credentials"}`]: '0+15x80',
      }),
    },
    silent: {
      'all answer': case_(is('RecordsAvailable', 'True', 'Available'), {
        [`voucher_dependency_seconds{${INTAKE},pod="a",dependency="journal",state="answers"}`]: '0+15x80',
      }),
      'the database is silent': case_(is('RecordsAvailable', 'False', 'DatabaseSilent')),
    },
  },
  VoucherClocksDisagree: onCondition('ClocksAgree', ['False', 'PodClockOff'], ['True', 'AllAgree']),
};

const OPENED = campaign('opens_timestamp_seconds', 0);
const dueAt = (metric: string, seconds: number): Series => campaign(`${metric}_due_timestamp_seconds`, seconds);

const LATER: Readonly<Record<string, AlertCases>> = {
  VoucherRecordsDiffer: onCondition(
    'RecordsConsistent',
    ['False', 'RowsDiffer'],
    ['True', 'RowsAgree'],
    ['Unknown', 'NotCompared'],
  ),
  VoucherNotCompared: {
    fires: { 'for 19 minutes': at('19m', case_(OPENED, is('RecordsConsistent', 'Unknown', 'NotCompared'))) },
    silent: {
      'for ten minutes': case_(OPENED, is('RecordsConsistent', 'Unknown', 'NotCompared')),
      'it was compared': at('19m', case_(OPENED, is('RecordsConsistent', 'True', 'RowsAgree'))),
      'before opening': at(
        '19m',
        case_(campaign('opens_timestamp_seconds', 7_200), is('RecordsConsistent', 'Unknown', 'NotCompared')),
      ),
      'after the list was made': at(
        '19m',
        case_(OPENED, is('RecordsConsistent', 'Unknown', 'NotCompared'), is('ListFrozen', 'True', 'Listed')),
      ),
    },
  },
  VoucherProviderStopped: onCondition('ProvidersReachable', ['False', 'ProviderFailing'], ['True', 'AllAnswer']),
  VoucherEarlierWinnersMissing: onCondition(
    'EarlierWinnersExcluded',
    ['False', 'KeysDestroyed'],
    ['True', 'Excluded'],
    ['False', 'WaitingForResult'],
  ),
  VoucherFreezeLate: {
    fires: {
      'a consumer is behind': at('19m', case_(dueAt('freeze', 60), is('ListFrozen', 'False', 'WaitingForConsumers'))),
    },
    silent: {
      'it was due ten minutes ago': case_(dueAt('freeze', 0), is('ListFrozen', 'False', 'WaitingForConsumers')),
      'it is frozen': at('19m', case_(dueAt('freeze', 60), is('ListFrozen', 'True', 'Listed'))),
      'an owner defers it': at('19m', case_(dueAt('freeze', 60), is('ListFrozen', 'False', 'Deferred'))),
    },
  },
  VoucherDrawLate: {
    fires: {
      'a source has no value': at('19m', case_(dueAt('draw', -1_200), is('Drawn', 'False', 'WaitingForSources'))),
      'values differ': case_(is('Drawn', 'False', 'ValuesDiffer')),
    },
    silent: {
      'it is not due': case_(dueAt('draw', 7_200), is('Drawn', 'False', 'WaitingForTime')),
      'it is drawn': at('19m', case_(dueAt('draw', -1_200), is('Drawn', 'True', 'Drawn'))),
    },
  },
  VoucherChannelUnreachable: onCondition('ChannelsReachable', ['False', 'ChannelRefuses'], ['True', 'AllAnswer']),
  VoucherChannelStopped: onCondition(
    'Issued',
    ['False', 'ChannelStopped'],
    ['True', 'AllIssued'],
    ['False', 'Issuing'],
  ),
  VoucherBooksDiffer: onCondition(
    'BooksBalanced',
    ['False', 'ChannelDiffers'],
    ['True', 'Balanced'],
    ['False', 'NotStarted'],
  ),
  VoucherDeletionOverdue: {
    fires: {
      'for two hours': case_(dueAt('deletion', -7_200), is('PersonalDataDestroyed', 'False', 'SecretNotEmptied')),
    },
    silent: {
      'it is destroyed': case_(dueAt('deletion', -7_200), is('PersonalDataDestroyed', 'True', 'Destroyed')),
      'it is not due': case_(dueAt('deletion', 7_200), is('PersonalDataDestroyed', 'False', 'NotDue')),
    },
  },
};

export const ALERT_CASES: Readonly<Record<string, AlertCases>> = { ...REGISTRATION, ...SCALING, ...OPERATOR, ...LATER };
