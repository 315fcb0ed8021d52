/** ScalePlans as the API server admits them: with the rules of the schema, and of an update where `old` is given. */
import { admitObject, admitText, type Refused } from '../../admission/admission.ts';
import { SCALE_PLAN } from '../../contract/schema/schema.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { JsonObject } from '../../contract/untrusted.ts';

export type ScalePlanAdmission = { readonly kind: 'admitted'; readonly plan: ScalePlan } | Refused;

const json = (plan: ScalePlan | undefined) => plan as unknown as JsonObject | undefined;
const asPlan = (outcome: ReturnType<typeof admitObject>): ScalePlanAdmission =>
  outcome.kind === 'refused' ? outcome : { kind: 'admitted', plan: outcome.object as unknown as ScalePlan };

export const admitScalePlan = (yaml: string, old?: ScalePlan): ScalePlanAdmission =>
  asPlan(admitText(SCALE_PLAN, yaml, json(old)));

export const admitScalePlanObject = (plan: ScalePlan, old?: ScalePlan): ScalePlanAdmission =>
  asPlan(admitObject(SCALE_PLAN, json(plan) ?? {}, json(old)));
