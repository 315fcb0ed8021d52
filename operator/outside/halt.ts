/** Why an outside system that could be asked is not, in TargetShares.stopped. No pod probes it: a probe of a channel is a voucher. Pure. */
import type { TargetShares } from '../../contract/outside/outside.ts';

/**
 * - `command`: a person has stopped it
 * - `SettingsDiffer`: its stock differs from spec.vouchers
 * - `BooksDiffer`: its books differ from ours
 */
export const HALT_REASONS = ['command', 'SettingsDiffer', 'BooksDiffer'] as const;
export type HaltReason = (typeof HALT_REASONS)[number];

/** Undefined: it is not stopped, or by what pods report. */
export const haltIn = (stopped: TargetShares['stopped']): HaltReason | undefined =>
  HALT_REASONS.find((reason) => reason === stopped?.reason);
