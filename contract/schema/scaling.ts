/** `spec.scaling`: how the operator may use replicas. Defaults by tier: contract/tiers.ts; why they are what they are: docs/autoscaler.md. Pure. */
import { entryOf, perTier, TIERS, type Tier } from '../tiers.ts';
import { choice, defaultDuration, instant, int32, rule, section, wholeList } from './common.ts';
import type { NumberNode, ObjectNode } from './node.ts';

/** More pods than one namespace of one cluster is expected to hold for a tier. */
const MAX_REPLICAS = 5000;

const replicas = (description: string, byDefault?: number): NumberNode =>
  int32(description, [1, MAX_REPLICAS], byDefault);

/** `Intake`, at the beginning of a sentence. */
const titled = (tier: Tier): string => `${tier.slice(0, 1).toUpperCase()}${tier.slice(1)}`;

/** Ceilings of some tiers; the other tiers stay unchanged. */
export const partialCeilings = (description: string): ObjectNode => ({
  type: 'object',
  description,
  minProperties: 1,
  properties: perTier((tier) => replicas(`${titled(tier)} replicas authorised. Left out: unchanged.`)),
  typeHint: { name: 'Ceilings', description: 'Replicas authorised per tier; a tier that is left out stays unchanged.' },
});

const scalingOf = (tier: Tier): ObjectNode => {
  const { does, defaults } = entryOf(tier);
  return {
    ...section(`${titled(tier)} ${does}.`, {
      min: replicas(
        'Minimum of replicas, which always run. With 2, one can fail. Default 2; use 1 for development only.',
        2,
      ),
      max: replicas(
        `Maximum of replicas, even if more are authorised: what cluster and database can carry. Default ${defaults.max}.`,
        defaults.max,
      ),
      capacityPerReplica: int32(
        `Registrations per second that one replica handles at full load; the operator plans for 70 % of it. ` +
          `Default ${defaults.capacityPerReplica}, ${defaults.capacityOrigin}. Measure yours with \`npm run bench\`.`,
        [1, 1_000_000],
        defaults.capacityPerReplica,
      ),
    }),
    typeHint: { name: 'TierScaling', file: './scaling.ts', description: 'Bounds and capacity of one tier.' },
    'x-kubernetes-validations': [
      rule('.min', 'self.min <= self.max', 'min is above max: lower min or raise max of this tier'),
    ],
  };
};

const authorized: ObjectNode = {
  ...section(
    'Replicas that the operator may use without asking. For more it creates a ScalePlan, on which the owner decides.',
    {
      ceilings: section(
        'Ceilings in force at all times. The lower of ceiling and tiers.*.max applies.',
        perTier((tier) => {
          const { ceiling } = entryOf(tier).defaults;
          return replicas(`${titled(tier)} replicas authorised without asking. Default ${ceiling}.`, ceiling);
        }),
      ),
      windows: {
        ...wholeList(
          'Higher ceilings that the owner has authorised in advance for a period, such as opening day. Where periods overlap, ' +
            'the highest ceiling applies. Default none.',
          16,
          {
            type: 'object',
            description: 'Window is one period with its ceilings.',
            required: ['from', 'until', 'ceilings'],
            properties: {
              from: instant('Start of the window, inclusive, with offset: 2020-09-25T08:00:00+08:00.'),
              until: instant('End of the window, exclusive. From then on the ordinary ceilings apply.'),
              ceilings: partialCeilings('Ceilings within the window; name at least one tier.'),
            },
            'x-kubernetes-validations': [
              rule('.until', 'self.from < self.until', 'until is not after from: move until to a later instant'),
            ],
          },
        ),
        default: [],
      },
    },
  ),
  'x-kubernetes-validations': [
    rule(
      '.windows',
      `self.windows.all(w, ${TIERS.map((tier) => `(!has(w.ceilings.${tier}) || w.ceilings.${tier} >= self.ceilings.${tier})`).join(' && ')})`,
      'a window in windows has a ceiling below the ordinary one, so it would have no effect: raise it to at least authorized.ceilings, or remove it',
    ),
  ],
};

