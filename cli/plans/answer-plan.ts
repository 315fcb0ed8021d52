/** What an owner writes into a plan: a decision, or that it ends early. */
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { SCALE_PLANS } from '../../operator/kube/resources.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import { mayAnswer } from '../refusals.ts';

export type Decision = NonNullable<ScalePlan['spec']['decision']>;
export type Revocation = NonNullable<ScalePlan['spec']['revocation']>;

/**
 * Writes it once, into the plan that was shown: what it asks for can't change, one that was answered meanwhile is refused by
 * the rules of the kind, and another one of that name has another uid. Its status may move on in this moment.
 * @throws ForbiddenError that says what it takes; UsageError for what is refused
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
      throw new UsageError(`${Object.keys(answer).join()} was not taken: ${error.message}`, { cause: error });
    }
    throw error;
  }
};
