/** `VoucherCampaign.status`: what the operator observed and did. Written by the operator only. Pure. */
import { entryOf, perTier } from '../tiers.ts';
import { choice, instant, listByKey, measure, text, wholeNumber } from './common.ts';
import { CONTINGENCY_TYPES } from './contingency.ts';
import { issuanceStatus } from './issuance.ts';
import type { ObjectNode } from './node.ts';
import { exclusions, STATUS_TYPES } from './status-exclusions.ts';

/** Metrics that exist only while their source answers: absent means unknown, never zero. */
const outside: ObjectNode = {
  type: 'object',
  description:
    'When the registrations that wait will be done, at the rate that the providers allow. Absent: the tier asks no provider, or nothing waits.',
  required: ['perSecond'],
  typeHint: { name: 'OutsidePace', file: STATUS_TYPES },
  properties: {
    perSecond: measure('Requests per second that the providers allow now. 0: no provider can be asked.'),
    doneAt: instant(
      'When the registrations that wait now will be done, to the minute. Absent: unknown, or later than in 60 days.',
    ),
    resumesAt: instant(
      'When the first provider can be asked again. Absent: one can be asked now, or the time is unknown.',
    ),
  },
};

const tierStatus = (description: string): ObjectNode => ({
  type: 'object',
  description,
  required: ['replicas', 'ready', 'desired', 'ceiling', 'limitedBy'],
  typeHint: { name: 'TierStatus', file: STATUS_TYPES, description: 'One tier as it was at the last tick.' },
  properties: {
    replicas: wholeNumber('Replicas that the Deployment asks for now.'),
    ready: wholeNumber('Replicas that are Ready.'),
    desired: wholeNumber('Replicas that the operator decided on at the last tick.'),
    replacing: wholeNumber('Additional replicas that replace pods on nodes that do not answer. Absent: none.'),
    belowMinSince: instant('Since when fewer than min replicas have been Ready. Absent: enough are.'),
    ceiling: wholeNumber('Most replicas that are authorised at this moment.'),
    limitedBy: text(
      'What decided: Load, Backlog, Lateness, Schedule, Blind, Min, Max, Ceiling, Provider, Downstream, Stale, Panic, Rollout, ' +
        'PlanPending, FewFreshTicks, ExcessBacklog, HoldAfterOpen, HoldUntil, DownWindow, WayDown or Off.',
      32,
    ),
    arrivalsPerSecond: measure('Attempted registrations per second. Absent: unknown.'),
    capacityPerReplica: measure('Registrations per second that the operator counts for one replica.'),
    backlog: wholeNumber('Messages that are not yet processed. Absent: unknown.'),
    oldestSeconds: measure('Age in seconds of the oldest message that is not yet processed. Absent: none, or unknown.'),
    outside,
  },
});

/** In coarse steps, so that the status does not change each second. */
const waiting: ObjectNode = {
  type: 'object',
  description: 'The waiting room now, in round numbers. Absent: no one waits in it.',
  required: ['citizens', 'ratePerSecond'],
  typeHint: { name: 'WaitingStatus', file: STATUS_TYPES },
  properties: {
    citizens: wholeNumber('Citizens with a ticket whose turn has not come.'),
    ratePerSecond: measure('Tickets whose turn comes per second. 0: no one is served now.'),
    longestSeconds: wholeNumber(
      'Seconds until the turn of the last citizen in the queue, at this rate. Absent: no one is served now.',
    ),
  },
};

/** `metav1.Condition`, with its bounds. */
const conditions = listByKey('type', 'Conditions that alerts and runbooks match, one per type.', 32, {
  type: 'object',
  description: 'Condition is one observed aspect of the object.',
  typeHint: { name: 'Condition', file: './common.ts' },
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: {
      ...text('Name of the aspect, such as Ready or JournalDurable.', 64, 1),
      pattern: '^[A-Za-z]([A-Za-z0-9]*)$',
    },
    status: choice('True, False or Unknown.', ['True', 'False', 'Unknown']),
    reason: {
      ...text('Why the condition has its status: one stable CamelCase word that alerts can match.', 1024, 1),
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    },
    message: text('For people: what was observed, and what to do about it.', 4096),
    lastTransitionTime: instant('When status last changed between True, False and Unknown.'),
    observedGeneration: wholeNumber('Value of metadata.generation that this condition was computed from.'),
  },
});

