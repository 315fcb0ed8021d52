import type { SimulationResult } from '../../../../simulation/simulation.ts';

/** A step at second 60, served after a while. */
export const aResult = (given: Partial<SimulationResult> = {}): SimulationResult => ({
  policy: 'voucher-operator',
  waitP50Seconds: 0,
  waitP99Seconds: 16,
  lateOver5Seconds: 335_200,
  peakBacklog: 130_800,
  drainedAtSeconds: 173,
  maxReplicas: 764,
  podSeconds: 36_000,
  firstScaleUpSeconds: 60,
  plans: [],
  timeline: [
    { t: -5, arrivals: 0, backlog: 0, desired: 10, ready: 10, limitedBy: 'Min' },
    { t: 60, arrivals: 8_000, backlog: 130_800, desired: 764, ready: 10, limitedBy: 'Load' },
    { t: 120, arrivals: 8_000, backlog: 0, desired: 764, ready: 764, limitedBy: 'Load' },
    { t: 520, arrivals: 0, backlog: 0, desired: 10, ready: 10, limitedBy: 'Min' },
  ],
  ...given,
});
