/**
 * Returns that no page shows any more: of pods that vanished, restarted or miss the scrape. Their citizens come again all the
 * same, to any pod, and would count as first attempts. So those whom the last page showed as due back are expected within
 * the next 4.5 s; of a Ready pod, whose page alone is missing, as many again in every second. Pure: a data structure without a clock.
 */
import { RETRY_AFTER_SECONDS, returnShares } from '../../contract/crowd/returns.ts';

const STEP_MS = 100;
/** As long as its attempts' counter is known (rate-windows.ts). */
const FORGET_MS = 5 * 60_000;

/**
 * Of those due back: the share that has come after 0, 1, 2, … steps. They were shed evenly until then: in the n-th step from
 * now, those come who need n steps, n + 1, … from their own.
 */
const COME: readonly number[] = (() => {
  const shares = returnShares(STEP_MS / 1000, RETRY_AFTER_SECONDS);
  const inStep = shares.slice(1).map((_, index) => shares.slice(index + 1).reduce((sum, share) => sum + share, 0));
  const all = inStep.reduce((sum, share) => sum + share, 0);
  return [...inStep.map((_, index) => inStep.slice(0, index).reduce((sum, share) => sum + share, 0) / all), 1];
})();

/** In between, along a line: 1.25 steps → a quarter of the way from the first step's share to the second's. */
const comeAfter = (ms: number): number => {
  const steps = Math.min(Math.max(0, ms) / STEP_MS, COME.length);
  const full = Math.floor(steps);
  const [before = 1, after = 1] = COME.slice(full, full + 2);
  return before + (after - before) * (steps - full);
};

/** Of one process, when it last answered. */
interface Page {
  readonly startedAtMs: number;
  readonly dueBack: number;
  /** Reader's clock. */
  readonly atMs: number;
}

export interface DueBackSample {
  readonly pod: string;
  readonly startedAtMs: number;
  /** Absent: a pod of an older release. */
  readonly recent?: { readonly dueBack: number } | undefined;
}

interface Unseen extends Page {
  /** Ready, and only the scrape is missing: it sheds as before. Else it sheds no one any more. */
  readonly isShedding: boolean;
}

const comeBetween = ({ dueBack, atMs, isShedding }: Unseen, fromMs: number, toMs: number): number =>
  dueBack * (isShedding ? comeAfter(toMs - fromMs) : comeAfter(toMs - atMs) - comeAfter(fromMs - atMs));

/** A process without a page, and how many were counted for it since its last one. */
interface Known extends Page {
  readonly seenAtMs: number;
  readonly counted: number;
}

/** So many came within (fromMs, toMs]. */
export interface Returned {
  readonly returned: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export class AwaitedReturns {
  readonly #pods = new Map<string, Known>();
  /** Processes that a younger one replaced. */
  #ended: readonly Page[] = [];
  /** Of the tick: every process that has no page. */
  #unseen: readonly Unseen[] = [];
  #tickAtMs: number | undefined;

  /**
   * @returns how many came since the tick before, of the processes without a page in this one; and, less than none, what was
   * counted so for a process that has one again: its own counter has them, too
   */
  add(samples: readonly DueBackSample[], atMs: number, ready: ReadonlySet<string>): readonly Returned[] {
    const fromMs = this.#tickAtMs ?? atMs;
    this.#tickAtMs = atMs;
    const ended = this.#ended.filter((page) => comeAfter(fromMs - page.atMs) < 1);
    const twice: Returned[] = [];
    for (const { pod, startedAtMs, recent } of samples) {
      if (recent === undefined) continue;
      const known = this.#pods.get(pod);
      if (known !== undefined && known.startedAtMs !== startedAtMs) ended.push(known);
      else if (known !== undefined) twice.push({ returned: -known.counted, fromMs: known.seenAtMs, toMs: fromMs });
      this.#pods.set(pod, { startedAtMs, dueBack: recent.dueBack, atMs, seenAtMs: atMs, counted: 0 });
    }
    const unseen = ended.map((page): Unseen => ({ ...page, isShedding: false }));
    for (const [pod, page] of this.#pods) {
      if (page.seenAtMs === atMs) continue;
      const missing: Unseen = { ...page, isShedding: ready.has(pod) };
      unseen.push(missing);
      const counted = page.counted + comeBetween(missing, fromMs, atMs);
      this.#pods.set(pod, { ...page, counted, atMs: missing.isShedding ? atMs : page.atMs });
      if (page.seenAtMs < atMs - FORGET_MS) this.#pods.delete(pod);
    }
    [this.#ended, this.#unseen] = [ended, unseen];
    return [...twice, { returned: this.between(fromMs, atMs), fromMs, toMs: atMs }];
  }

  /** How many of them came within (fromMs, toMs]. */
  between(fromMs: number, toMs: number): number {
    return this.#unseen.reduce((sum, page) => sum + comeBetween(page, fromMs, toMs), 0);
  }

  /** How many of them come later. */
  later(atMs: number): number {
    return this.between(atMs, Number.POSITIVE_INFINITY);
  }
}
