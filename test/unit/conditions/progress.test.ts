import { describe, expect, it } from '@jest/globals';
import { CONDITION_REASONS, type ConditionReason } from '../../../contract/conditions.ts';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { judge } from '../../../operator/conditions/conditions.ts';
import type { ConditionInput } from '../../../operator/conditions/verdict.ts';
import type { CampaignReadings } from '../../../operator/signals/readings.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { conditions } from '../../helpers/a-status.ts';
import { aConditionInput, outcomes } from '../../helpers/condition-input.ts';
import { anObservedTier, freshReadings, SYNCED } from '../../helpers/observed.ts';

const ago = (seconds: number) => new Date(OPENS_AT_MS - seconds * 1000).toISOString();
/** Every condition has been as stated for so long. */
const since = (seconds: number, ...changes: readonly Partial<Condition>[]): VoucherCampaignStatus => ({
  conditions: conditions(...changes.map((change) => ({ lastTransitionTime: ago(seconds), ...change }))),
});
/** A tick has seen this generation. */
const SEEN = { type: 'Reconciling', observedGeneration: 1 };
/** The cause has been there for so long, and every condition has been as stated for an hour. */
const standing = (reason: ConditionReason<'Stalled'>, seconds: number): VoucherCampaignStatus => ({
  ...since(
    3600,
    SEEN,
    ...(['Ready', 'Provisioned', 'JournalDurable'] as const).map((type) => ({ type, status: 'False' as const })),
  ),
  stalling: [{ reason, since: ago(seconds) }],
});
const fresh = <T>(value: T) => ({ kind: 'fresh', value, atMs: OPENS_AT_MS }) as const;
const readings = (changes: Partial<CampaignReadings>) => ({
  readings: { ...freshReadings(OPENS_AT_MS), ...changes },
});

const tierWith = (reason: string, message: string): Pick<Observed, 'cluster'> => {
  const problem = { kind: 'not_starting', replicas: 2, reason, message } as const;
  const intake = { ...anObservedTier('intake', 2, 0), problems: [problem] };
  return { cluster: { tiers: { intake, records: anObservedTier('records', 2) }, plans: [] } };
};
const intakesRefused = (pods: number, seconds: number) => ({
  previous: standing('JournalCredentialsRefused', seconds),
  ...readings({
    intakes: fresh({
      pods: 10,
      known: 10,
      failing: [{ state: 'credentials', pods, example: 'chengdu-intake-7', seconds: 3600 }],
      stored: 0,
      failed: 0,
    }),
  }),
});
const workersFind = (state: 'credentials' | 'certificate' | 'disk_full', previous: VoucherCampaignStatus) => ({
  previous,
  ...readings({
    workers: fresh({
      pods: 4,
      known: 4,
      database: [{ state, pods: 4, example: 'chengdu-records-0', seconds: 3600 }],
      journal: [],
      inHandSeconds: 0,
    }),
  }),
});
const refusal = { what: 'create Deployment x', words: 'no', isRefused: true, sinceMs: 0 };
const otherAutoscalers: Partial<ConditionInput> = {
  tiers: outcomes({ intake: { otherAutoscalers: ['keda'] } }),
};

interface Case {
  readonly observed?: Partial<Observed>;
  readonly input?: Partial<ConditionInput>;
  readonly want: string;
}
const SECRET = 'MountVolume.SetUp failed for volume "data-plane" : secret "voucher-data-plane" not found';
const KEY = "couldn't find key nats-url in Secret vouchers/voucher-data-plane";
const one = { ...SYNCED, replicas: 1 };
const unsynced = { ...SYNCED, durability: 'NotSynced' } as const;
const unseen = { ...SYNCED, durability: 'Unknown' } as const;
const full = { ...SYNCED, faults: [{ kind: 'streamsFull', streams: ['REG_x_0'], maxBytes: 1 }] } as const;