export const scaling: ObjectNode = {
  ...section('How replicas follow the load. Every field has a default; state at least peakArrivalsPerSecond.', {
    mode: choice(
      'What the operator does with its decisions. Auto: it scales. Shadow: it decides and publishes, but does not scale. Off: ' +
        'it does not decide. Default Auto. Write "Off" in quotes, because kubectl reads a bare Off as false.',
      ['Auto', 'Shadow', 'Off'],
      'Auto',
    ),
    drainWithin: defaultDuration(
      'scaling.drainWithin',
      'Time within which a backlog must be processed. A shorter time needs more replicas. Default 30s.',
      ['1s', '1h'],
      '30s',
    ),
    peakArrivalsPerSecond: int32(
      'Forecast: registrations per second expected at the peak. It sets how many replicas are Ready before opening. Left ' +
        'out: no pre-warming beyond min, and the condition PreWarmed has the reason NoForecast.',
      [1, 10_000_000],
    ),
    preWarm: section('Scale-up to the forecast before opening.', {
      leadTime: defaultDuration(
        'scaling.preWarm.leadTime',
        'How long before opensAt the scale-up to the forecast starts. Default 30m.',
        ['0s', '24h'],
        '30m',
      ),
    }),
    headroomReplicas: int32(
      'Headroom: room kept free on nodes for this many more intake replicas, from pre-warming until the load has gone. ' +
        'Placeholder pods keep the room, and are evicted as soon as a replica needs it. A node autoscaler adds nodes for ' +
        'unschedulable placeholders. Replicas and placeholders together never exceed the ceiling. A ResourceQuota counts ' +
        'placeholders, too. Default 0.',
      [0, 1000],
      0,
    ),
    drain: section('How replicas for a backlog are calculated.', {
      mode: choice(
        'How they are added. additive: on top of those for arrivals. economical: spare capacity of all replicas is ' +
          'used first; a sixth fewer replicas, but up to a quarter more citizens wait. Default additive.',
        ['additive', 'economical'],
        'additive',
      ),
    }),
    down: section(
      'How slowly a tier is scaled down. While a metric is missing or out of date, no tier is scaled down.',
      {
        windowSeconds: int32(
          'Seconds for which the worst rise of arrivals counts: replicas for a repeat of it are kept. Default 300.',
          [10, 3600],
          300,
        ),
        percentPerMinute: int32(
          'Share of the replicas that may be removed per minute, in percent; at least one. Default 20.',
          [1, 100],
          20,
        ),
        holdAfterOpen: defaultDuration(
          'scaling.down.holdAfterOpen',
          'How long after opensAt no replica is removed, even if few citizens arrive. Default 5m.',
          ['0s', '72h'],
          '5m',
        ),
      },
    ),
    authorized,
    podHourFen: {
      type: 'object',
      description:
        'Price of one pod for one hour, in fen; a ScalePlan then states its cost. Left out: plans state pod-hours only.',
      minProperties: 1,
      properties: perTier((tier) =>
        int32(`Price of ${/^[aeiou]/.test(tier) ? 'an' : 'a'} ${tier} pod for an hour, in fen.`, [0, 1_000_000]),
      ),
    },
    tiers: section('Bounds and capacity of every tier.', perTier(scalingOf)),
  }),
  typeHint: { name: 'ScalingSpec', file: './scaling.ts' },
  'x-kubernetes-validations': TIERS.map((tier) =>
    rule(
      `.authorized.ceilings.${tier}`,
      `self.authorized.ceilings.${tier} >= self.tiers.${tier}.min`,
      `authorized.ceilings.${tier} is below tiers.${tier}.min, so the minimum could not run: raise the ceiling or lower min`,
    ),
  ),
};
