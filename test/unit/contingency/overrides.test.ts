import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { overridesOf } from '../../../operator/contingency/overrides.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';

const NOW_MS = OPENS_AT_MS + 5 * 3_600_000;
const LATER = new Date(NOW_MS + 60_000).toISOString();
const PAST = new Date(NOW_MS - 1).toISOString();

const annotated = (annotations: Readonly<Record<string, string>>): VoucherCampaign => {
  const campaign = aCampaign();
  const ours = Object.entries(annotations).map(([name, value]) => [`voucher-operator.io/${name}`, value]);
  return { ...campaign, metadata: { ...campaign.metadata, annotations: Object.fromEntries(ours) } };
};

describe('overridesOf', () => {
  it.each<[string, Readonly<Record<string, string>>, ReturnType<typeof overridesOf>['inForce'], number]>([
    ['nothing', {}, [], 0],
    ['a pause', { paused: LATER }, [`No replicas are written until ${LATER}`], 0],
    ['a pause that is over', { paused: PAST }, [], 0],
    [
      'a hold in Chengdu’s time',
      { 'hold-until': '2099-01-01T08:00:00+08:00' },
      ['No tier is scaled down until 2099-01-01T00:00:00.000Z'],
      0,
    ],
    [
      'a minimum',
      { 'min-override': `records=4,intake=20 until ${LATER}` },
      [`At least 20 intake and 4 records replicas run, within max and ceiling, until ${LATER}`],
      0,
    ],
    ['a minimum that is over', { 'min-override': `intake=20 until ${PAST}` }, [], 0],
    ['a minimum without an end', { 'min-override': 'intake=20' }, [], 1],
    ['a minimum of a tier that nobody scales', { 'min-override': `draw=20 until ${LATER}` }, [], 1],
    ['a minimum of a tier that the campaign does not have', { 'min-override': `verification=2 until ${LATER}` }, [], 1],
    ['a minimum of nothing', { 'min-override': `intake=0 until ${LATER}` }, [], 1],
    ['a pause without an end', { paused: 'true' }, [], 1],
    ['a day that does not exist', { paused: '2099-13-01T00:00:00Z' }, [], 1],
  ])('reads %s', (_, annotations, inForce, unreadable) => {
    const found = overridesOf(annotated(annotations), NOW_MS);
    expect(found.inForce).toEqual(inForce);
    expect(found.unreadable).toHaveLength(unreadable);
  });

  it('names the annotation and the remedy', () => {
    expect(overridesOf(annotated({ paused: 'yes' }), NOW_MS).unreadable).toEqual([
      'The annotation voucher-operator.io/paused has no effect: write a time such as 2026-11-23T12:00:00Z.',
    ]);
  });
});

const planOf = (annotations: Readonly<Record<string, string>>, observed: Partial<Observed> = {}) =>
  planTick(annotated(annotations), anObserved({ readings: freshReadings(NOW_MS), ...observed }), NOW_MS, planDeps);
const crowd = { readings: freshReadings(NOW_MS, { arrivals: 3_500 }) };
const written = ({ scale }: ReturnType<typeof planTick>) => scale.map(({ tier, replicas }) => `${tier} ${replicas}`);
const condition = ({ status }: ReturnType<typeof planTick>, name: string) =>
  status.conditions?.find(({ type }) => type === name);

describe('plan', () => {
  it('writes no replica while it is paused, and shows what it would', () => {
    expect(written(planOf({}, crowd))).toEqual(['intake 12']);
    const paused = planOf({ paused: LATER }, crowd);
    expect(written(paused)).toEqual([]);
    expect(paused.tiers.intake.desired).toBe(12);
    expect(condition(paused, 'Overridden')).toMatchObject({ status: 'True', reason: 'Paused' });
    expect(paused.events).toContainEqual(
      expect.objectContaining({ reason: 'OverrideStarted', message: `No replicas are written until ${LATER}.` }),
    );
  });

  it('gives a paused tier that was deleted what it had', () => {
    const before = planOf({}, crowd).status;
    const gone = { cluster: { tiers: { records: anObservedTier('records', 2) }, plans: [] }, previous: before };
    const [created] = planOf({ paused: LATER }, { ...crowd, ...gone }).create;
    expect(created).toMatchObject({ kind: 'Deployment', spec: { replicas: 2 } });
  });

  it('raises to an overridden minimum, and not above the ceiling', () => {
    expect(written(planOf({ 'min-override': `intake=12 until ${LATER}` }))).toEqual(['intake 12']);
    expect(written(planOf({ 'min-override': `intake=500,records=3 until ${LATER}` }))).toEqual([
      'intake 20',
      'records 3',
    ]);
  });

  it('says what it can’t read, and goes on', () => {
    const found = planOf({ 'hold-until': 'tomorrow' }, crowd);
    expect(written(found)).toEqual(['intake 12']);
    expect(found.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'OverrideUnreadable' }));
  });

  it('leaves a tier alone that another autoscaler writes, and scales the others', () => {
    const intake = { ...anObservedTier('intake', 2), otherAutoscalers: ['keda-hpa-intake'] };
    const tiers = { intake, records: anObservedTier('records', 1) };
    const found = planOf({}, { ...crowd, cluster: { tiers, plans: [] } });
    expect(written(found)).toEqual(['records 2']);
    expect(condition(found, 'ConflictingScaler')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('HorizontalPodAutoscaler keda-hpa-intake scales intake too'),
    });
    expect(found.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'ConflictingScaler' }));
  });
});
