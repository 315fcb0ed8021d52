import { describe, expect, it } from '@jest/globals';
import { checkCampaign } from '../../../../cli/doctor/check-campaign.ts';
import type { Finding } from '../../../../cli/doctor/finding.ts';
import { OVERRIDES } from '../../../../contract/names.ts';
import { CLOSES_AT_MS, TRAFFIC } from '../../../helpers/a-campaign.ts';
import { aPlan, aStatus, conditions } from '../../../helpers/a-status.ts';
import { aTierPod, BEFORE_MS, campaignFacts, type FactChanges, HIDDEN, seen } from '../../../helpers/doctor-facts.ts';

const judged = (changes: FactChanges): readonly Finding[] => checkCampaign(campaignFacts(changes), BEFORE_MS);
const told = (changes: FactChanges): readonly string[] =>
  judged(changes)
    .filter(({ level }) => level !== 'OK')
    .map(({ level, check, said }) => `${level} ${check}: ${said}`);

const condition = (
  type: 'JournalDurable' | 'Ready' | 'MetricsFresh',
  status: 'True' | 'False',
  reason: string,
): FactChanges => ({
  campaign: { status: aStatus({ conditions: conditions({ type, status, reason, message: 'Because.' }) }) },
});
const annotated = (name: string, value: string): FactChanges => ({
  campaign: { metadata: { annotations: { [name]: value } } },
});
const keys = (privacy: readonly string[] | undefined): FactChanges => {
  const { secrets } = campaignFacts();
  return { secrets: { ...secrets, privacy: { ...secrets.privacy, keys: seen(privacy) } } };
};
const certificate = (expiresAtMs: number): FactChanges => ({
  certificates: seen([{ namespace: 'voucher-system', secret: 'voucher-nats-tls', isRenewable: true, expiresAtMs }]),
});
const DAY_MS = 86_400_000;

describe('a campaign', () => {
  it('is well', () => {
    expect(told({})).toEqual([]);
  });

  it.each<[string, FactChanges, readonly string[]]>([
    [
      'has a journal that may forget',
      condition('JournalDurable', 'False', 'NotSynced'),
      ['FAIL journal: NotSynced: Because.'],
    ],
    [
      'has a journal that nobody checks',
      condition('JournalDurable', 'True', 'Attested'),
      ['WARN journal: its durability is only attested'],
    ],
    ['has no status', { campaign: { status: undefined } }, ['FAIL journal: no operator has checked it yet']],
    ['is not Ready', condition('Ready', 'False', 'TierNotReady'), ['FAIL conditions: Ready: TierNotReady: Because.']],
    ['has old signals', condition('MetricsFresh', 'False', 'ArrivalsStale'), ['WARN conditions: MetricsFresh']],
    [
      'has no privacy Secret',
      keys(undefined),
      ['FAIL secrets: there is no Secret voucher-privacy in namespace vouchers'],
    ],
    [
      'has one without a wrapping key',
      keys(['citizen.key', 'canary.key']),
      ['FAIL secrets: Secret voucher-privacy lacks a wrap-<id>.key'],
    ],
    [
      'has one without a canary’s key',
      keys(['citizen.key', 'wrap-1.key']),
      ['FAIL secrets: Secret voucher-privacy lacks canary.key'],
    ],
    [
      'has a certificate that ends before closing',
      certificate(CLOSES_AT_MS - 1),
      ['FAIL certificates: the one in Secret voucher-nats-tls'],
    ],
    ['has one that ends soon after', certificate(CLOSES_AT_MS + 2 * DAY_MS), ['WARN certificates: the one in Secret']],
    ['is only watched', { campaign: { scaling: { mode: 'Shadow' } } }, ['FAIL mode: spec.scaling.mode is Shadow']],
    [
      'lets in fewer than are expected',
      { campaign: { spec: { traffic: { ...TRAFFIC, admissionPerSecond: 2_000 } } } },
      ['WARN admission: 2,000/s are admitted, and 3,500/s are expected'],
    ],
    [
      'is paused for a while',
      annotated(OVERRIDES.paused, new Date(BEFORE_MS + 60_000).toISOString()),
      ['WARN overrides: No replicas are written'],
    ],
    [
      'is paused into opening',
      annotated(OVERRIDES.paused, '2020-09-25T11:00:00+08:00'),
      ['FAIL overrides: No replicas are written'],
    ],
    [
      'has an override that nobody can read',
      annotated(OVERRIDES.holdUntil, 'noon'),
      ['WARN overrides: The annotation'],
    ],
    [
      'has a plan that waits',
      { plans: [aPlan({ expiresAt: new Date(BEFORE_MS + 60_000).toISOString() })] },
      ['WARN plans: spring-i30-16rc8 asks for intake 30'],
    ],
    [
      'is scaled by another, too',
      {
        autoscalers: seen([
          { name: 'keda-hpa', deployment: 'chengdu-intake' },
          { name: 'other', deployment: 'shop' },
        ]),
      },
      ['FAIL autoscalers: HorizontalPodAutoscaler keda-hpa also scales chengdu-intake'],
    ],
    [
      'may be drained at once',
      { disruptionBudgets: seen(['chengdu-intake']) },
      ['WARN disruption: no PodDisruptionBudget chengdu-records'],
    ],
    [
      'has pods of a class that is not there',
      { tiers: seen({ intake: aTierPod({ priorityClassName: 'urgent' }) }) },
      ['FAIL priority: there is no PriorityClass urgent'],
    ],
    [
      'lives where nothing is enforced',
      { podSecurity: seen(undefined) },
      ['WARN pod-security: namespace vouchers enforces no level'],
    ],
  ])('%s', (_sentence, changes, expected) => {
    const findings = told(changes);
    expect(findings).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(findings[index]).toContain(text);
  });

  it('whose Secrets are hidden is judged by its pods', () => {
    const { secrets } = campaignFacts();
    const hidden = {
      privacy: { ...secrets.privacy, keys: HIDDEN },
      dataPlane: secrets.dataPlane.map((one) => ({ ...one, keys: HIDDEN })),
    };
    expect(told({ secrets: hidden })).toEqual([]);
    const nobody = conditions({ type: 'Ready', status: 'False', reason: 'TierNotReady' });
    expect(told({ secrets: hidden, campaign: { status: aStatus({ conditions: nobody }) } })).toEqual([
      'FAIL conditions: Ready: TierNotReady: All is well.',
      'WARN secrets: you lack permission to read this',
      'WARN secrets: you lack permission to read this',
      'WARN secrets: you lack permission to read this',
    ]);
  });

  it('is never told to delete what only holds the authority: accounts and passwords are beside it', () => {
    const ending = (secret: string, isRenewable: boolean) =>
      checkCampaign(
        campaignFacts({
          certificates: seen([{ namespace: 'vouchers', secret, isRenewable, expiresAtMs: CLOSES_AT_MS - 1 }]),
        }),
        BEFORE_MS,
      ).find(({ check }) => check === 'certificates')?.remedy;
    expect(ending('voucher-nats-tls', true)).toContain('kubectl delete secret voucher-nats-tls');
    expect(ending('voucher-data-plane', false)).toContain('keep Secret voucher-data-plane');
    expect(ending('voucher-data-plane', false)).not.toMatch(/delete|remove/);
  });
});
