/**
 * Limits of one client, in this pod. One that asks several pods gets its limit from each: with n pods n times as much.
 *
 * | limit       | of what                                            | above it |
 * |-------------|----------------------------------------------------|----------|
 * | citizen     | new registrations of one identity number           | 429, but see below |
 * | phone       | new registrations with one phone number            | 429, but see below |
 * | device      | new registrations with one device cookie           | 429 |
 * | address     | requests of one network (address.ts)               | busy: a smaller share while the pod is loaded |
 * | half of it  | of these, those that were refused as wrong or too many | noisy: the smallest share |
 *
 * What busy and noisy mean beside other networks: conducts.ts.
 *
 * No network is ever refused: a carrier's address may have ten thousand citizens. A request that the pod could not serve is returned to the
 * limits, so those who are asked to come again do not use theirs up.
 *
 * Someone who knows another person's number could use up that person's limit. So above the limits of citizen and phone, each network
 * still gets one registration a minute for each citizen, while it is not noisy: of all networks together twice the citizen's limit.
 */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { ERRORS, type ErrorCode } from '../http/errors.ts';
import type { Conduct } from '../http/shedding.ts';
import { addressOf, prefixesOf, trustedBy } from './address.ts';
import { createBeside } from './conducts.ts';
import { createMeter, type Meter, type Spot, spotOf } from './meter.ts';

type Traffic = LiveSettings['traffic'];

/** From where a request comes, and how that network behaves. Lives as long as the request. */
export interface Caller {
  readonly networks: readonly { readonly spot: Spot; readonly times: number }[];
  /** Of the nearest network. */
  readonly key: string;
  /** Number of the device cookie, if it is one of ours. */
  readonly device: string | undefined;
  readonly conduct: Conduct;
}

/** Whom a registration concerns; the values are not kept. */
export interface Registrant {
  readonly citizenHash: string;
  readonly phone: string;
}

export type LimitedBy = 'citizen' | 'phone' | 'device';

export interface Taken {
  /** Undefined: within all limits. */
  readonly refused?: { readonly by: LimitedBy; readonly waitMs: number };
  /** Returns what was used. */
  giveBack(): void;
}

export interface Limits {
  /** Counts the request. */
  callerOf(request: IncomingMessage, traffic: Traffic | undefined): Caller;
  /** Counts an answer with this error, if it says that the request was wrong or too many. */
  refused(caller: Caller, code: ErrorCode, traffic: Traffic | undefined): void;
  take(caller: Caller, registrant: Registrant, traffic: Traffic): Taken;
}

/** Of each meter: 6.75 MiB in all. */
const SLOTS = 65_536;
/** Of the limit of an address. */
const NOISY = 0.5;
const PAIR_PER_MINUTE = 1;
/** A network that was above its limit is marked for a minute; otherwise each use that comes back would make it usual for a moment. */
const MARK_PER_MINUTE = 1;
/** Times the limit of a citizen. */
const EXTRA = 2;

/** What citizens get who do nothing wrong: they are early, late, too young, or changed their mind. */
const NO_FAULT: ReadonlySet<ErrorCode> = new Set([
  'NOT_OPEN',
  'CLOSED',
  'LIST_FROZEN',
  'WITHDRAWN',
  'SUPERSEDED',
  'ERASED',
  'PERSONAL_DATA_DESTROYED',
  'NOT_ELIGIBLE_AGE',
]);
const isFault = (code: ErrorCode): boolean => ERRORS[code].status < 500 && !NO_FAULT.has(code);

export const UNLIMITED: Caller = { networks: [], key: '', device: undefined, conduct: 'usual' };

export interface LimitsDeps {
  /** Random, of this process. */
  readonly seed: string;
  readonly monotonicMs: () => number;
  /** Number of the device cookie of a request, if it is one of ours. */
  readonly deviceOf: (request: IncomingMessage) => string | undefined;
}

type Use = readonly [by: LimitedBy, meter: Meter, spot: Spot, perMinute: number];