const contingency = listByKey(
  'name',
  'Levels of spec.contingency that are in force, in their order. Absent: none.',
  8,
  {
    type: 'object',
    description: 'ContingencyStatus is a level in force.',
    typeHint: { name: 'ContingencyStatus', file: CONTINGENCY_TYPES },
    required: ['name', 'since', 'by', 'reason'],
    properties: {
      name: text('Name of the level.', 40),
      since: instant('When it came into force.'),
      by: choice('What started it: Trigger or Command.', ['Trigger', 'Command']),
      who: text('User who gave the command, as the API server knows the name. Absent: a trigger, or unknown.', 253),
      reason: text('Value that triggered it, or the reason in the command; for people.', 512),
      until: instant(
        'Latest time at which it ends. Absent: it ends when its metric is clear, or when a person stops it.',
      ),
    },
  },
);

const stalling = listByKey(
  'reason',
  'Causes of the condition Stalled. Most of them make it True only after they have lasted for a minute.',
  20,
  {
    type: 'object',
    description: 'StallingCause is a cause of Stalled.',
    typeHint: { name: 'StallingCause', file: STATUS_TYPES },
    required: ['reason', 'since'],
    properties: {
      reason: text('Reason of Stalled for this cause.', 64),
      since: instant('Since when the cause has existed.'),
    },
  },
);

const drawStatus: ObjectNode = {
  type: 'object',
  description: 'List and result of the draw. Absent: registration has not closed.',
  typeHint: { name: 'DrawStatus', file: './draw.ts' },
  required: ['phase'],
  properties: {
    phase: text(
      'Waiting: the list is not frozen yet; the condition ListFrozen says why. Freezing: the barriers are being written, or are ' +
        'not reached yet. Frozen: later events change nothing. Listed: the list has been made. Committed: the commitment is published, ' +
        'and the sources have no values yet. Sourced: every source has its value. Drawn: there is a result.',
      32,
    ),
    frozenAt: instant('When the list was frozen. Once written, window.closesAt is fixed.'),
    entries: wholeNumber('Registrations in the lists of all vouchers together. Absent: not made yet.'),
    excluded: wholeNumber(
      'People who would be in a list, and won in an earlier campaign (spec.eligibility.excludeWinnersOf). Absent: not made yet, or none is named.',
    ),
    lists: listByKey('voucher', 'The list for each voucher. Absent: not made yet.', 32, {
      type: 'object',
      description: 'VoucherList is the list of the draw for one voucher.',
      typeHint: { name: 'VoucherList', file: './draw.ts' },
      required: ['voucher', 'entries', 'digest'],
      properties: {
        voucher: text('Name of the voucher.', 40),
        entries: wholeNumber('Registrations in the list.'),
        digest: text('Digest of the list. Each time the list is made from this journal, the digest is the same.', 128),
      },
    }),
    attempt: wholeNumber('Number of the commitment in force. Above 1: the draw was postponed.'),
    commitment: text('Digest of the commitment, which was published before the randomness existed.', 64),
    notBefore: instant('No source has its value before this time.'),
    postponeAt: instant('If a source has no value by this time, the draw is postponed.'),
    committedBy: text('Who authorised the commitment.', 256),
    missing: {
      type: 'array',
      description: 'Public values that two people have not entered yet.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: text('Name of a source.', 40),
    },
    drawnAt: instant('When the result was stored.'),
    result: text('Digest of the result.', 64),
    announced: {
      type: 'boolean',
      description: 'The result of every winner and of everyone on the waiting list is in the journal.',
    },
    winners: wholeNumber('Winners of all vouchers together.'),
    promoted: wholeNumber('People who moved up from the waiting lists. Absent: none.'),
    results: listByKey('voucher', 'The result for each voucher. Absent: not drawn yet.', 32, {
      type: 'object',
      description: 'VoucherDraw is the result of the draw for one voucher.',
      typeHint: { name: 'VoucherDraw', file: './draw.ts' },
      required: ['voucher', 'winners', 'waitlisted', 'seed', 'digest'],
      properties: {
        voucher: text('Name of the voucher.', 40),
        winners: wholeNumber('Number of winners.'),
        waitlisted: wholeNumber('Number of people on the waiting list.'),
        seed: text('Seed, made from the list and the sources.', 64),
        digest: text('Digest of winners and waiting list.', 64),
      },
    }),
  },
};

