/**
 * The control law of one tier at one tick. Level-based: the number comes from the demand, never from the present number,
 * so nothing winds up while pods start and an unready pod freezes nothing.
 *
 * How many are wanted: wanted.ts. What keeps them: holds.ts, way-down.ts. Growth without effect: downstream.ts.
 *
 * Worked example: 100/s, then 8,000/s at µ = 20, ρ = 0.7 on 8 pods: 572 in the long run, 826 in the tick that sees the step,
 * because so many can be Ready while citizens still wait; written at once up to the ceiling ("a step of 80×" in
 * decide.test.ts plays it).
 *
 * | replicas now                       | metrics         | written |
 * |------------------------------------|-----------------|---------|
 * | above max or ceiling               | stale, absent, first ticks, rollout | as is |
 * | above max or ceiling               | fresh           | at most percentPerMinute down, whatever is wanted |
 * | below a floor or min               | any             | floor or min |
 * | below wanted, saturated behind     | any             | as is |
 * | below wanted, by more than 3 %     | any             | wanted |
 * | below wanted, within 3 %           | any             | as is: noise is no demand; wanted while a step has just begun |
 * | above wanted                       | any hold        | as is |
 * | above wanted                       | fresh           | what demand keeps and what insures against a rise, at most percentPerMinute down |
 *
 * Nothing is ever raised above max or ceiling.
 */

import { capacityOf, learnedCapacity, sampled } from './capacity.ts';
import { downstream } from './downstream.ts';
import { explain } from './explain.ts';
import { blindSince, FRESH_TICKS_BEFORE_DOWN, hardHold, isFresh, panicUntil, softHold } from './holds.ts';
import { paceOf } from './pre-warm.ts';
import type { Decision, LimitedBy, TierInput, TierLimits, TierMemory } from './types.ts';
import { type Demand, demandOf, pressed } from './wanted.ts';
import {
  highestWanted,
  insured,
  recentMistakes,
  remember,
  rememberRate,
  riseOf,
  stepDown,
  turned,
  wantedWithRoom,
  windowsOf,
} from './way-down.ts';

const UP_DEAD_BAND = 1.03;

/** What the ticks before have taught, once for every new tick; so that a tick decided twice is one. */
const learned = (limits: TierLimits, memory: TierMemory): TierMemory => {
  // A tier with a bottleneck downstream would teach that its replicas are slow, as would what is left of it in the samples.
  const isDoubted = memory.saturation !== undefined || (memory.trial?.useless ?? 0) > 0;
  const doubtedMs = isDoubted ? memory.lastTickMs : memory.doubtedMs;
  const isTrusted = doubtedMs === undefined || (memory.samples?.[0]?.atMs ?? 0) > doubtedMs;
  const { trial: _trial, saturation: _saturation, capacityPerReplica: _before, doubtedMs: _doubted, ...rest } = memory;
  const capacityPerReplica = isTrusted ? learnedCapacity(limits, memory) : memory.capacityPerReplica;
  return {
    ...rest,
    ...downstream(memory, capacityOf(limits, memory)),
    ...(capacityPerReplica === undefined ? {} : { capacityPerReplica }),
    ...(doubtedMs === undefined ? {} : { doubtedMs }),
  };
};

const remembered = (input: TierInput, limits: TierLimits, demand: Demand, memory: TierMemory): TierMemory => {
  const { nowMs } = input;
  const isNewTick = memory.lastTickMs === undefined || nowMs !== memory.lastTickMs;
  const { excess, capacityPerReplica } = demand.evidence;
  const panicUntilMs = panicUntil({ wanted: demand.wanted, excess, capacityPerReplica }, input, memory.panicUntilMs);
  const samples = sampled(memory.samples ?? [], input);
  const mistakesMs = recentMistakes(memory, nowMs);
  const rates = input.arrivals.kind === 'fresh' ? input.arrivals.value : undefined;
  const recentRates = rememberRate(memory.recentRates, rates, demand.evidence.startSeconds, nowMs);
  const {
    samples: _samples,
    panicUntilMs: _panic,
    blindSinceMs: _blind,
    mistakesMs: _mistakes,
    pressing,
    ...kept
  } = memory;
  const blindSinceMs = blindSince(input, memory.blindSinceMs);
  const { startSeconds, createdPerSecond } = input;
  const isPanic = panicUntilMs !== undefined && (nowMs < panicUntilMs || excess > 0);
  return {
    ...kept,
    recentWanted: remember(
      memory.recentWanted,
      {
        wanted: wantedWithRoom(demand.load, limits),
        rise: riseOf(recentRates),
        rate: Math.round(recentRates.at(-1)?.perSecond ?? 0),
      },
      windowsOf(limits.down.windowSeconds, mistakesMs.length),
      nowMs,
    ),
    recentRates,
    ...(mistakesMs.length === 0 ? {} : { mistakesMs }),
    freshTicks: isFresh(input) ? Math.min(FRESH_TICKS_BEFORE_DOWN, memory.freshTicks + (isNewTick ? 1 : 0)) : 0,
    lastTickMs: nowMs,
    ...(samples.length === 0 ? {} : { samples }),
    ...(startSeconds === undefined ? {} : { startSeconds }),
    ...(createdPerSecond === undefined ? {} : { createdPerSecond }),
    ...(isPanic ? { panicUntilMs } : {}),
    ...(excess > 0 ? { pressing: pressed(pressing, demand.crowd, nowMs) } : {}),
    ...(blindSinceMs === undefined ? {} : { blindSinceMs }),
  };
};

