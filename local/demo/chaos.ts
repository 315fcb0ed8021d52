/** Which processes the demo kills with kill -9 during the flood, and when: one of each kind. */
import type { TraceStep } from '../../simulation/trace.ts';
import { peakArrivalsPerSecond, rateAt } from '../load/arrivals.ts';
import type { Stack, StackProcess } from '../stack.ts';

export type Victim = 'intake' | 'records' | 'nats' | 'operator' | 'issuance';

/** In the order in which they are killed. */
export const VICTIMS: Readonly<Record<Stack['mode'], readonly Victim[]>> = {
  embedded: ['intake', 'nats', 'records'],
  cluster: ['intake', 'nats', 'operator', 'records'],
};

export interface Strike {
  readonly atSeconds: number;
  readonly role: Victim;
}

/** One every few seconds from the peak on: the replacement of one process meets the loss of the next. */
const FIRST_AFTER_SECONDS = 6;
const APART_SECONDS = 8;

export const strikesFor = (trace: readonly TraceStep[], mode: Stack['mode']): readonly Strike[] => {
  const peak = peakArrivalsPerSecond(trace);
  const flood = trace.find(({ atSeconds }) => rateAt(trace, atSeconds) === peak)?.atSeconds ?? 0;
  return VICTIMS[mode].map((role, i) => ({ role, atSeconds: flood + FIRST_AFTER_SECONDS + i * APART_SECONDS }));
};

export interface Killed {
  readonly role: Victim;
  readonly name: string;
  readonly id: string;
  readonly atMs: number;
  readonly secondsAfterOpening: number;
}

/** Kills the first process of the role by name; undefined when none runs. */
export const strike = (
  { role }: Strike,
  processes: readonly StackProcess[],
  kill: (process: StackProcess) => void,
  nowMs: number,
  opensAtMs: number,
): Killed | undefined => {
  const [victim] = processes.filter((process) => process.role === role).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (victim === undefined) return undefined;
  kill(victim);
  const { name, id } = victim;
  return { role, name, id, atMs: nowMs, secondsAfterOpening: Math.round((nowMs - opensAtMs) / 1000) };
};
