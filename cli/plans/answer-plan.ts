/** An owner's answer to a plan: a decision, or its revocation. */
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { SCALE_PLANS } from '../../operator/kube/api-resources.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { mayAnswer } from '../api-errors.ts';
import { ForbiddenError, UsageError } from '../errors.ts';

export type Decision = NonNullable<ScalePlan['spec']['decision']>;
export type Revocation = NonNullable<ScalePlan['spec']['revocation']>;

/**
 * Written once, into the plan that was shown: its request can't change, the rules of the kind refuse a second answer, and
 * another plan of that name has another uid. Its status may change meanwhile.
 * @throws ForbiddenError with the missing permission; UsageError for a refused answer
 */
export const answerPlan = async (
  client: KubeClient,
  { metadata: { name, namespace, uid } }: ScalePlan,
  answer: { readonly decision: Decision } | { readonly revocation: Revocation },
  signal: AbortSignal,
): Promise<void> => {
  const body = [
    { op: 'test', path: '/metadata/uid', value: uid },
    ...Object.entries(answer).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
  ];
  try {
    await client.call({ resource: SCALE_PLANS, namespace, name, verb: 'patch', body }, signal);
  } catch (error) {
    if (isKubeError(error, 'forbidden')) throw new ForbiddenError(mayAnswer(error.message), { cause: error });
    if (isKubeError(error, 'invalid', 'conflict', 'bad_request')) {
      throw new UsageError(`${Object.keys(answer).join()} was refused: ${error.message}`, { cause: error });
    }
    throw error;
  }
};
