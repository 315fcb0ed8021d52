/** Whether the rate really rises: neither a step nor chance is a rise. Pure. */
import { NOISE_DEVIATIONS } from '../scaling/demand.ts';

/** Seconds of a block; five of them are looked at. */
export const RISE_BLOCK_SECONDS = 2;
export const RISE_BLOCKS = 5;

/**
 * The smallest growth between neighbours among the rates of the last five blocks of 2 s, oldest first, per second: a
 * step touches two differences at most, so another one is 0 and nothing is extrapolated; a ramp grows in all four. All of
 * it must be more than chance. 1,000, 1,080, 1,160, 1,240, 1,320: 40/s a second. 100, 100, 4,000, 8,000, 8,000: 0.
 * Without this, a step of 80× asked for 50 % too many replicas for five minutes.
 *
 * @param returned of first attempts: the most per second who came again beside them and were taken off, whose chance stays
 */
export const sustainedRise = (blocks: readonly number[], returned = 0): number => {
  const [first = 0, last = 0] = [blocks[0], blocks.at(-1)];
  if (last - first <= NOISE_DEVIATIONS * Math.sqrt(Math.max(first + returned, 1))) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 1; index < blocks.length; index += 1) {
    least = Math.min(least, (blocks[index] ?? 0) - (blocks[index - 1] ?? 0));
  }
  return Math.max(0, least) / RISE_BLOCK_SECONDS;
};
