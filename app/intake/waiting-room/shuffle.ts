/**
 * The order of those who had a ticket before opening: a permutation of 1…count that everyone can compute from the published seed
 * (docs/waiting-room.md). Pure.
 *
 * Feistel rounds on pairs (left, right) with 0 ≤ left, right < side, where side² ≥ count; x = left · side + right:
 *
 *   even round r: left  = (left  + F(r, right)) mod side
 *   odd round r:  right = (right + F(r, left))  mod side
 *   F(r, v) = the first 6 bytes of HMAC-SHA256(seed, "r:v") as a number, most significant byte first
 *
 * Each round can be undone, so the rounds permute 0…side² − 1. A result of `count` or more goes through the rounds again until it is
 * less; that happens to one of √count numbers.
 *
 * Worked example: a seed of 64 zeros, and count 10, which has side 4. Number 1 is x = 0, the pair (0, 0). The eight rounds make (2, 2)
 * of it: 10, which is not less than 10. The rounds make (1, 0) of that: 4, so number 1 has place 5.
 */
import { createHmac } from 'node:crypto';
import type { QueueShuffle } from '../../../contract/crowd/queue.ts';
import { type SecretKey, secretKey } from '../../core/secret-key.ts';

const ROUNDS = 8;

const roundOf = (seed: SecretKey, round: number, value: number): number =>
  createHmac('sha256', seed).update(`${round}:${value}`).digest().readUIntBE(0, 6);

const permute = (seed: SecretKey, side: number, x: number): number => {
  let left = Math.floor(x / side);
  let right = x % side;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 2 === 0) left = (left + roundOf(seed, round, right)) % side;
    else right = (right + roundOf(seed, round, left)) % side;
  }
  return left * side + right;
};

/** The place of a number; of one above `count` it is the number itself. */
export type PlaceOf = (number: number) => number;

export const createPlaceOf = ({ seed, count }: QueueShuffle): PlaceOf => {
  const key = secretKey(Buffer.from(seed, 'hex'));
  const side = Math.ceil(Math.sqrt(count));
  return (number) => {
    if (number < 1 || number > count) return number;
    let x = number - 1;
    do x = permute(key, side, x);
    while (x >= count);
    return x + 1;
  };
};
