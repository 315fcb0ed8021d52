/** `VoucherCampaign.status`: what the operator saw and did. Written by the operator only. Pure. */

import { entryOf, perTier } from '../tiers.ts';
import { conditions, instant, observedGeneration, wholeNumber } from './common.ts';
import { CONTINGENCY_TYPES } from './contingency.ts';
import type { ArrayNode, NumberNode, ObjectNode, StringNode } from './node.ts';

const measure = (description: string): NumberNode => ({ type: 'number', description, minimum: 0 });
const text = (description: string, maxLength: number): StringNode => ({ type: 'string', description, maxLength });

/** Signals that exist only while their source answers: absent means unknown, never zero. */
const tierStatus = (description: string): ObjectNode => ({
  type: 'object',
  description,
  required: ['replicas', 'ready', 'desired', 'ceiling', 'limitedBy'],
  typeHint: { name: 'TierStatus', description: 'One tier as it was at the last tick.' },
  properties: {
    replicas: wholeNumber('Replicas that the Deployment asks for now.'),
    ready: wholeNumber('Replicas that are ready.'),
    desired: wholeNumber('Replicas that the operator decided on at the last tick.'),
    replacing: wholeNumber('Replicas on top of those, in place of pods on nodes that do not answer. Absent: none.'),
    belowMinSince: instant('Since when fewer than min replicas have been ready. Absent: enough are.'),
    ceiling: wholeNumber('Most replicas that are authorised at this moment.'),
    limitedBy: text(
      'Which demand, bound or hold decided: Load, Backlog, Schedule, Blind, Min, Max, Ceiling, Downstream, Stale, Panic, ' +
        'Rollout, PlanPending, FewFreshTicks, ExcessBacklog, HoldAfterOpen, HoldUntil, DownWindow, WayDown or Off.',
      32,
    ),
    arrivalsPerSecond: measure('Attempted registrations per second. Absent: unknown.'),
    capacityPerReplica: measure('Registrations per second that one replica is counted with.'),
    backlog: wholeNumber('Messages not yet worked off. Absent: unknown.'),
    oldestSeconds: measure('Age in seconds of the oldest message not yet worked off. Absent: none, or unknown.'),
  },
});

const contingency: ArrayNode = {
  type: 'array',
  description: 'Levels of spec.contingency that are in force, in their order. Absent: none.',
  maxItems: 8,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    description: 'ContingencyStatus is a level in force.',
    typeHint: { name: 'ContingencyStatus', file: CONTINGENCY_TYPES },
    required: ['name', 'since', 'by', 'reason'],
    properties: {
      name: text('Name of the level.', 40),
      since: instant('When it came into force.'),
      by: { type: 'string', description: 'What put it in force: Trigger or Command.', enum: ['Trigger', 'Command'] },
      who: text('User who commanded it, as the API server knows him. Absent: a trigger, or not known.', 253),
      reason: text('Value that triggered it, or what the command says; for people.', 512),
      until: instant('When it ends by itself at the latest. Absent: when its signal is clear, or a person stops it.'),
    },
  },
};

const stalling: ArrayNode = {
  type: 'array',
  description: 'Causes that make the condition Stalled True, most of them once they have lasted for a minute.',
  maxItems: 20,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['reason'],
  items: {
    type: 'object',
    description: 'StallingCause is a cause of Stalled.',
    typeHint: { name: 'StallingCause' },
    required: ['reason', 'since'],
    properties: {
      reason: text('Reason that Stalled has for it.', 64),
      since: instant('Since when it has been so.'),
    },
  },
};

/** Generations begin at 1. */
export const UNSEEN_STATUS = { observedGeneration: 0 } as const;

export const campaignStatus: ObjectNode = {
  type: 'object',
  description: 'What the operator saw and did; written by the operator only.',
  typeHint: { name: 'VoucherCampaignStatus' },
  properties: {
    observedGeneration: observedGeneration('Value of metadata.generation that this status was computed from.'),
    stage: text(
      'Summary for people: Pending, Scheduled, PreWarming, Open, Draining or Closed. Alert on conditions instead.',
      32,
    ),
    openedAt: instant(
      'When the campaign opened. Once written, campaignId, opensAt, identity, eligibility, vouchers and privacy are fixed.',
    ),
    conditions: conditions('Conditions that alerts and runbooks match, one per type.'),
    stalling,
    tiers: {
      type: 'object',
      description: 'Every tier that exists.',
      properties: perTier((tier) => tierStatus(`Tier that ${entryOf(tier).does.split(';')[0]}.`)),
    },
    headroom: {
      type: 'object',
      description: 'Placeholders that keep room on nodes; no capacity. Absent: none are kept.',
      required: ['desired', 'ready'],
      properties: {
        desired: wholeNumber('Intake replicas that room is to be kept for.'),
        ready: wholeNumber('Those of them whose room is there.'),
      },
    },
    counts: {
      type: 'object',
      description: 'Registrations by state.',
      required: ['received'],
      properties: { received: wholeNumber('Citizens whose registration is on record in the database, as last told.') },
    },
    arrivalsPerSecond: measure('Attempted registrations per second over all intake pods. Absent: unknown.'),
    backlog: wholeNumber('Registrations in the journal that are not yet in the database. Absent: unknown.'),
    oldestSeconds: measure('Age in seconds of the oldest of them. Absent: none, or unknown.'),
    intake: text('Intake replicas as ready/desired/ceiling, for the column of kubectl get.', 32),
    plan: text('Name of the ScalePlan that waits for a decision; empty or absent: none.', 253),
    contingency,
    closesAt: instant(
      'When registration closes, once a contingency level has extended it; never earlier again. Absent: as spec.window says.',
    ),
    contingencyMemory: text('Memory of triggers of contingency levels, opaque; it survives a change of leader.', 4096),
    scaler: text('Memory of the scaling law, opaque; it survives a change of leader.', 16_384),
  },
};
