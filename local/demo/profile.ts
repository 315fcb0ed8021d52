/** What the demo plays and changes in the campaign, scaled to one machine of two cores. */

export interface Profile {
  readonly name: 'fast' | 'full';
  /** File in examples/traces. */
  readonly trace: string;
  /** Also waits until intake is scaled down to its minimum. */
  readonly waitsForFloor: boolean;
  /** Fields of `spec` and their values; undefined removes the field. Each is printed with its reason. */
  readonly overrides: readonly Override[];
}

export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly reason: string;
}

/**
 * 150/s at the peak. An intake replica has a capacity of 36/s and a target load of 70 %: 150 / 25.2 = 6 replicas. The
 * forecast is only 90/s, 4 replicas, on purpose: the crowd is larger than expected and the tier must scale up under load.
 */
const SCALED: readonly Override[] = [
  {
    path: ['traffic', 'admissionPerSecond'],
    value: undefined,
    reason: 'the admission rate follows the Ready replicas',
  },
  {
    path: ['scaling', 'peakArrivalsPerSecond'],
    value: 90,
    reason: 'the crowd of 150/s exceeds this forecast on purpose',
  },
  { path: ['scaling', 'preWarm', 'leadTime'], value: '10s', reason: 'pre-warming must fit into the countdown' },
  {
    path: ['scaling', 'authorized'],
    value: { ceilings: { intake: 6, records: 2 } },
    reason: 'two cores can run this many processes; the authorisation windows of the example are in the past',
  },
  {
    path: ['scaling', 'tiers', 'intake'],
    value: { min: 2, max: 6, capacityPerReplica: 36 },
    reason: 'each replica is a process that shares two cores',
  },
  {
    path: ['scaling', 'tiers', 'records'],
    value: { min: 1, max: 2, capacityPerReplica: 150 },
    reason: 'each replica is a process that shares two cores',
  },
];

/** Identities are checked by a provider on this machine. */
export const verifiedBy = (provider: {
  readonly name: string;
  readonly url: string;
  readonly requestsPerSecond: number;
}): readonly Override[] => [
  {
    path: ['verification'],
    value: { providers: [{ ...provider, type: 'TencentIdCard' }] },
    reason: 'the demo starts a provider of its own, with the protocol of Tencent Cloud',
  },
  {
    path: ['scaling', 'authorized', 'ceilings', 'verification'],
    value: 1,
    reason: 'one replica can ask more than the provider permits',
  },
  {
    path: ['scaling', 'tiers', 'verification'],
    value: { min: 1, max: 1, capacityPerReplica: provider.requestsPerSecond },
    reason: 'each replica is a process that shares two cores',
  },
];

const FAST: Profile = { name: 'fast', trace: 'demo-fast.csv', waitsForFloor: false, overrides: SCALED };

const FULL: Profile = {
  name: 'full',
  trace: 'demo-full.csv',
  waitsForFloor: true,
  overrides: [
    ...SCALED,
    {
      path: ['scaling', 'down'],
      value: { windowSeconds: 20, percentPerMinute: 100, holdAfterOpen: '30s' },
      reason: 'scaling down must fit into the demo; the defaults take hours',
    },
  ],
};

export const PROFILES = { fast: FAST, full: FULL } as const;
