/** A sound record of a run; a test states only what differs. */
import type { RunRecord } from '../../bench/autoscaler/results.ts';

const figures: RunRecord['figures'] = {
  seenMs: 300,
  decidedMs: 1_000,
  writtenMs: 1_400,
  readyMs: 6_000,
  late: 0,
  waitP99Seconds: 4,
  peakBacklog: 2_000,
  arrived: 33_000,
  podSeconds: 2_500,
  overshoot: 1.1,
  directionChanges: 0,
};

type Changes = Partial<Omit<RunRecord, 'figures'>> & {
  readonly id: string;
  readonly figures?: Partial<RunRecord['figures']>;
};

export const aRun = (changes: Changes): RunRecord => ({
  v: 1,
  crowd: 'step-2-40',
  contestant: 'ours',
  managerQps: 20,
  phaseMs: 4_000,
  startedAt: '2027-03-01T12:00:00.000Z',
  commit: 'abc1234',
  loadAverage: 0.5,
  template: 'same',
  series: {
    replicas: [
      [0, 2],
      [1_400, 44],
    ],
    ready: [
      [0, 2],
      [6_000, 44],
    ],
    pods: [
      [0, 2],
      [1_500, 44],
    ],
    load: [
      [0, 0, 0],
      [1, 553, 40],
      [2, 1_106, 80],
    ],
  },
  ...changes,
  figures: { ...figures, ...changes.figures },
});
