/** Whether the forecast's floor is Ready before opening, and a warning when it will not be. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { paceOf, secondsToFloor } from '../scaling/pre-warm.ts';
import { EMPTY_MEMORY } from '../scaling/types.ts';
import type { CanaryState } from '../signals/readings.ts';
import type { CampaignTimes } from '../tick/observed.ts';
import { type ConditionInput, no, type Verdict, yes } from './verdict.ts';

/** Waiting does not help replicas that the cluster refuses or has no room for. */
const NO_PLACE: readonly string[] = ['quota', 'refused', 'unschedulable'];

/** Why the floor won't be Ready by opening, with the remedy; undefined while it can be. */
const lateness = ({ tiers, observed, times, nowMs }: ConditionInput): string | undefined => {
  const { forecastFloor, ready, decision } = tiers.intake;
  const seen = observed.cluster.tiers.intake;
  if (seen?.problems?.some(({ kind }) => NO_PLACE.includes(kind)) === true) {
    return 'the cluster has no room for the rest: the condition Provisioned says what is missing.';
  }
  const pace = paceOf(decision?.memory ?? EMPTY_MEMORY);
  const startingSeconds = (seen?.pods ?? []).flatMap((pod) =>
    pod.ready || pod.isLost === true ? [] : [Math.max(0, nowMs - pod.createdAtMs) / 1000],
  );
  const seconds = secondsToFloor(forecastFloor, { ready, startingSeconds }, pace);
  const lateSeconds = Math.ceil(seconds - (times.opensAtMs - nowMs) / 1000);
  if (lateSeconds <= 0) return undefined;
  return `the last one will be ready ${lateSeconds} s after opening: pods take ${pace.startSeconds} s to start here, and ${pace.createdPerSecond} are created per second. Citizens may wait until then. Next time, start earlier: raise spec.scaling.preWarm.leadTime.`;
};

/** What the canary has not proven; undefined when the way is proven. */
const unlessCanary = (
  canary: CanaryState | undefined,
  wasProven: boolean,
  floor: number,
): Verdict<'PreWarmed'> | undefined => {
  if (canary?.result === 'confirmed' || (canary === undefined && wasProven)) return undefined;
  const floorReady = `${floor} intake replicas for the forecast are ready, but`;
  return canary === undefined
    ? no('CanaryPending', `${floorReady} the canary through the Service has not been confirmed yet.`)
    : no('CanaryNotConfirmed', `${floorReady} a canary did not reach the database: ${canary.reason}.`);
};

/** Whether canaries are sent: from the lead time until one has reached the database and the campaign is open. */
export const wantsCanary = (
  { spec }: Pick<VoucherCampaign, 'spec'>,
  times: Pick<CampaignTimes, 'preWarmAtMs' | 'opensAtMs' | 'closesAtMs'>,
  isProven: boolean,
  nowMs: number,
): boolean =>
  spec.scaling.peakArrivalsPerSecond !== undefined &&
  nowMs >= times.preWarmAtMs &&
  nowMs < (isProven ? times.opensAtMs : times.closesAtMs);

/**
 * Rows are tried from the top. Once reached, the floor counts as proven until closing: after opening load decides, and a
 * scale-down is no failure.
 *
 * | time                    | forecast | intake                     | status | reason            |
 * |-------------------------|----------|----------------------------|--------|-------------------|
 * | after closing           | any      | any                        | False  | WindowClosed      |
 * | any                     | none     | any                        | False  | NoForecast        |
 * | before the lead time    | yes      | any                        | False  | Scheduled         |
 * | open                    | yes      | was FloorReady before      | True   | FloorReady        |
 * | lead time, open         | yes      | ready ≥ floor              | by the canary, see below   |
 * | lead time, open         | yes      | ceiling < floor            | False  | CeilingBelowFloor |
 * | lead time               | yes      | it can't be Ready by then  | False  | WillBeLate        |
 * | lead time, open         | yes      | ready < floor              | False  | PreWarming        |
 *
 * | last canary of this process   | before | status | reason             |
 * |-------------------------------|--------|--------|--------------------|
 * | its row was in the database   | any    | True   | FloorReady         |
 * | failed on the way             | any    | False  | CanaryNotConfirmed |
 * | none yet: a new leader        | True   | True   | FloorReady         |
 * | none yet                      | other  | False  | CanaryPending      |
 */
export const preWarmed = (input: ConditionInput): Verdict<'PreWarmed'> => {
  const { campaign, times, nowMs, observed } = input;
  const { ready: pods, forecastFloor: floor, limits } = input.tiers.intake;
  if (nowMs >= times.closesAtMs)
    return no('WindowClosed', 'Registration has closed; no replicas are kept for the forecast.');
  const forecast = campaign.spec.scaling.peakArrivalsPerSecond;
  if (forecast === undefined) {
    return no(
      'NoForecast',
      'There is no forecast, so no replicas are started before opening. Set spec.scaling.peakArrivalsPerSecond to the arrivals that you expect in the busiest second.',
    );
  }
  if (nowMs < times.preWarmAtMs) {
    const from = new Date(times.preWarmAtMs).toISOString();
    return no('Scheduled', `${floor} intake replicas will be started from ${from}.`);
  }
  const before = observed.previous?.conditions?.find(({ type }) => type === 'PreWarmed');
  const proven: Verdict<'PreWarmed'> = yes(
    'FloorReady',
    `${floor} intake replicas for the forecast of ${forecast}/s were ready, and a canary reached the database.`,
  );
  if (nowMs >= times.opensAtMs && before?.status === 'True') return proven;
  if (pods >= floor) return unlessCanary(observed.canary, before?.status === 'True', floor) ?? proven;
  if (limits.ceiling < floor) {
    return no(
      'CeilingBelowFloor',
      `${floor} intake replicas are needed for the forecast of ${forecast}/s, but only ${limits.ceiling} are authorised. Approve the reported ScalePlan or raise spec.scaling.authorized.ceilings.intake.`,
    );
  }
  const late = nowMs < times.opensAtMs ? lateness(input) : undefined;
  if (late !== undefined) return no('WillBeLate', `${pods} of ${floor} intake replicas are ready, and ${late}`);
  return no('PreWarming', `${pods} of ${floor} intake replicas are ready.`);
};
