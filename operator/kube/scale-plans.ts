/** ScalePlans: proposed by the operator, decided by people. */
import { defined } from '../../contract/defined.ts';
import { FIELD_MANAGER } from '../../contract/names.ts';
import type { ScalePlan, ScalePlanStatus } from '../../contract/types/scale-plan.ts';
import type { ScalePlanWriter } from '../tick/ports.ts';
import { SCALE_PLANS } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { type Kept, type KubeObject, keeperOf, parseObject } from './objects.ts';
import type { Store } from './store.ts';

export type StoredScalePlan = Kept<ScalePlan>;
const keep = keeperOf<ScalePlan>('ScalePlan');

/** When the API server accepted a part of spec; undefined when it isn't there. A later write by the same client moves it. */
const writtenAt = ({ metadata }: KubeObject, part: 'decision' | 'revocation'): string | undefined =>
  metadata.managedFields
    ?.filter(({ fieldsV1 }) => {
      const spec = fieldsV1?.['f:spec'];
      return typeof spec === 'object' && spec !== null && `f:${part}` in spec;
    })
    .flatMap(({ time }) => time ?? [])
    .toSorted()[0];

/**
 * A plan with the instants of what people wrote, by the server's clock. What the operator once noted is kept: the server
 * only knows when a client wrote last, and a label that is set hours later must not make a decision late.
 */
export const keepScalePlan = (object: KubeObject): StoredScalePlan => {
  const plan = keep(object);
  const { decidedAt, revokedAt, ...rest } = plan.status ?? {};
  const status: ScalePlanStatus = {
    ...rest,
    ...defined({
      decidedAt: plan.spec.decision && (decidedAt ?? writtenAt(object, 'decision')),
      revokedAt: plan.spec.revocation && (revokedAt ?? writtenAt(object, 'revocation')),
    }),
  };
  return Object.keys(status).length === 0 ? plan : { ...plan, status };
};

export const planCampaignKey = ({ metadata, spec }: ScalePlan): string => `${metadata.namespace}/${spec.campaignName}`;

export const createScalePlanWriter = (client: KubeClient, store: Store<StoredScalePlan>): ScalePlanWriter => ({
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
  async writeStatus({ metadata: { namespace, name, resourceVersion } }, status, signal) {
    const target = { resource: SCALE_PLANS, namespace, name, subresource: 'status' };
    const query = { fieldManager: FIELD_MANAGER };
    // Against the plan that was seen: one that has just been decided on must not become superseded.
    const body = [
      ...(resourceVersion === undefined
        ? []
        : [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }]),
      { op: 'add', path: '/status', value: status },
    ];
    const answer = await client.call({ ...target, verb: 'patch', query, body }, signal);
    store.observe(keepScalePlan(parseObject(answer)));
  },
});
