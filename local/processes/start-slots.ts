/** Limits how many processes start at the same time: on two cores, ten starts at once take longer than ten in turn. */

/** A process that does not get Ready, for example because a server is down, must not block the others. */
const LONGEST_HOLD_MS = 10_000;

export class StartSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Resolves with a function that returns the slot; a second call has no effect. Undefined after abort. */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#turn(signal))) return undefined;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      clearTimeout(overdue);
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
    const overdue = setTimeout(release, LONGEST_HOLD_MS);
    return release;
  }

  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const mine = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(mine), 1);
        resolve(false);
      };
      this.#waiting.push(mine);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