const cases: Record<string, Case> = {
  'all is well': { want: 'False NotStalled' },
  'nothing is known': { observed: { journal: undefined }, want: 'False NotStalled' },
  'the journal is another one’s, as of now': {
    observed: { journal: { kind: 'conflict', message: 'x' } },
    want: 'True JournalConflict',
  },
  'another autoscaler, as of now': { input: otherAutoscalers, want: 'True AnotherAutoscaler' },
  'another autoscaler, which mode Off leaves it to': {
    input: { ...otherAutoscalers, campaign: aCampaign({ scaling: { mode: 'Off' } }) },
    want: 'False NotStalled',
  },
  'another autoscaler, beside which mode Shadow only shows': {
    input: { ...otherAutoscalers, campaign: aCampaign({ scaling: { mode: 'Shadow' } }) },
    want: 'False NotStalled',
  },
  'no room for 59 s': {
    observed: { journal: { kind: 'full', message: 'x' }, previous: standing('JournalFull', 59) },
    want: 'False NotStalled',
  },
  'no room for 60 s': {
    observed: { journal: { kind: 'full', message: 'x' }, previous: standing('JournalFull', 60) },
    want: 'True JournalFull',
  },
  'full streams for 60 s': {
    observed: { journal: full, previous: standing('JournalFull', 60) },
    want: 'True JournalFull',
  },
  'JetStream off for 60 s': {
    observed: { journal: { kind: 'disabled', message: 'x' }, previous: standing('JetStreamDisabled', 60) },
    want: 'True JetStreamDisabled',
  },
  'a journal that does not answer, for an hour': {
    observed: { journal: { kind: 'unavailable', message: 'x' }, previous: standing('JournalFull', 3600) },
    want: 'False NotStalled',
  },
  'not synced, since now': { observed: { journal: unsynced }, want: 'False NotStalled' },
  'not synced for 60 s': {
    observed: { journal: unsynced, previous: standing('NotSynced', 60) },
    want: 'True NotSynced',
  },
  'servers that can not be seen to sync, since now': { observed: { journal: unseen }, want: 'False NotStalled' },
  'servers that can not be seen to sync, for 60 s': {
    observed: { journal: unseen, previous: standing('DurabilityUnknown', 60) },
    want: 'True DurabilityUnknown',
  },
  'one replica for 60 s': {
    observed: { journal: one, previous: standing('TooFewReplicas', 60) },
    want: 'True TooFewReplicas',
  },
  'one replica, attested': {
    observed: { journal: one, previous: standing('TooFewReplicas', 60) },
    input: { campaign: aCampaign({ spec: { dataPlane: { secretName: 's', durability: 'Attested' } } }) },
    want: 'False NotStalled',
  },
  'an object refused since now': { observed: { refusals: [refusal] }, want: 'False NotStalled' },
  'an object refused for 60 s': {
    observed: { refusals: [refusal], previous: standing('ObjectsRefused', 60) },
    want: 'True ObjectsRefused',
  },
  'an object that could not be written for 60 s': {
    observed: { refusals: [{ ...refusal, isRefused: false }], previous: standing('ObjectsRefused', 60) },
    want: 'False NotStalled',
  },
  'a Secret missing since now': { observed: tierWith('FailedMount', SECRET), want: 'False NotStalled' },
  'a Secret missing for 60 s': {
    observed: { ...tierWith('FailedMount', SECRET), previous: standing('SecretMissing', 60) },
    want: 'True SecretMissing',
  },
  'a key of it missing for 60 s': {
    observed: { ...tierWith('CreateContainerConfigError', KEY), previous: standing('SecretMissing', 60) },
    want: 'True SecretMissing',
  },
  'a Secret missing since now, and pods that had no place before': {
    observed: { ...tierWith('FailedMount', SECRET), previous: standing('JournalFull', 100) },
    want: 'False NotStalled',
  },
  'a Secret that the kubelet has not fetched yet': {
    observed: {
      ...tierWith('FailedMount', 'MountVolume.SetUp failed for volume "x" : failed to sync secret cache: timed out'),
      previous: standing('SecretMissing', 100),
    },
    want: 'False NotStalled',
  },
  'a ConfigMap missing for 60 s': {
    observed: {
      ...tierWith('FailedMount', 'MountVolume.SetUp failed for volume "secrets" : configmap "x" not found'),
      previous: standing('SecretMissing', 100),
    },
    want: 'False NotStalled',
  },
  'an object refused since now, and pods that had no place before': {
    observed: { refusals: [refusal], previous: standing('SecretMissing', 100) },
    want: 'False NotStalled',
  },
  'no room since now, and a journal that did not answer before': {
    observed: { journal: { kind: 'full', message: 'x' }, previous: standing('NotSynced', 100) },
    want: 'False NotStalled',
  },
  'a volume that does not come for 60 s': {
    observed: { ...tierWith('FailedMount', 'timed out'), previous: standing('SecretMissing', 60) },
    want: 'False NotStalled',
  },
  'the journal refuses all intakes for 59 s': { observed: intakesRefused(10, 59), want: 'False NotStalled' },
  'the journal refuses all intakes for 60 s': {
    observed: intakesRefused(10, 60),
    want: 'True JournalCredentialsRefused',
  },
  'the journal refuses three of ten for 60 s': { observed: intakesRefused(3, 60), want: 'False NotStalled' },
  'the database refuses the account for 60 s': {
    observed: workersFind('credentials', standing('DatabaseCredentialsRefused', 60)),
    want: 'True DatabaseCredentialsRefused',
  },
  'its certificate is refused for 60 s': {
    observed: workersFind('certificate', standing('DatabaseCertificateRefused', 60)),
    want: 'True DatabaseCertificateRefused',
  },
  'its disk is full for an hour': {
    observed: workersFind('disk_full', standing('DatabaseCredentialsRefused', 3600)),
    want: 'False NotStalled',
  },
};