export const createLimits = ({ seed, monotonicMs, deviceOf }: LimitsDeps): Limits => {
  const meters = {
    citizen: createMeter(SLOTS),
    phone: createMeter(SLOTS),
    device: createMeter(SLOTS),
    pair: createMeter(SLOTS),
    extra: createMeter(SLOTS),
    requests: createMeter(SLOTS),
    refusals: createMeter(SLOTS),
    busy: createMeter(SLOTS),
    noisy: createMeter(SLOTS),
  };

  const beside = createBeside();

  const conductOf = (networks: Caller['networks'], perMinute: number): Conduct => {
    const nowMs = monotonicMs();
    let conduct: Conduct = 'usual';
    for (const { spot, times } of networks) {
      if (meters.requests.take(spot, perMinute * times, nowMs) > 0) meters.busy.take(spot, MARK_PER_MINUTE, nowMs);
      if (meters.noisy.wait(spot, MARK_PER_MINUTE, nowMs) > 0) conduct = 'noisy';
      else if (conduct === 'usual' && meters.busy.wait(spot, MARK_PER_MINUTE, nowMs) > 0) conduct = 'busy';
    }
    return beside(conduct, nowMs);
  };

  /** All of them, or none. */
  const takeAll = (uses: readonly Use[], nowMs: number): Taken => {
    const used: (() => void)[] = [];
    const giveBack = (): void => {
      for (const back of used.splice(0)) back();
    };
    for (const [by, meter, spot, perMinute] of uses) {
      const waitMs = meter.take(spot, perMinute, nowMs);
      if (waitMs > 0) {
        giveBack();
        return { refused: { by, waitMs }, giveBack };
      }
      used.push(() => meter.giveBack(spot, perMinute));
    }
    return { giveBack };
  };

  return {
    callerOf(request, traffic) {
      if (traffic?.limits === undefined) return UNLIMITED;
      const { limits, trustedProxies = [] } = traffic;
      const device = deviceOf(request);
      const address = addressOf(request, trustedBy(trustedProxies));
      if (address === undefined || limits.addressPerMinute === 0) return { ...UNLIMITED, device };
      const prefixes = prefixesOf(address);
      const networks = prefixes.map(({ key, times }) => ({ times, spot: spotOf(seed, `network ${key}`) }));
      return { networks, key: prefixes[0].key, device, conduct: conductOf(networks, limits.addressPerMinute) };
    },

    refused({ networks }, code, traffic) {
      const { addressPerMinute = 0 } = traffic?.limits ?? {};
      if (addressPerMinute === 0 || !isFault(code)) return;
      for (const { spot, times } of networks) {
        const nowMs = monotonicMs();
        const waitMs = meters.refusals.take(spot, addressPerMinute * times * NOISY, nowMs);
        if (waitMs > 0) meters.noisy.take(spot, MARK_PER_MINUTE, nowMs);
      }
    },

    take({ key, device, conduct }, { citizenHash, phone }, { limits }) {
      if (limits === undefined) return { giveBack: () => undefined };
      const nowMs = monotonicMs();
      const { devicePerMinute, citizenPerMinute, phonePerMinute } = limits;
      const uses: Use[] = [];
      if (device !== undefined && devicePerMinute > 0)
        uses.push(['device', meters.device, spotOf(seed, `device ${device}`), devicePerMinute]);
      if (citizenPerMinute > 0) uses.push(['citizen', meters.citizen, spotOf(seed, citizenHash), citizenPerMinute]);
      if (phonePerMinute > 0) uses.push(['phone', meters.phone, spotOf(seed, phone), phonePerMinute]);
      const taken = takeAll(uses, nowMs);
      if (taken.refused === undefined || taken.refused.by === 'device' || conduct === 'noisy' || key === '')
        return taken;
      const { by } = taken.refused;
      const extra = takeAll(
        [
          [by, meters.pair, spotOf(seed, `pair ${key} ${citizenHash}`), PAIR_PER_MINUTE],
          [by, meters.extra, spotOf(seed, citizenHash), EXTRA * Math.max(1, citizenPerMinute)],
        ],
        nowMs,
      );
      return extra.refused === undefined ? extra : taken;
    },
  };
};
