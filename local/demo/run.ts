/** Watches a run: the opening, the flood, the drain, and the scale-down to the minimum. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { Stack, StackProcess } from '../stack.ts';
import { type Killed, type Strike, strike, strikesFor } from './chaos.ts';
import type { LoadProcess } from './load-process.ts';
import type { KilledAndBack } from './report.ts';
import { type Sample, sampleOf } from './sample.ts';
import type { View } from './view.ts';

export interface WatchPlan {
  readonly title: string;
  readonly opensAtMs: number;
  readonly trace: readonly TraceStep[];
  readonly chaos: boolean;
  /** Wait until intake has this many replicas again; undefined: don't wait. */
  readonly intakeFloor: number | undefined;
}

export interface WatchWorld {
  readonly stack: Stack;
  readonly load: LoadProcess;
  readonly view: View;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Watched {
  readonly samples: readonly Sample[];
  readonly killed: readonly KilledAndBack[];
  readonly loadEndedAtMs: number;
  /** undefined: not within the time limit. */
  readonly drainedAtMs: number | undefined;
  readonly backAtFloorAtMs: number | undefined;
}

const TICK_MS = 1000;
const DRAIN_LIMIT_MS = 90_000;
const FLOOR_LIMIT_MS = 240_000;
/** One empty sample can be chance. */
const EMPTY_SAMPLES = 2;

interface Loss extends Killed {
  readonly idsBefore: ReadonlySet<string>;
  readonly expected: number;
  backAtMs: number | undefined;
}

const ofRole = (processes: readonly StackProcess[], role: string): readonly StackProcess[] =>
  processes.filter((process) => process.role === role);

class Watch {
  readonly #plan: WatchPlan;
  readonly #world: WatchWorld;
  readonly #samples: Sample[] = [];
  readonly #losses: Loss[] = [];
  readonly #announcements: string[] = [];
  #strikes: readonly Strike[];
  #phase = 'waiting for the opening';
  #receiptSeen = false;

  constructor(plan: WatchPlan, world: WatchWorld) {
    this.#plan = plan;
    this.#world = world;
    this.#strikes = plan.chaos ? strikesFor(plan.trace, world.stack.mode) : [];
  }

  /** Samples every second until `done` or the limit. Returns the time of the last sample, or undefined at the limit. */
  async until(phase: string, done: (sample: Sample) => boolean, limitMs: number): Promise<number | undefined> {
    this.#phase = phase;
    const endAtMs = this.#world.now() + limitMs;
    while (this.#world.now() < endAtMs) {
      const sample = this.#tick();
      if (done(sample)) return sample.atMs;
      await sleep(TICK_MS, undefined, { signal: this.#world.signal });
    }
    return undefined;
  }

  result(): Pick<Watched, 'samples' | 'killed'> {
    return {
      samples: this.#samples,
      killed: this.#losses.map(({ idsBefore: _ids, expected: _expected, backAtMs, ...killed }) => ({
        ...killed,
        backAfterMs: backAtMs === undefined ? undefined : backAtMs - killed.atMs,
      })),
    };
  }

  #tick(): Sample {
    const { stack, load, view, now } = this.#world;
    const { before, now: latest } = load.latest();
    const sample = sampleOf(stack.snapshot(), this.#plan.opensAtMs, before, latest);
    this.#samples.push(sample);
    if (!this.#receiptSeen && (latest?.acknowledged ?? 0) > 0) {
      this.#receiptSeen = true;
      this.#announce('the first registrations are acknowledged');
    }
    this.#strike(sample.seconds);
    this.#noteReplacements();
    const totals = { acknowledged: latest?.acknowledged ?? 0, gaveUp: latest?.gaveUp ?? 0 };
    view.draw(
      {
        title: this.#plan.title,
        phase: this.#phase,
        samples: this.#samples,
        totals,
        events: stack.events(),
        announcements: this.#announcements,
      },
      now(),
    );
    return sample;
  }

  #announce(text: string): void {
    this.#announcements.push(text);
    this.#world.view.say(`* ${text}`);
  }

  #strike(seconds: number): void {
    const due = this.#strikes.filter(({ atSeconds }) => atSeconds <= seconds);
    this.#strikes = this.#strikes.filter(({ atSeconds }) => atSeconds > seconds);
    const { stack, now } = this.#world;
    for (const next of due) {
      const processes = stack.processes();
      const alike = ofRole(processes, next.role);
      const killed = strike(next, processes, (victim) => stack.kill(victim), now(), this.#plan.opensAtMs);
      if (killed === undefined) {
        this.#announce(`chaos: no ${next.role} process to kill`);
        continue;
      }
      const idsBefore = new Set(alike.map(({ id }) => id));
      this.#losses.push({ ...killed, idsBefore, expected: alike.length, backAtMs: undefined });
      this.#announce(`chaos: killed ${killed.role} ${killed.name} (${killed.id}) with kill -9`);
    }
  }

  #noteReplacements(): void {
    for (const loss of this.#losses) {
      if (loss.backAtMs !== undefined) continue;
      const alike = ofRole(this.#world.stack.processes(), loss.role);
      const isReplaced = alike.length >= loss.expected && alike.some(({ id }) => !loss.idsBefore.has(id));
      if (isReplaced) loss.backAtMs = this.#world.now();
    }
  }
}

/** Rejects only when the signal aborts or the load can't be run. */
export const watchRun = async (plan: WatchPlan, world: WatchWorld): Promise<Watched> => {
  const watch = new Watch(plan, world);
  let ended = false;
  const loadDone = world.load.done.finally(() => {
    ended = true;
  });
  // Awaited below; until then a rejection must not count as unhandled.
  loadDone.catch(() => {});
  await watch.until('crowd arriving', () => ended, Number.POSITIVE_INFINITY);
  await loadDone;
  const loadEndedAtMs = world.now();

  let empty = 0;
  const drainedAtMs = await watch.until(
    'draining the backlog',
    ({ backlog }) => {
      empty = backlog === 0 ? empty + 1 : 0;
      return empty >= EMPTY_SAMPLES;
    },
    DRAIN_LIMIT_MS,
  );
  const { intakeFloor } = plan;
  const backAtFloorAtMs =
    intakeFloor === undefined
      ? undefined
      : await watch.until(
          'scaling down to the minimum',
          ({ intake }) => intake?.desired === intakeFloor && intake.ready === intakeFloor,
          FLOOR_LIMIT_MS,
        );
  return { ...watch.result(), loadEndedAtMs, drainedAtMs, backAtFloorAtMs };
};

/** Exit code of a complete run. */
export const exitCodeOf = (ledgerCheck: LedgerCheckResult, problems: readonly string[]): 0 | 1 =>
  ledgerCheck.verdict === 'complete' && problems.length === 0 ? 0 : 1;