const judged = ({ observed, input }: Omit<Case, 'want'>) =>
  judge(aConditionInput({ ...input, observed: observed ?? {} }));

describe('Stalled', () => {
  it.each(Object.entries(cases))('%s', (_, given) => {
    const observed = { previous: since(0, SEEN), ...given.observed };
    const { Stalled: verdict, Reconciling } = judged({ ...given, observed });
    expect(`${verdict.status} ${verdict.reason}`).toBe(given.want);
    // kstatus takes the first of both that is True.
    if (verdict.status === 'True') expect(Reconciling).toMatchObject({ status: 'False', reason: 'Stalled' });
  });

  it('is not said of what the tick found that sees a generation first', () => {
    const journal = { kind: 'conflict', message: 'x' } as const;
    const previous = { ...standing('NotSynced', 100), ...since(100, { ...SEEN, observedGeneration: 0 }) };
    for (const observed of [{ journal }, { journal, previous }, { journal: unsynced, previous }]) {
      expect(judged({ observed }).Stalled).toMatchObject({ status: 'False', reason: 'NotStalled' });
    }
  });

  it('has a case for every reason that a tick gives', () => {
    const played = new Set(Object.values(cases).map(({ want }) => want.split(' ')[1]));
    const told = CONDITION_REASONS.Stalled.filter((reason) => !['SpecUnreadable', 'NotYetObserved'].includes(reason));
    expect(told.filter((reason) => !played.has(reason))).toEqual([]);
  });

  it('says what the condition of its cause says', () => {
    const all = judged({
      observed: { journal: { kind: 'conflict', message: 'of autumn' }, previous: since(0, SEEN) },
    });
    expect(all.Stalled.message).toBe(all.Ready.message);
  });
});

describe('Reconciling', () => {
  const was = (reason: string, observedGeneration = 1): VoucherCampaignStatus =>
    since(60, { type: 'Reconciling', status: reason === 'Reconciled' ? 'False' : 'True', reason, observedGeneration });
  const short: Partial<ConditionInput> = {
    tiers: outcomes({ intake: { ready: 1 } }),
  };
  const away = { journal: { kind: 'unavailable', message: 'x' } } as const;
  it.each<[string, Case]>([
    ['no one has looked at it', { observed: { journal: undefined }, want: 'True NotYetObserved' }],
    ['an operator without this condition has', { observed: { previous: {} }, want: 'True SpecChanged' }],
    ['another generation was carried out', { observed: { previous: was('Reconciled', 0) }, want: 'True SpecChanged' }],
    ['it was carried out', { observed: { previous: was('Reconciled') }, want: 'False Reconciled' }],
    [
      '… and a tier is short since',
      { observed: { previous: was('Reconciled') }, input: short, want: 'False Reconciled' },
    ],
    [
      '… and the journal is away since',
      { observed: { ...away, previous: was('Reconciled') }, want: 'False Reconciled' },
    ],
    [
      '… and a new leader has not asked',
      { observed: { journal: undefined, previous: was('Reconciled') }, want: 'False Reconciled' },
    ],
    [
      'the journal is not there yet',
      { observed: { ...away, previous: was('SpecChanged') }, want: 'True JournalNotReady' },
    ],
    [
      'a tier is not there yet',
      { observed: { previous: was('JournalNotReady') }, input: short, want: 'True TiersStarting' },
    ],
    [
      'an object is not written yet',
      { observed: { refusals: [refusal], previous: was('TiersStarting') }, want: 'True ObjectsNotWritten' },
    ],
    ['all is there', { observed: { previous: was('TiersStarting') }, want: 'False Reconciled' }],
    ['a person has mended it', { observed: { previous: was('Stalled') }, want: 'False Reconciled' }],
    [
      'a person has mended a part',
      { observed: { previous: was('Stalled') }, input: short, want: 'True TiersStarting' },
    ],
  ])('%s', (_, given) => {
    const { status, reason } = judged(given).Reconciling;
    expect(`${status} ${reason}`).toBe(given.want);
  });
});
