/** What is authorised, as the API server has it now, by its own clock. */
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import type { AuthorizationReader } from '../scale-plans/authorization.ts';
import { keepCampaign } from './campaigns.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { parseObject } from './objects.ts';
import { CAMPAIGNS, SCALE_PLANS } from './resources.ts';
import { keepScalePlan } from './scale-plans.ts';

export const createAuthorizationReader = (client: KubeClient): AuthorizationReader => ({
  async read({ metadata: { name, namespace, uid } }, plans, signal) {
    let fromMs: number | undefined;
    const readPlan = async (plan: ScalePlan): Promise<readonly ScalePlan[]> => {
      const target = { resource: SCALE_PLANS, namespace, name: plan.metadata.name };
      try {
        return [keepScalePlan(parseObject(await client.call({ ...target, verb: 'get' }, signal)))];
      } catch (error) {
        if (isKubeError(error, 'not_found')) return [];
        throw error;
      }
    };
    const [answer, ...found] = await Promise.all([
      client.call(
        {
          resource: CAMPAIGNS,
          namespace,
          name,
          verb: 'get',
          onServerTime: (atMs) => {
            fromMs = atMs;
          },
        },
        signal,
      ),
      ...plans.map(readPlan),
    ]);
    const campaign = keepCampaign(parseObject(answer));
    if (campaign.metadata.uid !== uid) throw new Error(`the campaign ${namespace}/${name} is another one by now`);
    if (fromMs === undefined) throw new Error('the API server does not say what time it is');
    return { authorized: campaign.spec.scaling.authorized, plans: found.flat(), fromMs };
  },
});
