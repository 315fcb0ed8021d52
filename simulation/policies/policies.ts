/** The policies by name. */

import { hpaDefault, kedaDefault, kedaExpert, kedaExpertEachSecond, noAutoscaler } from './other-autoscalers.ts';
import type { PolicyFactory, PolicyName } from './policy.ts';
import { voucherOperator } from './voucher-operator.ts';

export const POLICY_FACTORIES: Readonly<Record<PolicyName, PolicyFactory>> = {
  'voucher-operator': voucherOperator,
  'keda-expert-1s': kedaExpertEachSecond,
  'keda-expert': kedaExpert,
  'keda-default': kedaDefault,
  'hpa-default': hpaDefault,
  'no-autoscaler': noAutoscaler,
};
