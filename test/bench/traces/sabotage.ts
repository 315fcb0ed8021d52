/** The law spoiled on purpose, in three ways that the verdict must not let pass. */
import type { Reading } from '../../../contract/reading.ts';
import { lastValue } from '../../../operator/scaling/demand.ts';
import type { TierInput } from '../../../operator/scaling/types.ts';
import { SecondRates } from '../../../operator/signals/second-rates.ts';
import type { PolicyDecision, PolicyFactory } from '../../../simulation/policies/policy.ts';
import { voucherOperator } from '../../../simulation/policies/voucher-operator.ts';

const exactly = (replicas: number): PolicyDecision => ({
  replicas,
  wanted: replicas,
  limitedBy: 'Load',
  isForLoad: true,
});

/** As few late citizens as the ceiling permits, whatever it costs. */
export const alwaysTheMaximum: PolicyFactory = () => (_input, limits) => exactly(Math.min(limits.max, limits.ceiling));

/** What this second needs and nothing else: no hold, no window. */
export const dropsAtOnce: PolicyFactory = () => (input, limits) => {
  const { min, max, ceiling, scheduleFloor, capacityPerReplica, targetUtilisation, drainWithinSeconds } = limits;
  const arrivals = lastValue(input.arrivals)?.over1s ?? 0;
  const waiting = lastValue(input.backlog)?.messages ?? 0;
  const load =
    arrivals / (targetUtilisation * capacityPerReplica) + waiting / (capacityPerReplica * drainWithinSeconds);
  return exactly(Math.min(max, ceiling, Math.max(min, scheduleFloor, Math.ceil(load))));
};

/** Citizens who were shed and are due back, and how many of them came in this second. */
export interface DueBack {
  readonly citizens: number;
  readonly perSecond: number;
}
type InputWithReturns = TierInput & { readonly dueBack?: Reading<DueBack> };

/** A citizen who comes again is a new one to this law, and the rise of the returns a rise of the crowd. */
export const countsReturnsAsArrivals: PolicyFactory = (options) => {
  const law = voucherOperator(options);
  const rates = new SecondRates();
  return (input: InputWithReturns, limits) => {
    const { dueBack, ...rest } = input;
    // Where the input does not tell returns apart, arrivals have them already.
    if (dueBack === undefined) return law(input, limits);
    rates.add((lastValue(input.arrivals)?.over1s ?? 0) + (lastValue(dueBack)?.perSecond ?? 0));
    const value = rates.rates();
    const arrivals: TierInput['arrivals'] =
      value === undefined || input.arrivals.kind === 'absent' ? input.arrivals : { ...input.arrivals, value };
    return law({ ...rest, arrivals }, limits);
  };
};

export const SABOTAGES = {
  'always-the-maximum': alwaysTheMaximum,
  'drops-at-once': dropsAtOnce,
  'counts-returns-as-arrivals': countsReturnsAsArrivals,
} satisfies Readonly<Record<string, PolicyFactory>>;
