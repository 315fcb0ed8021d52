/** What the demo plays and what it changes in the campaign, scaled to a machine of two cores that carries everything. */

export interface Profile {
  readonly name: 'fast' | 'full';
  /** Below examples/traces. */
  readonly trace: string;
  /** Also shows the way back to the floor. */
  readonly waitsForFloor: boolean;
  /** Field below `spec` → value; undefined removes the field. Every one is printed with its reason. */
  readonly overrides: readonly Override[];
}

export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly reason: string;
}

/**
 * 150/s at the peak. An intake pod is counted with 36/s, of which 70 % are planned: 150 / 25.2 = 6 pods. The forecast
 * says 90/s on purpose, 4 pods: the crowd is larger than anyone expected, and the rest must grow under load.
 */
const SCALED: readonly Override[] = [
  { path: ['traffic', 'admissionPerSecond'], value: undefined, reason: 'admission follows the ready pods' },
  { path: ['scaling', 'peakArrivalsPerSecond'], value: 90, reason: 'a forecast that the crowd of 150/s exceeds' },
  { path: ['scaling', 'preWarm', 'leadTime'], value: '10s', reason: 'pre-warming within the demo’s minute' },
  {
    path: ['scaling', 'authorized'],
    value: { ceilings: { intake: 6, records: 2 } },
    reason: 'as many processes as two cores bear; the example’s windows lie in the past',
  },
  {
    path: ['scaling', 'tiers', 'intake'],
    value: { min: 2, max: 6, capacityPerReplica: 36 },
    reason: 'a process that shares two cores with everything else',
  },
  {
    path: ['scaling', 'tiers', 'records'],
    value: { min: 1, max: 2, capacityPerReplica: 150 },
    reason: 'as above; one suffices while it is quiet',
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
      reason: 'the way back to the floor within the demo; the defaults take hours',
    },
  ],
};

export const PROFILES = { fast: FAST, full: FULL } as const;
