/** Who dies when: kill -9 in the flood, of one process of each kind that a campaign must survive to lose. */
import type { TraceStep } from '../../simulation/trace.ts';
import { peakArrivalsPerSecond, rateAt } from '../load/arrivals.ts';
import type { Stack, StackProcess } from '../stack.ts';

export type Victim = 'intake' | 'records' | 'nats' | 'operator';

/** In the order in which they die. */
export const VICTIMS: Readonly<Record<Stack['mode'], readonly Victim[]>> = {
  embedded: ['intake', 'nats', 'records'],
  cluster: ['intake', 'nats', 'operator', 'records'],
};

export interface Strike {
  /** Seconds after opening. */
  readonly atSeconds: number;
  readonly role: Victim;
}

/** One every few seconds from when the crowd is largest: the pods that replace one victim meet the next blow. */
const FIRST_AFTER_SECONDS = 6;
const APART_SECONDS = 8;

export const strikesFor = (trace: readonly TraceStep[], mode: Stack['mode']): readonly Strike[] => {
  const peak = peakArrivalsPerSecond(trace);
  const flood = trace.find(({ atSeconds }) => rateAt(trace, atSeconds) === peak)?.atSeconds ?? 0;
  return VICTIMS[mode].map((role, i) => ({ role, atSeconds: flood + FIRST_AFTER_SECONDS + i * APART_SECONDS }));
};

/** The first of its role by name; undefined when none runs. */
const victimOf = (role: Victim, processes: readonly StackProcess[]): StackProcess | undefined =>
  processes.filter((process) => process.role === role).sort((a, b) => (a.name < b.name ? -1 : 1))[0];

export interface Killed {
  readonly role: Victim;
  readonly name: string;
  readonly id: string;
  readonly atMs: number;
  readonly secondsAfterOpening: number;
}

/** Kills and says whom; undefined when there is no victim. */
export const strike = (
  { role }: Strike,
  processes: readonly StackProcess[],
  kill: (process: StackProcess) => void,
  nowMs: number,
  opensAtMs: number,
): Killed | undefined => {
  const victim = victimOf(role, processes);
  if (victim === undefined) return undefined;
  kill(victim);
  const { name, id } = victim;
  return { role, name, id, atMs: nowMs, secondsAfterOpening: Math.round((nowMs - opensAtMs) / 1000) };
};
