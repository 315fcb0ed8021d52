/** What is contested: one tier of pods, the crowds that come to it, and who scales it. Pure; read by everybody here. */

export const CONTEST = {
  /** Registrations per second that one ready pod works off. */
  capacityPerReplica: 20,
  /** Share of it that is planned for. */
  targetUtilisation: 0.7,
  /** Time in which a backlog shall be gone. */
  drainWithinSeconds: 30,
  /** A registration that waits longer is late. */
  lateAfterSeconds: 5,
} as const;

/** 20/s at 70 % → 14/s. */
export const PLANNED_PER_REPLICA = CONTEST.capacityPerReplica * CONTEST.targetUtilisation;
/** 20/s for 30 s → 600 waiting ones keep one pod busy. */
export const DRAINED_PER_REPLICA = CONTEST.capacityPerReplica * CONTEST.drainWithinSeconds;

/** Half a replica below the edge, so that no rounding decides: 40 → 553/s, which asks for ⌈39.5⌉ = 40. */
export const arrivalsFor = (replicas: number): number => PLANNED_PER_REPLICA * (replicas - 0.5);

export const CONTESTANTS = ['keda-documented', 'keda-expert', 'keda-expert-1s', 'ours', 'oracle', 'nobody'] as const;
/**
 * `keda-expert-1s` is the expert's with HPA looking each second, which takes a flag of the whole cluster's controller
 * manager. `oracle` writes the peak's replicas in the moment in which the crowd comes: what is left is what the cluster
 * itself takes. `nobody` is the sabotage twin of every zero: a contestant that never scales.
 */
export type Contestant = (typeof CONTESTANTS)[number];

export const usesHpa = (contestant: Contestant): boolean => contestant.startsWith('keda');

/** Of HorizontalPodAutoscalers; undefined is upstream's 15 s. */
export const horizontalSyncSeconds = (contestant: Contestant): number | undefined =>
  contestant === 'keda-expert-1s' ? 1 : undefined;

export interface Crowd {
  /** Replicas before; also the least that every contestant may have. */
  readonly from: number;
  /** Replicas that the crowd's peak asks for. */
  readonly to: number;
  /** The most that every contestant may have: room above `to`, so that who overshoots shows it. */
  readonly most: number;
  /** Arrivals per second, seconds after the crowd came. */
  readonly arrivalsAt: (seconds: number) => number;
  /** What is counted (late ones, pod-seconds) is counted over this long. */
  readonly windowSeconds: number;
  /** Waited this long for those who take longer than the window. */
  readonly patienceSeconds: number;
}

const step = (from: number, to: number) => ({
  from,
  to,
  arrivalsAt: (): number => arrivalsFor(to),
});

/** An opening that decays within minutes, and a second wave. */
const OPENING = {
  toReplicas: 40,
  plateauSeconds: 30,
  decaySeconds: 240,
  waveAtSeconds: 720,
  waveReplicas: 30,
  baseReplicas: 4,
} as const;
const openingAt = (seconds: number): number => {
  const { toReplicas, plateauSeconds, decaySeconds, waveAtSeconds, waveReplicas, baseReplicas } = OPENING;
  const wave = (height: number, age: number): number =>
    age < 0 ? 0 : height * Math.exp(-Math.max(0, age - plateauSeconds) / decaySeconds);
  return arrivalsFor(
    baseReplicas + wave(toReplicas - baseReplicas, seconds) + wave(waveReplicas, seconds - waveAtSeconds),
  );
};

const RAMP_SECONDS = 60;
const SPIKE = { everySeconds: 40, lastsSeconds: 20, count: 3 } as const;

export const CROWDS = {
  'step-2-40': { ...step(2, 40), most: 60, windowSeconds: 60, patienceSeconds: 110 },
  'step-plus-half': { ...step(20, 30), most: 60, windowSeconds: 40, patienceSeconds: 40 },
  'ramp-60s': {
    from: 2,
    to: 40,
    most: 60,
    arrivalsAt: (seconds) => {
      const [low, high] = [arrivalsFor(2), arrivalsFor(40)];
      return low + (high - low) * Math.min(1, seconds / RAMP_SECONDS);
    },
    windowSeconds: 90,
    patienceSeconds: 90,
  },
  spikes: {
    from: 2,
    to: 20,
    most: 60,
    arrivalsAt: (seconds) => {
      const isSpike = seconds < SPIKE.count * SPIKE.everySeconds && seconds % SPIKE.everySeconds < SPIKE.lastsSeconds;
      return arrivalsFor(isSpike ? 20 : 2);
    },
    windowSeconds: 120,
    patienceSeconds: 120,
  },
  'opening-20-min': {
    from: 2,
    to: 40,
    most: 60,
    arrivalsAt: openingAt,
    windowSeconds: 1_200,
    patienceSeconds: 1_200,
  },
  'scale-10-572': { ...step(10, 572), most: 1_000, windowSeconds: 60, patienceSeconds: 130 },
} as const satisfies Readonly<Record<string, Crowd>>;

export type CrowdName = keyof typeof CROWDS;
export const CROWD_NAMES = Object.keys(CROWDS) as readonly CrowdName[];

/** What KEDA's formula asks for; the contestant's law in its simplest words: 553/s and 3,600 waiting → 39.5 + 6 = 45.5. */
export const kedaFormula = (): string => `rps / ${PLANNED_PER_REPLICA} + lag / ${DRAINED_PER_REPLICA}`;
export const replicasByFormula = (rps: number, lag: number): number =>
  Math.ceil(rps / PLANNED_PER_REPLICA + lag / DRAINED_PER_REPLICA);
