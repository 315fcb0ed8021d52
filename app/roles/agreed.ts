/** The time that most clocks agree on, read before its first use. */
import type { Registry } from 'prom-client';
import { abortable } from '../../runtime/abortable.ts';
import { systemClock } from '../../runtime/clock.ts';
import { type AgreedClock, type AgreedClockOptions, createAgreedClock } from '../clock/agreed-clock.ts';
import { exportClocks } from '../clock/metrics.ts';

interface Agreed extends Pick<AgreedClockOptions, 'sources' | 'onError'> {
  /** Absent: the clocks are no metrics of this process. */
  readonly registry?: Registry;
}

/** Each clock is read for at most a second. @param signal until the process ends @throws the reason of `starting` */
export const agreedClock = async (
  { sources, onError, registry }: Agreed,
  starting: AbortSignal,
  signal: AbortSignal,
): Promise<AgreedClock> => {
  const monotonicMs = (): number => performance.now();
  const agreed = createAgreedClock({ own: systemClock, monotonicMs, sources, onError }, signal);
  if (registry !== undefined) exportClocks(registry, agreed);
  await abortable(agreed.first, starting);
  return agreed;
};