const privacyStatus: ObjectNode = {
  type: 'object',
  description: 'When personal data is destroyed, and who ordered it.',
  typeHint: { name: 'PrivacyStatus', file: STATUS_TYPES },
  required: ['deleteAt'],
  properties: {
    deleteAt: instant('When all personal data is destroyed at the latest.'),
    orderedAt: instant('When the destruction began. It cannot be cancelled. Absent: it has not begun.'),
    cause: choice('What ordered it: Date or Command.', ['Date', 'Command']),
    who: text('User who gave the command, as the API server knows the name. Absent: the date.', 253),
    reason: text('Reason in the command; for people.', 512),
    destroyedAt: instant('When it was complete. Absent: it is not.'),
    certificate: text('SHA-256 of the deletion certificate, hex. The audit trail holds it, too.', 64),
  },
};

const erasures = listByKey('receipt', 'Commands to erase people, by their annotations. Absent: none.', 100, {
  type: 'object',
  description: 'ErasureStatus is a command to erase the person of a receipt.',
  typeHint: { name: 'ErasureStatus', file: STATUS_TYPES },
  required: ['receipt', 'state'],
  properties: {
    receipt: text('Receipt number that the command names.', 26),
    requestedAt: text('When the command was given, as the annotation has it.', 40),
    who: text('User who gave the command, as the API server knows the name.', 253),
    state: choice('Waiting, Erased, UnknownReceipt or Unreadable.', [
      'Waiting',
      'Erased',
      'UnknownReceipt',
      'Unreadable',
    ]),
    erasedAt: instant('When all receipts of the person were erased in the journal.'),
    receipts: wholeNumber('Receipts of the person that were erased, this one among them.'),
    message: text('Why it is not erased; for people.', 512),
  },
});

/** Generations begin at 1. */
export const UNSEEN_STATUS = { observedGeneration: 0 } as const;

export const campaignStatus: ObjectNode = {
  type: 'object',
  description: 'What the operator observed and did; written by the operator only.',
  typeHint: { name: 'VoucherCampaignStatus' },
  properties: {
    observedGeneration: wholeNumber('Value of metadata.generation that this status was computed from.'),
    stage: text(
      'Summary for people: Pending, Scheduled, PreWarming, Open, Draining, Closed, Frozen, Drawn, Issuing or Issued. Alert on conditions instead.',
      32,
    ),
    openedAt: instant(
      'When the campaign opened. Once written, campaignId, opensAt, identity, eligibility, vouchers and privacy are fixed.',
    ),
    conditions,
    stalling,
    tiers: {
      type: 'object',
      description: 'Every tier that exists.',
      properties: perTier((tier) => tierStatus(`Tier that ${entryOf(tier).does.split(';')[0]}.`)),
    },
    headroom: {
      type: 'object',
      description: 'Placeholder pods that keep room free on nodes; they add no capacity. Absent: none.',
      required: ['desired', 'ready'],
      properties: {
        desired: wholeNumber('Intake replicas for which room is to be kept.'),
        ready: wholeNumber('Intake replicas for which room is kept now.'),
      },
    },
    counts: {
      type: 'object',
      description: 'Registrations by state.',
      required: ['received'],
      properties: { received: wholeNumber('Citizens whose registration is in the database, as last reported.') },
    },
    arrivalsPerSecond: measure('Attempted registrations per second over all intake pods. Absent: unknown.'),
    backlog: wholeNumber('Registrations in the journal that are not yet in the database. Absent: unknown.'),
    oldestSeconds: measure(
      'Age in seconds of the oldest registration that is not yet in the database. Absent: none, or unknown.',
    ),
    waiting,
    intake: text('Intake replicas as ready/desired/ceiling, for the column of kubectl get.', 32),
    plan: text('Name of the ScalePlan that waits for a decision; empty or absent: none.', 253),
    contingency,
    draw: drawStatus,
    issuance: issuanceStatus,
    privacy: privacyStatus,
    erasures,
    exclusions,
    closesAt: instant(
      'When registration closes, if a contingency level has extended it. Never moves earlier. Absent: spec.window applies.',
    ),
    contingencyMemory: text(
      'State of the triggers of contingency levels, opaque. It survives a change of leader.',
      4096,
    ),
    scaler: text('State of the scaling law, opaque. It survives a change of leader.', 16_384),
  },
};
