/** Which pod may send how many requests per second to each outside system. Pure. */
import { lookTarget, type OutsideShares, type TargetShares } from '../../contract/outside/outside.ts';
import { datesIn, nextDateMs } from '../../runtime/zone-dates.ts';
import { type HaltReason, haltIn } from './halt.ts';
import { heldOf, type InForce } from './in-force.ts';
import type { OutsideReport } from './reports.ts';
import { type Counted, increaseOf, requestsOf, type Seen, seenWith } from './seen.ts';
import { split } from './split.ts';
import { halted, type StopMemory, type StopReason, stopOf } from './stops.ts';
import type { OutsideTarget } from './targets.ts';

/** While it is stopped one pod sends this many requests per second, or the rate where that is less. */
const PROBE_PER_SECOND = 1;
/**
 * The rest of the day's quota is spread over at least this time: at 100/s, requests become slower from 2,000 left on. A pod may follow
 * 7 s late (5 s that a share is valid, and the ticks that read its counters and write). With such a delay a rate that follows the rest
 * never overshoots if it spreads the rest over at least 7 s · e = 19 s.
 */
const LAST_REQUESTS_SECONDS = 20;

/** What one process remembers between two ticks. */
export interface OutsideMemory {
  readonly seen: Seen;
  /** Pods that were there when this process began to lead, and have not reported yet. */
  readonly inherited: readonly string[];
  readonly stops: Readonly<Record<string, StopMemory>>;
  readonly days: Readonly<Record<string, NonNullable<TargetShares['day']>>>;
}

/** How an outside system can be asked now, for conditions and people. */
export interface Standing extends OutsideTarget {
  /** `asked`: by all pods. Otherwise: why not, or by one probing pod only. */
  readonly state: 'asked' | 'quota' | StopReason | HaltReason;
  /** Wall clock: when it can be asked again. Absent: it can be, or that is unknown. */
  readonly resumesAtMs?: number;
  /** Requests left today. Absent: no limit. */
  readonly leftToday?: number;
  /** Pods that it refuses while it answers others. */
  readonly refusedPods: readonly string[];
  /** Whether a pod has reported on it. */
  readonly isReported: boolean;
}

export interface HandOut {
  readonly basedOn: InForce;
  readonly next: OutsideShares;
  readonly memory: OutsideMemory;
  readonly standings: readonly Standing[];
}

export interface HandOutInput {
  readonly targets: readonly OutsideTarget[];
  /** Every pod of the tier. */
  readonly pods: readonly { readonly name: string; readonly ready: boolean }[];
  readonly inForce: InForce;
  /** Undefined: the first tick of this process. */
  readonly memory: OutsideMemory | undefined;
  readonly reports: readonly OutsideReport[];
  /** No pod is to ask anything more. Absent: no. */
  readonly isOver?: boolean;
  /** Of these pods, those that only look up what was done: they ask also a system that is halted, or over. Absent: none. */
  readonly auditors?: readonly string[];
  /** Systems that no pod asks, not even to probe, by name. Absent: none. */
  readonly halts?: Readonly<Record<string, HaltReason>>;
  /** Whether one pod looks at a system that is halted, or over, because only that can end it. Absent: none does. */
  readonly isLookedAt?: boolean;
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
}

const LOOK_PER_SECOND = 1;
/** The pod that looks may be the one that is broken. */
const LOOK_TURN_MS = 120_000;

type Held = ReturnType<typeof heldOf>;
const inUse = (held: Held): number => [...held.values()].reduce((sum, share) => sum + Math.ceil(share), 0);

/** Of pods that look, under other names: what both use together never exceeds the rate. */
const withLooks = (held: Held, looks: Held): Held =>
  new Map([...held, ...[...looks].map(([pod, share]) => [lookTarget(pod), share] as const)]);

/** One pod after the other, once nothing but the rest of the rate is in use any more. */
const looking = ({ inForce, wallMs, nowMs }: HandOutInput, ready: readonly string[], name: string, rate: number) => {
  const reader = ready[Math.floor(wallMs / LOOK_TURN_MS) % Math.max(1, ready.length)];
  const isFree = inUse(heldOf(inForce, name, nowMs)) + LOOK_PER_SECOND <= Math.max(rate, LOOK_PER_SECOND);
  return split({
    rate: Math.min(rate, LOOK_PER_SECOND),
    sharers: reader === undefined ? [] : [reader],
    held: heldOf(inForce, lookTarget(name), nowMs),
    current: inForce.value.targets[lookTarget(name)]?.perSecond ?? {},
    mayRaise: nowMs >= inForce.raisesFromMs && isFree,
  });
};

const dayOf = (
  { timeZone }: OutsideTarget,
  stored: TargetShares['day'],
  own: TargetShares['day'],
  increase: number,
  wallMs: number,
): NonNullable<TargetShares['day']> => {
  const date = datesIn(timeZone)(wallMs);
  const usedOf = (day: TargetShares['day']): number => (day?.date === date ? day.used : 0);
  return { date, used: Math.max(usedOf(stored), usedOf(own)) + increase };
};

