/** The control law played on the demo's trace before anything is built. Pure. */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { TraceStep } from '../../simulation/trace.ts';
import type { Forecast } from './report.ts';

/** Processes of this machine: a Node process is Ready in about two seconds, and two cores start a few at a time. */
const EMBEDDED_PLANT = { startSeconds: 2, podsCreatedPerSecond: 4 } as const;

export const forecastFor = ({ spec }: VoucherCampaign, trace: readonly TraceStep[]): Forecast => {
  const { maxReplicas, peakBacklog, waitP99Seconds, podSeconds } = simulate(spec, trace, EMBEDDED_PLANT);
  return { peakIntakeReplicas: maxReplicas, peakWaiting: peakBacklog, waitP99Seconds, podSeconds };
};
