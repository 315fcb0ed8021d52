/** What one tick decided on a tier, with its numbers: a line of the log, which `kubectl voucher why` reads. Pure. */
import { z } from 'zod';
import { parseInstant } from '../../contract/instant.ts';
import type { Reading } from '../../contract/reading.ts';
import { followsArrivals, type Tier } from '../../contract/tiers.ts';
import { arrivalsAt, type CampaignReadings } from '../signals/readings.ts';
import type { TickPlan } from '../tick/tick-plan.ts';

const count = z.number().int().nonnegative();
const measure = z.number();
const instant = z.string().refine((text) => parseInstant(text) !== undefined);

const MAX_OVERRIDES = 8;
const MAX_OTHER_AUTOSCALERS = 16;

const signal = z.object({ kind: z.enum(['fresh', 'stale', 'absent']), ageSeconds: measure.optional() });

/** Absent numbers are unknown, never zero. */
export const decisionRecord = z.object({
  at: instant,
  /** When the last step in the same direction and for the same reason was joined to it; absent: it was one step. */
  until: instant.optional(),
  from: count.optional(),
  desired: count,
  ready: count,
  /** Which demand, bound or hold decided, as in `status.tiers.*.limitedBy`. */
  limitedBy: z.string().max(32),
  /** What demand asks for before maximum and ceiling. */
  wanted: count,
  min: count,
  max: count,
  /** What the rate of outside systems needs, where that is less than max. */
  outsideMax: count.optional(),
  ceiling: count,
  mode: z.enum(['Auto', 'Shadow', 'Off']),
  /** Replicas that arrivals, backlog and schedule ask for. */
  terms: z
    .object({ feedForward: measure, drain: measure, lateness: measure.default(0), scheduleFloor: measure })
    .optional(),
  evidence: z
    .object({
      arrivalsPerSecond: measure.optional(),
      excess: measure,
      excessAhead: measure,
      capacityPerReplica: measure,
      startSeconds: measure,
      targetUtilisation: measure,
    })
    .optional(),
  signals: z.object({ arrivals: signal, backlog: signal.optional() }),
  /** Sentences on overrides, each with its end. */
  overrides: z.array(z.string().max(400)).max(MAX_OVERRIDES).optional(),
  otherAutoscalers: z.array(z.string().max(253)).max(MAX_OTHER_AUTOSCALERS).optional(),
  plan: z.string().max(253).optional(),
  /** There is a downstream bottleneck: so much is admitted per second. */
  admissionPerSecond: measure.optional(),
  preWarm: z.string().max(64).optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecord>;

/** Four digits: 11,840.7 → 11,840; 15.4872 → 15.49. */
const short = (value: number): number => (Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4)));

const signalOf = (reading: Reading<unknown>, nowMs: number): DecisionRecord['signals']['arrivals'] =>
  reading.kind === 'absent'
    ? { kind: 'absent' }
    : { kind: reading.kind, ageSeconds: Math.round(Math.max(0, nowMs - reading.atMs) / 100) / 10 };

const numbersOf = ({ limits, decision }: TickPlan['tiers'][Tier]): Pick<DecisionRecord, 'terms' | 'evidence'> => {
  if (decision === undefined) return {};
  const { terms, evidence } = decision;
  const { arrivalsPerSecond } = evidence;
  return {
    terms: {
      feedForward: short(terms.feedForward),
      drain: short(terms.drain),
      lateness: short(terms.lateness),
      scheduleFloor: short(terms.scheduleFloor),
    },
    evidence: {
      ...(arrivalsPerSecond === undefined ? {} : { arrivalsPerSecond: short(arrivalsPerSecond) }),
      excess: short(evidence.excess),
      excessAhead: short(evidence.excessAhead),
      capacityPerReplica: short(evidence.capacityPerReplica),
      startSeconds: short(evidence.startSeconds),
      targetUtilisation: limits.targetUtilisation,
    },
  };
};

/** What this tick decided on a tier, without `from`: that needs the record before. */
export const recordOf = (
  { mode, status, tiers, overridesInForce }: Pick<TickPlan, 'mode' | 'status' | 'tiers' | 'overridesInForce'>,
  tier: Tier,
  readings: CampaignReadings,
  nowMs: number,
): DecisionRecord => {
  const outcome = tiers[tier];
  const { limits, decision, otherAutoscalers } = outcome;
  const backlog = followsArrivals(tier) ? undefined : (readings.backlog[tier] ?? { kind: 'absent' as const });
  const preWarm = status.conditions?.find(({ type }) => type === 'PreWarmed')?.reason;
  return {
    at: new Date(nowMs).toISOString(),
    desired: outcome.desired,
    ready: outcome.ready,
    limitedBy: decision?.limitedBy ?? 'Off',
    wanted: decision?.wanted ?? outcome.desired,
    min: limits.min,
    max: limits.statedMax ?? limits.max,
    ...(limits.statedMax === undefined ? {} : { outsideMax: limits.max }),
    ceiling: limits.ceiling,
    mode,
    ...numbersOf(outcome),
    signals: {
      arrivals: signalOf(arrivalsAt(readings, tier).arrivals, nowMs),
      ...(backlog === undefined ? {} : { backlog: signalOf(backlog, nowMs) }),
    },
    ...(overridesInForce.length === 0 ? {} : { overrides: overridesInForce.slice(0, MAX_OVERRIDES) }),
    ...(otherAutoscalers.length === 0 ? {} : { otherAutoscalers: otherAutoscalers.slice(0, MAX_OTHER_AUTOSCALERS) }),
    ...(status.plan === undefined ? {} : { plan: status.plan }),
    ...(decision?.admissionPerSecond === undefined ? {} : { admissionPerSecond: short(decision.admissionPerSecond) }),
    ...(preWarm === undefined || !followsArrivals(tier) ? {} : { preWarm }),
  };
};
