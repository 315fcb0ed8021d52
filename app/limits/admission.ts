/**
 * A pod's share of the admission rate, with a part for networks that ask much (limits.ts). While half of a burst or more is left, all are
 * admitted alike. Below that, busy networks get at most half of the rate together, and noisy ones a tenth: each waits longer than others, and none is
 * shut out.
 */
import type { Conduct } from '../http/shedding.ts';
import { TokenBucket } from '../http/token-bucket.ts';

const PART: Readonly<Record<Conduct, number>> = { usual: 1, busy: 0.5, noisy: 0.1 };
const LOADED = 0.5;

/** Rate and depth, which may change from call to call. */
export interface AdmissionRate {
  readonly perSecond: number;
  readonly burstSeconds: number;
}

export interface Admission {
  /** Whether `take` would succeed now. */
  hasOne(conduct: Conduct, nowMs: number, rate: AdmissionRate): boolean;
  take(conduct: Conduct, nowMs: number, rate: AdmissionRate): boolean;
  /** Takes a token also where there is none: of the holder of a ticket, whose turn was computed from the same rate. */
  takeAnyway(nowMs: number, rate: AdmissionRate): void;
  /** Returns a token that was not used. */
  giveBack(): void;
}

export const createAdmission = (): Admission => {
  const all = new TokenBucket();
  const parts = { busy: new TokenBucket(), noisy: new TokenBucket() };

  /** Undefined: the pod is not loaded, or the conduct has the whole rate. */
  const partOf = (conduct: Conduct, nowMs: number, { perSecond, burstSeconds }: AdmissionRate) => {
    const isLoaded = all.level(nowMs, perSecond, burstSeconds) < LOADED;
    if (conduct === 'usual' || !isLoaded) return undefined;
    return { bucket: parts[conduct], perSecond: perSecond * PART[conduct] };
  };

  return {
    hasOne(conduct, nowMs, rate) {
      const part = partOf(conduct, nowMs, rate);
      return (
        all.hasOne(nowMs, rate.perSecond, rate.burstSeconds) &&
        (part === undefined || part.bucket.hasOne(nowMs, part.perSecond, rate.burstSeconds))
      );
    },
    take(conduct, nowMs, rate) {
      const part = partOf(conduct, nowMs, rate);
      if (!all.hasOne(nowMs, rate.perSecond, rate.burstSeconds)) return false;
      if (part !== undefined && !part.bucket.take(nowMs, part.perSecond, rate.burstSeconds)) return false;
      return all.take(nowMs, rate.perSecond, rate.burstSeconds);
    },
    takeAnyway: (nowMs, { perSecond, burstSeconds }) => all.takeAnyway(nowMs, perSecond, burstSeconds),
    giveBack: () => all.giveBack(),
  };
};
