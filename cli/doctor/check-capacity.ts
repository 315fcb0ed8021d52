/** Whether the replicas that the forecast needs are authorised, and when they are started. Pure. */
import { instantMs } from '../../contract/instant.ts';
import { ceilingInForce } from '../../operator/scaling/schedule.ts';
import { where } from '../plans/plans.ts';
import { ago, clockOf, instantOf, zoneOf } from '../times.ts';
import { count } from '../words.ts';
import type { CampaignFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { type Need, needsOf } from './need.ts';

/** The lowest ceiling from pre-warming until the end of the hold after opening, and from when. */
const lowestCeiling = (
  { campaign: { spec }, plans }: CampaignFacts,
  { tier, schedule }: Need,
  nowMs: number,
): { readonly ceiling: number; readonly atMs: number } => {
  const { fromMs, untilMs } = schedule;
  const beginsMs = Math.max(nowMs, fromMs);
  const edges = [
    ...spec.scaling.authorized.windows.flatMap(({ from, until }) => [instantMs(from), instantMs(until)]),
    ...plans.map((plan) => instantMs(plan.spec.decision?.ceilingUntil ?? plan.spec.expiresAt)),
  ].filter((edgeMs) => edgeMs > beginsMs && edgeMs < untilMs);
  return [beginsMs, ...edges]
    .map((atMs) => ({ atMs, ceiling: ceilingInForce(spec.scaling.authorized, plans, tier, atMs) }))
    .reduce((lowest, one) => (one.ceiling < lowest.ceiling ? one : lowest));
};

/**
 * | forecast | max < floor | lowest ceiling < floor | verdict |
 * |----------|-------------|------------------------|---------|
 * | none     | any         | any                    | WARN    |
 * | yes      | yes         | any                    | FAIL    |
 * | yes      | no          | yes                    | FAIL    |
 * | yes      | no          | no                     | OK      |
 *
 * After the hold load decides, and the operator asks by a plan.
 */
export const ceilings = (facts: CampaignFacts, nowMs: number): readonly Finding[] => {
  const { metadata, spec } = facts.campaign;
  const zone = zoneOf(spec.window.opensAt);
  const peak = spec.scaling.peakArrivalsPerSecond;
  if (peak === undefined) {
    return [
      warn(
        'ceilings',
        'there is no forecast, so no replicas are started before opening',
        'set spec.scaling.peakArrivalsPerSecond to the arrivals that you expect in the busiest second',
      ),
    ];
  }
  return needsOf(facts.campaign).map((need) => {
    const { tier, floor, wanted, schedule } = need;
    if (schedule.untilMs <= nowMs) return ok('ceilings', `${tier}: the opening is over`);
    if (wanted > floor) {
      return fail(
        'ceilings',
        `${tier}: ${wanted} replicas are needed for ${count(peak)}/s, but spec.scaling.tiers.${tier}.max is ${floor}`,
        `raise spec.scaling.tiers.${tier}.max to ${wanted} or more`,
      );
    }
    const { ceiling, atMs } = lowestCeiling(facts, need, nowMs);
    if (ceiling >= floor) {
      return ok('ceilings', `${tier}: ${floor} replicas are needed at opening, ${ceiling} are authorised`);
    }
    // Instants are written in whole seconds: rounded down, the window would end too early.
    const span = `${instantOf(schedule.fromMs, zone)}/${instantOf(Math.ceil(schedule.untilMs / 1000) * 1000, zone)}`;
    return fail(
      'ceilings',
      `${tier}: ${floor} replicas are needed for ${count(peak)}/s, but only ${ceiling} are authorised at ${clockOf(atMs, zone, nowMs)}`,
      `kubectl voucher authorize ${metadata.name} ${where({}, metadata.namespace)} --window ${span} --ceiling ${tier}=${floor}`,
    );
  });
};

const preWarming = ({ campaign }: CampaignFacts, nowMs: number): readonly Finding[] => {
  const { spec, status } = campaign;
  if (spec.scaling.peakArrivalsPerSecond === undefined) return [];
  const zone = zoneOf(spec.window.opensAt);
  const [intake] = needsOf(campaign);
  if (intake === undefined || intake.schedule.untilMs <= nowMs) return [];
  const { fromMs } = intake.schedule;
  if (nowMs < fromMs) {
    return [
      ok(
        'pre-warming',
        `${intake.floor} intake replicas from ${clockOf(fromMs, zone, nowMs)} (${ago(fromMs, nowMs)}), if pods start as fast as so far`,
      ),
    ];
  }
  // Its condition reports a delay or a missing canary.
  const condition = status?.conditions?.find(({ type }) => type === 'PreWarmed');
  return condition?.status === 'True' ? [ok('pre-warming', condition.message)] : [];
};

export const checkCapacity = (facts: CampaignFacts, nowMs: number): readonly Finding[] => [
  ...ceilings(facts, nowMs),
  ...preWarming(facts, nowMs),
];