/** The term that makes `wanted`. */
const termOf = ({ load, terms, base, wanted, blindFloor }: Demand, { min, scheduleFloor }: TierLimits): LimitedBy => {
  if (wanted > base) return 'Lateness';
  if (wanted === Math.ceil(load) && load > min) return terms.drain > terms.feedForward ? 'Backlog' : 'Load';
  if (blindFloor > Math.max(scheduleFloor, min)) return 'Blind';
  return scheduleFloor > min ? 'Schedule' : 'Min';
};

interface Outcome {
  readonly replicas: number;
  readonly by: LimitedBy;
  readonly lastDown?: Pick<TierMemory, 'lastDownMs' | 'lastDownFrom'>;
}

/** What stays on the way down: the demand of the last minute, and what insures against a rise like the worst of the window. */
const keptOf = ({ input: { nowMs }, limits, demand, memory }: Step): number => {
  const windows = windowsOf(limits.down.windowSeconds, memory.mistakesMs?.length ?? 0);
  const { arrivalsPerSecond = 0, capacityPerReplica } = demand.evidence;
  const pace = paceOf(memory);
  return Math.max(
    demand.wanted,
    highestWanted(memory.recentWanted, windows, nowMs),
    insured(memory.recentWanted, arrivalsPerSecond, { ...limits, capacityPerReplica }, pace),
  );
};

interface Step {
  readonly input: TierInput;
  readonly limits: TierLimits;
  readonly demand: Demand;
  /** Holds this tick already. */
  readonly memory: TierMemory;
}

const down = ({ input, limits, memory }: Step, target: number, by: LimitedBy): Outcome => {
  const { replicas: next, ...lastDown } = stepDown(input.replicas, target, limits.down, memory, input.nowMs);
  return { replicas: next, by, lastDown };
};

const mostOf = ({ max, ceiling }: TierLimits): number => Math.min(max, ceiling);
const boundOf = ({ max, ceiling, statedMax }: TierLimits): LimitedBy => {
  if (ceiling < max) return 'Ceiling';
  return statedMax === undefined ? 'Max' : 'Provider';
};

/** A grant has ended, or a maximum was lowered. What is wanted keeps nothing that isn't authorised. */
const aboveBound = (step: Step): Outcome => {
  const { input, limits, demand, memory } = step;
  const hold = hardHold(input, memory);
  if (hold !== undefined) return { replicas: input.replicas, by: hold === 'FewFreshTicks' ? boundOf(limits) : hold };
  const most = mostOf(limits);
  const isHeld = softHold(input, limits, memory, demand.evidence.excess) !== undefined;
  const target = isHeld ? most : Math.min(most, keptOf(step));
  return down(step, target, boundOf(limits));
};

const raise = ({ input: { replicas }, limits, demand, memory }: Step): Outcome => {
  const most = mostOf(limits);
  const { wanted, floor } = demand;
  const isLoadUp = wanted > floor && wanted > replicas * (demand.isBeginning ? 1 : UP_DEAD_BAND);
  const isFull = memory.saturation !== undefined && isLoadUp;
  const raised = Math.max(replicas, floor, isLoadUp && !isFull ? wanted : 0);
  const term = isFull ? 'Downstream' : termOf(demand, limits);
  const isBound = raised > most || (wanted > most && !isFull);
  return { replicas: Math.min(raised, most), by: isBound ? boundOf(limits) : term };
};

const lower = (step: Step): Outcome => {
  const { input, limits, demand, memory } = step;
  const { replicas } = input;
  const hold = hardHold(input, memory) ?? softHold(input, limits, memory, demand.evidence.excess);
  if (hold !== undefined) return { replicas, by: hold };
  const target = keptOf(step);
  if (target >= replicas) return { replicas, by: 'DownWindow' };
  return down(step, target, 'WayDown');
};

const outcomeOf = (step: Step): Outcome => {
  const { input, limits, demand } = step;
  if (input.replicas > mostOf(limits)) return aboveBound(step);
  return demand.wanted >= input.replicas ? raise(step) : lower(step);
};

/** Only what the crowd does counts as a turn, not a floor, a grant or a maximum that changes. */
const RAISED_BY_THE_CROWD: readonly LimitedBy[] = ['Load', 'Backlog', 'Lateness', 'Ceiling', 'Max', 'Provider'];
const turnOf = (change: number, by: LimitedBy) => ({
  change,
  isCrowds: change < 0 ? by === 'WayDown' : RAISED_BY_THE_CROWD.includes(by),
});

/**
 * Replicas of a tier for this tick, and why. The caller keeps `memory` for the next tick; with EMPTY_MEMORY nothing goes
 * down before the third fresh tick.
 */
export const decide = (input: TierInput, limits: TierLimits, memory: TierMemory): Decision => {
  const before = input.nowMs === memory.lastTickMs ? memory : learned(limits, memory);
  const demand = demandOf(input, limits, before);
  const now = remembered(input, limits, demand, before);
  const { replicas, by, lastDown } = outcomeOf({ input, limits, demand, memory: now });
  const { fellMs, mistakesMs, ...kept } = now;
  const falls = { ...(fellMs === undefined ? {} : { fellMs }), ...(mistakesMs === undefined ? {} : { mistakesMs }) };
  const { wanted, terms, evidence } = demand;
  return {
    replicas,
    wanted,
    limitedBy: by,
    terms,
    evidence,
    ...(now.saturation === undefined ? {} : { admissionPerSecond: now.saturation.admissionPerSecond }),
    /** Made on demand: a simulation takes a million decisions and reads none. */
    get explanation() {
      return explain(limits, { replicas, wanted, by, most: mostOf(limits), terms, evidence });
    },
    memory: {
      ...kept,
      ...lastDown,
      ...turned(falls, turnOf(replicas - input.replicas, by), limits.down.windowSeconds, input.nowMs),
    },
  };
};
