/**
 * Whose coupon a callback names: an entry `coupon.<channel>-<coupon>` in the bucket of claims, with receipt and citizen. It is written
 * before `issued` is published, so each coupon of an `issued` fact has one, unless the bucket was full or lost.
 *
 * It is one write more for each voucher, of 5,000 a second that three servers on two cores take.
 *
 * It only says where to look. What counts is the `issued` fact of that receipt, which names the coupon, too.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '../contract/envelope.ts';
import { type ClaimsOptions, createHolder } from './claims.ts';

export interface CouponOwner {
  readonly receipt: string;
  readonly citizenHash: string;
}

/**
 * - `noted`: the entry is stored, by this or an earlier try
 * - `taken`: the channel gave another receipt the same coupon; that entry is kept, and the books find the rest
 * - `full`: the bucket has no room; the voucher counts as issued all the same, and its use is not recorded
 */
export type Noted = 'noted' | 'taken' | 'full';

export interface CouponIndex {
  /** Asks again until the bucket answers. @throws the signal's reason */
  note(channel: Channel, coupon: string, owner: CouponOwner, signal: AbortSignal): Promise<Noted>;
  /** Undefined: there is no such coupon. `unavailable`: nothing is known. Never rejects. */
  find(channel: Channel, coupon: string): Promise<CouponOwner | 'unavailable' | undefined>;
}

const AGAIN_AFTER_MS = 500;
/** Numbers of vouchers as channels make them (app/outside/channels/answers.ts): another one has no entry, and could be a subject. */
const COUPON = /^[0-9A-Za-z_-]{1,64}$/;
const OWNER = /^(\w{26}) ([0-9a-f]{64})$/;

const keyOf = (channel: Channel, coupon: string): string => `coupon.${channel}-${coupon}`;

export const createCouponIndex = (options: ClaimsOptions): CouponIndex => {
  const { hold, holderOf } = createHolder(options);
  return {
    async note(channel, coupon, { receipt, citizenHash }, signal) {
      for (;;) {
        signal.throwIfAborted();
        const held = await hold(keyOf(channel, coupon), `${receipt} ${citizenHash}`);
        if (held === 'ours') return 'noted';
        if (held !== 'unavailable') return held;
        await delay(AGAIN_AFTER_MS, undefined, { signal });
      }
    },
    async find(channel, coupon) {
      if (!COUPON.test(coupon)) return undefined;
      if (!options.connection.isConnected()) return 'unavailable';
      try {
        const [, receipt, citizenHash] = OWNER.exec((await holderOf(keyOf(channel, coupon))) ?? '') ?? [];
        return receipt === undefined || citizenHash === undefined ? undefined : { receipt, citizenHash };
      } catch {
        return 'unavailable';
      }
    },
  };
};
