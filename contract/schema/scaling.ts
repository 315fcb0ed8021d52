/** `spec.scaling`: how the operator may spend replicas. Defaults by tier: contract/tiers.ts; why they are what they are: docs/autoscaler.md. Pure. */

import { entryOf, perTier, TIERS, type Tier } from '../tiers.ts';
import { duration, instant } from './common.ts';
import type { NumberNode, ObjectNode } from './node.ts';

/** More pods than one namespace of one cluster is expected to hold for a tier. */
const MAX_REPLICAS = 5000;

const replicas = (description: string): NumberNode => ({
  type: 'integer',
  format: 'int32',
  description,
  minimum: 1,
  maximum: MAX_REPLICAS,
});

/** `Intake`, at the beginning of a sentence. */
export const titled = (tier: Tier): string => `${tier.slice(0, 1).toUpperCase()}${tier.slice(1)}`;

/** Ceilings of which every one may be left out; used where they stand beside full ones. */
export const partialCeilings = (description: string): ObjectNode => ({
  type: 'object',
  description,
  minProperties: 1,
  properties: perTier((tier) => replicas(`${titled(tier)} replicas allowed. Left out: unchanged.`)),
  typeHint: { name: 'Ceilings', description: 'Replicas allowed per tier; a tier that is left out stays as it is.' },
});

const price = (description: string): NumberNode => ({
  type: 'integer',
  format: 'int32',
  description,
  minimum: 0,
  maximum: 1_000_000,
});

const scalingOf = (tier: Tier): ObjectNode => ({
  type: 'object',
  description: `${titled(tier)} ${entryOf(tier).does}.`,
  default: {},
  typeHint: { name: 'TierScaling', description: 'Bounds and capacity of one tier.' },
  properties: {
    min: {
      ...replicas('Replicas that always run, so that one may fail. Default 2. Lower it to 1 only for development.'),
      default: 2,
    },
    max: {
      ...replicas(
        `Replicas never exceeded, whatever is authorised: what the cluster and the database can bear. Default ${entryOf(tier).defaults.max}.`,
      ),
      default: entryOf(tier).defaults.max,
    },
    capacityPerReplica: {
      type: 'integer',
      format: 'int32',
      description:
        `Registrations per second that one replica handles at full load; the operator plans for 70 % of it. ` +
        `Default ${entryOf(tier).defaults.capacityPerReplica}, ${entryOf(tier).defaults.capacityOrigin}. Measure yours with \`npm run bench\`.`,
      minimum: 1,
      maximum: 1_000_000,
      default: entryOf(tier).defaults.capacityPerReplica,
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'self.min <= self.max',
      message: 'min is above max: lower min or raise max of this tier',
      fieldPath: '.min',
    },
  ],
});

const authorized: ObjectNode = {
  type: 'object',
  description:
    'Replicas that the operator may use without asking. For more it creates a ScalePlan that the owner decides on.',
  default: {},
  properties: {
    ceilings: {
      type: 'object',
      description: 'Ceilings in force at all times. The lower of ceiling and tiers.*.max counts.',
      default: {},
      properties: perTier((tier) => {
        const { ceiling } = entryOf(tier).defaults;
        return {
          ...replicas(`${titled(tier)} replicas allowed without asking. Default ${ceiling}.`),
          default: ceiling,
        };
      }),
    },
    windows: {
      type: 'array',
      description:
        'Wider ceilings that the owner has authorised beforehand for a span of time, such as opening day. Default none. ' +
        'Where several overlap, the widest counts.',
      default: [],
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        description: 'Window is one span of time with its ceilings.',
        required: ['from', 'until', 'ceilings'],
        properties: {
          from: instant('Start of the window, inclusive, with offset: 2020-09-25T08:00:00+08:00.'),
          until: instant('End of the window, exclusive. Afterwards replicas only fall back to the ordinary ceilings.'),
          ceilings: partialCeilings('Ceilings within the window; name at least one tier.'),
        },
        'x-kubernetes-validations': [
          {
            rule: 'self.from < self.until',
            message: 'until is not after from: move until to a later instant',
            fieldPath: '.until',
          },
        ],
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: `self.windows.all(w, ${TIERS.map((tier) => `(!has(w.ceilings.${tier}) || w.ceilings.${tier} >= self.ceilings.${tier})`).join(' && ')})`,
      message:
        'a window in windows has a ceiling below the ordinary one and would have no effect: raise it to at least authorized.ceilings or remove it',
      fieldPath: '.windows',
    },
  ],
};

