/** ScalePlans: proposed by the operator, decided by people. */
import { FIELD_MANAGER } from '../api/names.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
import type { ObservedPlan, PlanWriter } from '../reconcile/ports.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { type Kept, type KubeObject, keeperOf, type ManagedFieldsEntry, parseObject } from './objects.ts';
import { SCALE_PLANS } from './resources.ts';
import type { Store } from './store.ts';

export type StoredScalePlan = Kept<ScalePlan> & Pick<ObservedPlan, 'decidedAt'>;

const keep = keeperOf<ScalePlan>('ScalePlan');

/** Whoever manages the decision wrote it, once; the API server notes when. */
const ownsDecision = ({ fieldsV1 }: ManagedFieldsEntry): boolean => {
  const spec = fieldsV1?.['f:spec'];
  return typeof spec === 'object' && spec !== null && 'f:decision' in spec;
};

export const keepScalePlan = (object: KubeObject): StoredScalePlan => {
  const decidedAt = object.metadata.managedFields?.find(ownsDecision)?.time;
  return { ...keep(object), ...(decidedAt === undefined ? {} : { decidedAt }) };
};

export const planCampaignKey = ({ metadata, spec }: ScalePlan): string => `${metadata.namespace}/${spec.campaignName}`;

export const createPlanWriter = (client: KubeClient, store: Store<StoredScalePlan>): PlanWriter => ({
  async createPlan(plan, signal) {
    const target = { resource: SCALE_PLANS, namespace: plan.metadata.namespace };
    const query = { fieldManager: FIELD_MANAGER };
    try {
      const answer = await client.call({ ...target, verb: 'create', query, body: plan }, signal);
      store.observe(keepScalePlan(parseObject(answer)));
    } catch (error) {
      // The same need within one period has the same name: it is the same plan.
      if (!isKubeError(error, 'already_exists')) throw error;
    }
  },
  async writeState({ metadata: { namespace, name }, status }, state, signal) {
    const target = { resource: SCALE_PLANS, namespace, name, subresource: 'status' };
    const query = { fieldManager: FIELD_MANAGER };
    const body = [{ op: 'add', path: '/status', value: { ...status, state } }];
    const answer = await client.call({ ...target, verb: 'patch', query, body }, signal);
    store.observe(keepScalePlan(parseObject(answer)));
  },
});
