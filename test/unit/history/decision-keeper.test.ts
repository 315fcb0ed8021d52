/** The log of a campaign's decisions: of the tiers that it has, and from whichever release it was kept by. */
import { expect, it } from '@jest/globals';
import { tiersOf } from '../../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import { serializeLines } from '../../../contract/untrusted.ts';
import { DecisionKeeper, type DecisionTexts } from '../../../operator/history/decision-keeper.ts';
import { createDecisionStore } from '../../../operator/kube/decisions.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS, VERIFICATION } from '../../helpers/a-campaign.ts';
import { aDecision } from '../../helpers/a-decision.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const { signal } = new AbortController();
const readings = freshReadings(OPENS_AT_MS);
/** Of a release that had no other tiers. */
const OLDER = { intake: serializeLines([aDecision(0)]), records: '', recent: '' };

/** What is kept after one tick. */
const keptOf = async (spec: Partial<VoucherCampaignSpec>, before?: DecisionTexts): Promise<DecisionTexts> => {
  const campaign = aCampaign({ spec });
  const written: DecisionTexts[] = [];
  const keeper = new DecisionKeeper({
    clock: new FakeClock(OPENS_AT_MS),
    store: { read: async () => before, write: async (_, texts) => void written.push(texts) },
    onDecision: () => undefined,
    onFailure: (_, cause) => {
      throw cause;
    },
  });
  keeper.note(campaign, planTick(campaign, anObserved(), OPENS_AT_MS, planDeps), readings, OPENS_AT_MS, signal);
  return eventually(() => written[0], { what: 'the log of decisions' });
};

it.each([
  ['has no section', {}],
  ['has every section', { verification: VERIFICATION }],
])('is kept for the tiers of a campaign that %s', async (_, spec) => {
  const kept = await keptOf(spec, OLDER);
  expect(Object.keys(kept)).toEqual([...tiersOf(spec), 'recent']);
  expect(kept.intake).toContain(OLDER.intake.trim());
});

it('is read from a ConfigMap that lacks a tier', async () => {
  const ownerReferences = [
    { apiVersion: 'v', kind: 'VoucherCampaign', name: 'chengdu', uid: 'uid-1', controller: true },
  ];
  const metadata = {
    name: 'chengdu-decisions',
    namespace: 'vouchers',
    uid: 'c',
    resourceVersion: '1',
    ownerReferences,
  };
  const store = createDecisionStore({
    call: async () => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: OLDER }),
    open: () => Promise.reject(new Error('nothing is watched')),
  });
  expect(await store.read(aCampaign(), signal)).toEqual(OLDER);
});