/** Whether pods say that the provider itself counts no more requests today, and none of them is answered. */
const saysQuota = ({ name }: OutsideTarget, seen: Seen, pods: readonly string[]): boolean => {
  const reported = pods.flatMap((pod) => seen[pod]?.[name] ?? []);
  return reported.length > 0 && reported.every(({ blocked }) => blocked.includes('quota'));
};

/** A halt that is over leaves no trace: all pods ask again. */
const withoutHalt = (before: TargetShares | undefined): TargetShares | undefined => {
  if (before === undefined || haltIn(before.stopped) === undefined) return before;
  const { stopped: _, ...rest } = before;
  return rest;
};

export const handOut = (input: HandOutInput): HandOut => {
  const { targets, pods, auditors = [], inForce, reports, nowMs, wallMs } = input;
  const names = pods.map(({ name }) => name);
  const ready = pods.flatMap(({ name, ready: isReady }) => (isReady ? [name] : [])).toSorted();
  const memory = input.memory ?? { seen: {}, inherited: names, stops: {}, days: {} };
  const stored = inForce.value.targets;
  const countedBefore = Object.fromEntries(targets.map(({ name }) => [name, stored[name]?.day?.counted]));
  const increase = increaseOf(memory.seen, reports, memory.inherited, countedBefore);
  const seen = seenWith(memory.seen, reports, names, nowMs);
  const inherited = memory.inherited.filter((pod) => seen[pod] === undefined);
  const countedOf = (target: string): Counted =>
    Object.fromEntries(
      names.flatMap((pod) => {
        const own = seen[pod]?.[target];
        const count = own === undefined ? undefined : requestsOf(own);
        const known = count ?? (inherited.includes(pod) ? countedBefore[target]?.[pod] : undefined);
        return known === undefined ? [] : [[pod, known] as const];
      }),
    );
  const of = targets.map((target) => {
    const { name, requestsPerSecond, requestsPerDay } = target;
    const before = stored[name];
    const halt = input.halts?.[name];
    const stop =
      halt === undefined
        ? stopOf({
            target: name,
            pods: ready,
            seen,
            before: withoutHalt(before),
            memory: memory.stops[name] ?? {},
            nowMs,
            wallMs,
          })
        : halted(halt, before, auditors, wallMs);
    const day =
      requestsPerDay === undefined
        ? undefined
        : { ...dayOf(target, before?.day, memory.days[name], increase[name] ?? 0, wallMs), counted: countedOf(name) };
    const leftToday =
      requestsPerDay === undefined || day === undefined ? undefined : Math.max(0, requestsPerDay - day.used);
    const rate = Math.min(requestsPerSecond, (leftToday ?? Number.POSITIVE_INFINITY) / LAST_REQUESTS_SECONDS);
    const isLookedAt = input.isLookedAt === true && (halt !== undefined || input.isOver === true);
    const looks = isLookedAt
      ? looking(
          input,
          ready.filter((pod) => !auditors.includes(pod)),
          name,
          rate,
        )
      : undefined;
    const shares: TargetShares = {
      perSecond: split({
        rate: isLookedAt ? Math.max(0, rate - LOOK_PER_SECOND) : rate,
        sharers: input.isOver === true ? auditors : stop.sharers,
        ...(stop.stopped === undefined || halt !== undefined ? {} : { most: PROBE_PER_SECOND }),
        held: withLooks(heldOf(inForce, name, nowMs), heldOf(inForce, lookTarget(name), nowMs)),
        current: before?.perSecond ?? {},
        mayRaise: nowMs >= inForce.raisesFromMs,
      }),
      ...(stop.stopped === undefined ? {} : { stopped: stop.stopped }),
      ...(day === undefined ? {} : { day }),
    };
    const isUsedUp = leftToday === 0 || saysQuota(target, seen, ready);
    const standing: Standing = {
      ...target,
      state: halt ?? (isUsedUp ? 'quota' : ((stop.stopped?.reason as StopReason | undefined) ?? 'asked')),
      ...(isUsedUp && halt === undefined ? { resumesAtMs: nextDateMs(datesIn(target.timeZone), wallMs) } : {}),
      ...(leftToday === undefined ? {} : { leftToday }),
      refusedPods: stop.refusedPods,
      isReported: ready.some((pod) => seen[pod]?.[name] !== undefined),
    };
    return { name, shares, looks, standing, stop: stop.memory, day };
  });
  return {
    basedOn: inForce,
    next: {
      v: 1,
      targets: Object.fromEntries(
        of.flatMap(({ name, shares, looks }) => [
          [name, shares] as const,
          ...(looks === undefined ? [] : [[lookTarget(name), { perSecond: looks }] as const]),
        ]),
      ),
    },
    memory: {
      seen,
      inherited,
      stops: Object.fromEntries(of.map(({ name, stop }) => [name, stop])),
      days: Object.fromEntries(of.flatMap(({ name, day }) => (day === undefined ? [] : [[name, day]]))),
    },
    standings: of.map(({ standing }) => standing),
  };
};
