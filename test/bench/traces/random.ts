/** Random draws for traces, repeated by a seed and a name. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type RandomSource, seededRandom } from '../../../local/load/random.ts';

/** The commit that last changed the law: its parameters are frozen before the seed is known. */
export const frozenSeed = (): string =>
  execFileSync('git', ['log', '-1', '--format=%H', '--', ':/operator/scaling'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  }).trim();

/** One trace's own source: adding a trace to the list changes no other. */
export const randomFor = (seed: string, name: string): RandomSource =>
  seededRandom(createHash('sha256').update(`${seed}/${name}`).digest().readUInt32BE());

export const between = (random: RandomSource, low: number, high: number): number => low + (high - low) * random.next();

/** As likely between 1 and 10 as between 10 and 100. */
export const logBetween = (random: RandomSource, low: number, high: number): number =>
  low * (high / low) ** random.next();

export const pick = <T>(random: RandomSource, [first, ...rest]: readonly [T, ...T[]]): T =>
  [first, ...rest][Math.floor(random.next() * (rest.length + 1))] ?? first;

/** Above this mean a rounded normal variate has the same variance, and its skew does not matter. */
const NORMAL_FROM = 50;

/** Events of one second at a mean rate. */
export const poisson = (random: RandomSource, mean: number): number => {
  if (mean <= 0) return 0;
  if (mean >= NORMAL_FROM) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const stop = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > stop; product *= random.next()) count += 1;
  return count;
};