const ceilingAtLeastMin = (tierName: Tier) => ({
  rule: `self.authorized.ceilings.${tierName} >= self.tiers.${tierName}.min`,
  message: `authorized.ceilings.${tierName} is below tiers.${tierName}.min, so the minimum could not run: raise the ceiling or lower min`,
  fieldPath: `.authorized.ceilings.${tierName}`,
});

export const scaling: ObjectNode = {
  type: 'object',
  description: 'How replicas follow the crowd. Every field has a default; state at least peakArrivalsPerSecond.',
  default: {},
  typeHint: { name: 'ScalingSpec' },
  properties: {
    mode: {
      type: 'string',
      description:
        'What the operator does with its decisions: Auto acts; Shadow decides and publishes but does not act; Off does ' +
        'not decide. Default Auto. Write "Off" in quotes, because kubectl reads a bare Off as false.',
      enum: ['Auto', 'Shadow', 'Off'],
      default: 'Auto',
    },
    drainWithin: duration(
      'scaling.drainWithin',
      'Time in which a backlog must be worked off. Shorter costs more replicas. Default 30s.',
      { default: '30s', atLeast: '1s', atMost: '1h' },
    ),
    peakArrivalsPerSecond: {
      type: 'integer',
      format: 'int32',
      description:
        'Registrations per second expected at the peak, the forecast; sizes the replicas that are ready before ' +
        'opening. Left out: no pre-warming beyond min, and condition PreWarmed says NoForecast.',
      minimum: 1,
      maximum: 10_000_000,
    },
    preWarm: {
      type: 'object',
      description: 'Growth to the forecast before opening.',
      default: {},
      properties: {
        leadTime: duration(
          'scaling.preWarm.leadTime',
          'How long before opensAt the growth to the forecast starts. Default 30m.',
          { default: '30m', atLeast: '0s', atMost: '24h' },
        ),
      },
    },
    headroomReplicas: {
      type: 'integer',
      format: 'int32',
      description:
        'Room kept free on nodes for so many more intake replicas, from pre-warming until the crowd has gone, by placeholder ' +
        'pods that make way at once. A node autoscaler adds nodes for placeholders without a place, before a citizen has to ' +
        'wait for one. Never more than the ceiling leaves; a ResourceQuota counts them. Default 0.',
      minimum: 0,
      maximum: 1000,
      default: 0,
    },
    drain: {
      type: 'object',
      description: 'How replicas are counted that work a backlog off.',
      default: {},
      properties: {
        mode: {
          type: 'string',
          description:
            'How they add up: additive puts them on top of those for arrivals; economical first spends the room that every replica is ' +
            'planned with: a sixth fewer replicas, and up to a quarter more citizens who wait. Default additive.',
          enum: ['additive', 'economical'],
          default: 'additive',
        },
      },
    },
    down: {
      type: 'object',
      description: 'How gently replicas are taken away; a stale signal never takes any away.',
      default: {},
      properties: {
        windowSeconds: {
          type: 'integer',
          format: 'int32',
          description: 'Seconds over which the highest demand must have fallen before replicas go. Default 300.',
          minimum: 10,
          maximum: 3600,
          default: 300,
        },
        percentPerMinute: {
          type: 'integer',
          format: 'int32',
          description: 'Share of the replicas that may go per minute, in percent; at least one goes. Default 10.',
          minimum: 1,
          maximum: 100,
          default: 20,
        },
        holdAfterOpen: duration(
          'scaling.down.holdAfterOpen',
          'How long after opensAt no replica goes, because the crowd comes in waves. Default 2h.',
          { default: '5m', atLeast: '0s', atMost: '72h' },
        ),
      },
    },
    authorized,
    podHourFen: {
      type: 'object',
      description:
        'Price of one pod for one hour, in fen; a ScalePlan then states what it would cost. Left out: plans state pod-hours alone.',
      minProperties: 1,
      properties: perTier((tier) =>
        price(`Price of ${/^[aeiou]/.test(tier) ? 'an' : 'a'} ${tier} pod for an hour, in fen.`),
      ),
    },
    tiers: {
      type: 'object',
      description: 'Bounds and capacity of every tier.',
      default: {},
      properties: perTier(scalingOf),
    },
  },
  'x-kubernetes-validations': TIERS.map(ceilingAtLeastMin),
};
