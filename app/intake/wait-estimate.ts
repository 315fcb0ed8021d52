/**
 * Expected wait of a citizen who was shed and comes again as asked. There is no queue: each attempt is admitted with the probability
 * admitted / attempted per second. So the expected wait is the time between two attempts × attempted / admitted.
 *
 * Worked example: 800/s arrive at a pod that admits 100/s, and are asked to come again after 2 s: 8 attempts, 16 s, shown as 20 s. It
 * is a mean, of this process and the last seconds, so the text says "about".
 */
import type { LocalizedText } from '../../contract/app-contract.ts';

/** Values that people see; the last one also for longer waits. */
const STEPS_SECONDS = [5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600] as const;
const LONGEST_SECONDS = 3_600;
const SLOTS = 10;

export class WaitEstimate {
  readonly #counts: number[] = Array(SLOTS).fill(0);
  #firstMs: number | undefined;
  #second = 0;

  /** One attempt, admitted or not. @param nowMs monotonic */
  attempted(nowMs: number): void {
    this.#advance(nowMs);
    this.#firstMs ??= nowMs;
    const slot = this.#second % SLOTS;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** Rounded up to a value of STEPS_SECONDS. */
  seconds(nowMs: number, admittedPerSecond: number, comeAgainSeconds: number): number {
    this.#advance(nowMs);
    const watched = Math.min(SLOTS - 1 + (nowMs / 1000 - this.#second), (nowMs - (this.#firstMs ?? nowMs)) / 1000);
    const attemptedPerSecond = this.#counts.reduce((sum, count) => sum + count, 0) / Math.max(1, watched);
    const attempts = Math.max(1, attemptedPerSecond / admittedPerSecond);
    return STEPS_SECONDS.find((step) => attempts * comeAgainSeconds <= step) ?? LONGEST_SECONDS;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    for (let next = Math.max(this.#second + 1, second - SLOTS + 1); next <= second; next += 1) {
      this.#counts[next % SLOTS] = 0;
    }
    this.#second = Math.max(this.#second, second);
  }
}

const span = (seconds: number): LocalizedText => {
  if (seconds < 60) return { 'zh-CN': `${seconds} 秒`, en: `${seconds} seconds` };
  const minutes = seconds / 60;
  return { 'zh-CN': `${minutes} 分钟`, en: minutes === 1 ? 'a minute' : `${minutes} minutes` };
};

export const waitText = (seconds: number): LocalizedText => {
  if (seconds >= LONGEST_SECONDS) {
    return { 'zh-CN': '按提示重试，预计需要一小时或更久', en: 'If you try again when asked: an hour or more' };
  }
  const { 'zh-CN': zh, en } = span(seconds);
  return { 'zh-CN': `按提示重试，预计约 ${zh}`, en: `If you try again when asked: about ${en}` };
};
