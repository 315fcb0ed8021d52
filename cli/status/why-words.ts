/** Why a tier has its replicas, from the log of decisions, the plans and the events. Pure. */

import { instantMs } from '../../contract/instant.ts';
import { type Tier, takesRegistrations } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { decisionAt } from '../../operator/history/decision-log.ts';
import type { DecisionRecord } from '../../operator/history/decision-record.ts';
import type { ClusterOptions, Decisions } from '../cluster.ts';
import type { SeenEvent } from '../kube-events.ts';
import { planLines, waitingPlans } from '../plans/plans.ts';
import { because, circumstances, demand, replicas, signals } from '../reasons.ts';
import { ago, clockOf, type Zone } from '../times.ts';
import { count } from '../words.ts';
import { paceText } from './outside-words.ts';
import { waitingRoomText } from './waiting-words.ts';

const BEFORE = 5;
const EVENTS = 8;
const EVENTS_BEFORE_MS = 10 * 60_000;
/** The log has these, with more details. */
const LOGGED: readonly string[] = ['ScaledUp', 'ScaledDown'];

export interface StoryInput {
  readonly campaign: VoucherCampaign;
  readonly decisions: Decisions;
  readonly plans: readonly ScalePlan[];
  readonly events: readonly SeenEvent[];
  readonly tiers: readonly Tier[];
  readonly options: ClusterOptions;
  readonly zone: Zone;
  readonly nowMs: number;
  readonly atMs: number;
  readonly isNow: boolean;
}

interface TierStory {
  readonly tier: Tier;
  /** In force at that instant; undefined: the log begins later. */
  readonly decision: DecisionRecord | undefined;
  /** The decisions before it, newest first. */
  readonly before: readonly DecisionRecord[];
  /** When the decision ended; undefined: it still holds. */
  readonly untilMs: number | undefined;
}

export interface Story extends Omit<StoryInput, 'tiers' | 'events'> {
  readonly tiers: readonly TierStory[];
  readonly events: readonly SeenEvent[];
}

export const storyOf = (input: StoryInput): Story => {
  const { decisions, events, atMs } = input;
  const near = events.filter(
    ({ atMs: when, reason }) => when <= atMs && when > atMs - EVENTS_BEFORE_MS && !LOGGED.includes(reason),
  );
  return {
    ...input,
    events: near.slice(-EVENTS),
    tiers: input.tiers.map((tier) => {
      const log = decisions[tier];
      const decision = decisionAt(log, atMs);
      const index = decision === undefined ? 0 : log.indexOf(decision);
      const next = decision === undefined ? undefined : log[index + 1];
      return {
        tier,
        decision,
        before: log.slice(Math.max(0, index - BEFORE), index).reverse(),
        untilMs: next === undefined ? undefined : instantMs(next.at),
      };
    }),
  };
};

/** Since when there is a log, for an instant before it. */
export const logBegins = ({ tiers, decisions, zone, nowMs, atMs }: Story): string => {
  const begins = tiers.flatMap(({ tier }) => {
    const [first] = decisions[tier];
    return first === undefined ? [] : [`${tier} at ${clockOf(instantMs(first.at), zone, nowMs)}`];
  });
  const since = begins.length === 0 ? 'is empty' : `begins for ${begins.join(', for ')}`;
  return `there is no decision for ${clockOf(atMs, zone, nowMs)}: the log of decisions ${since} (UTC${zone.text}). The operator's own log has older ones, as lines with "msg":"decision"`;
};

/** `12 replicas`, or `22 replicas, from 60 in steps that ended at 20:14:59`. */
const number = (decision: DecisionRecord, zone: Zone, nowMs: number): string => {
  const { from, desired, until } = decision;
  if (until === undefined || from === undefined) return replicas(desired);
  return `${replicas(desired)}, from ${from} in steps that ended at ${clockOf(instantMs(until), zone, nowMs)}`;
};

const beforeLine = (decision: DecisionRecord, { zone, nowMs }: Story): string => {
  const { at, from, desired, until } = decision;
  const change = from === undefined || from === desired ? String(desired) : `${from} → ${desired}`;
  const steps = until === undefined ? '' : ` until ${clockOf(instantMs(until), zone, nowMs)}`;
  return `    ${clockOf(instantMs(at), zone, nowMs)}${steps}  ${change}: ${because(decision)}\n`;
};

