import { decide } from '../../operator/scaling/decide.ts';
import { EMPTY_MEMORY } from '../../operator/scaling/types.ts';
import { askedByCrowd } from '../../operator/scaling/wanted.ts';
import type { PolicyFactory } from './policy.ts';

/** The operator's own law, with the memory that the operator would keep. */
export const voucherOperator: PolicyFactory = () => {
  let memory = EMPTY_MEMORY;
  return (input, limits) => {
    const decision = decide(input, limits, memory);
    memory = decision.memory;
    const { replicas, wanted, limitedBy, terms, admissionPerSecond } = decision;
    return {
      replicas,
      wanted,
      limitedBy,
      isForLoad: askedByCrowd(decision) > terms.scheduleFloor,
      ...(admissionPerSecond === undefined ? {} : { admissionPerSecond }),
    };
  };
};
