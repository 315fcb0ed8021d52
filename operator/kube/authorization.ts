/** The present authorisation, from the API server and by its clock. */
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { AuthorizationReader } from '../scale-plans/ceiling-guard.ts';
import { CAMPAIGNS, SCALE_PLANS } from './api-resources.ts';
import { keepCampaign } from './campaigns.ts';
import type { KubeClient } from './client.ts';
import { ifFound } from './errors.ts';
import { parseObject } from './objects.ts';
import { keepScalePlan } from './scale-plans.ts';

export const createAuthorizationReader = (client: KubeClient): AuthorizationReader => ({
  async read({ metadata: { name, namespace, uid } }, plans, signal) {
    let fromMs: number | undefined;
    const readPlan = async (plan: ScalePlan): Promise<readonly ScalePlan[]> => {
      const target = { resource: SCALE_PLANS, namespace, name: plan.metadata.name };
      const found = await ifFound(client.call({ ...target, verb: 'get' }, signal));
      return found === undefined ? [] : [keepScalePlan(parseObject(found))];
    };
    const onServerTime = (atMs: number): void => {
      fromMs = atMs;
    };
    const [answer, ...found] = await Promise.all([
      client.call({ resource: CAMPAIGNS, namespace, name, verb: 'get', onServerTime }, signal),
      ...plans.map(readPlan),
    ]);
    const campaign = keepCampaign(parseObject(answer));
    if (campaign.metadata.uid !== uid)
      throw new Error(`the campaign ${namespace}/${name} was deleted and created again`);
    if (fromMs === undefined) throw new Error('the answer of the API server has no time');
    return { authorized: campaign.spec.scaling.authorized, plans: found.flat(), fromMs };
  },
});