/** The tier's present status, where the log lacks it. */
const nowLines = (decision: DecisionRecord, tier: Tier, { campaign, isNow, zone, nowMs }: Story): readonly string[] => {
  const seen = campaign.status?.tiers?.[tier];
  if (!isNow || seen === undefined) return [`Then ${decision.ready} were ready.`];
  const missing = seen.desired - seen.ready;
  const readiness = missing > 0 ? `${seen.ready} are ready, ${missing} are missing.` : `${seen.ready} are ready.`;
  const written =
    seen.replicas === seen.desired + (seen.replacing ?? 0)
      ? []
      : [`spec.replicas of its Deployment is ${seen.replicas}: the last write is not done yet.`];
  const other =
    seen.desired === decision.desired
      ? []
      : [`The status, a little newer than the log, has ${replicas(seen.desired)} (${seen.limitedBy}).`];
  const standIns =
    seen.replacing === undefined ? [] : [`${seen.replacing} more replace pods on nodes that do not answer.`];
  const outside =
    seen.outside === undefined
      ? []
      : [`${count(seen.backlog ?? 0)} wait for providers; ${paceText(seen.outside, zone, nowMs)}.`];
  const { waiting } = campaign.status ?? {};
  const queue =
    waiting === undefined || !takesRegistrations(tier) ? [] : [`In the waiting room ${waitingRoomText(waiting)}.`];
  return [readiness, ...standIns, ...written, ...other, ...outside, ...queue];
};

const tierText = ({ tier, decision, before, untilMs }: TierStory, story: Story): string => {
  const { zone, nowMs, atMs, isNow, plans, options } = story;
  if (decision === undefined) {
    return `${tier}: ${logBegins({ ...story, tiers: story.tiers.filter((one) => one.tier === tier) })}.\n`;
  }
  const sinceMs = instantMs(decision.at);
  const since = `since ${clockOf(sinceMs, zone, nowMs)} (${ago(sinceMs, nowMs)})`;
  const until = untilMs === undefined ? '' : `, until ${clockOf(untilMs, zone, nowMs)}`;
  const head = isNow
    ? `Desired for ${tier}: ${number(decision, zone, nowMs)}, ${since}: ${because(decision)}.`
    : `Desired for ${tier} at ${clockOf(atMs, zone, nowMs)}: ${number(decision, zone, nowMs)}, ${since}${until}: ${because(decision)}.`;
  const asked = demand(decision);
  const outsideMax = decision.outsideMax === undefined ? '' : `, ${decision.outsideMax} for the rate of the providers`;
  const waiting = isNow && decision.limitedBy === 'Ceiling' ? waitingPlans(plans, nowMs) : [];
  const body = [
    ...(asked === undefined ? [] : [`Demand: ${asked}.`]),
    `Metrics: ${signals(decision)}.`,
    `Limits: min ${decision.min}, max ${decision.max}${outsideMax}, authorised ceiling ${decision.ceiling}.`,
    ...nowLines(decision, tier, story),
    ...circumstances(decision),
    ...waiting.flatMap((plan) => planLines(plan, options, zone, nowMs)),
    ...(waiting.length === 0 && isNow && decision.limitedBy === 'Ceiling'
      ? [`To allow more: raise spec.scaling.authorized.ceilings.${tier}, or answer the next ScalePlan.`]
      : []),
  ];
  const history = before.length === 0 ? '' : `  Before that:\n${before.map((one) => beforeLine(one, story)).join('')}`;
  return `${head}\n${body.map((line) => `  ${line}\n`).join('')}${history}`;
};

export const storyText = (story: Story): string => {
  const { zone, nowMs, events } = story;
  const lines = events.map(
    ({ atMs, type, reason, note }) =>
      `  ${clockOf(atMs, zone, nowMs)}  ${type === 'Warning' ? 'warning ' : ''}${reason}: ${note}\n`,
  );
  return [
    ...story.tiers.map((tier) => `${tierText(tier, story)}\n`),
    lines.length === 0 ? '' : `Events of the ten minutes before:\n${lines.join('')}\n`,
    `Times are UTC${zone.text}.\n`,
  ].join('');
};

/** For programs; instants in UTC. */
export const storyJson = (story: Story): unknown => ({
  campaign: story.campaign.metadata.name,
  namespace: story.campaign.metadata.namespace,
  at: new Date(story.atMs).toISOString(),
  tiers: story.tiers.map(({ tier, decision, before, untilMs }) => ({
    tier,
    because: decision === undefined ? null : because(decision),
    decision: decision ?? null,
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    before,
  })),
  events: story.events.map(({ atMs, ...event }) => ({ at: new Date(atMs).toISOString(), ...event })),
});
