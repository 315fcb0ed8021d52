/** Wires the callbacks of channels: their keys, the index of coupons, and the HTTP server. */
import { setTimeout as delay } from 'node:timers/promises';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { CouponIndex } from '../../journal/coupons.ts';
import type { PublishHome } from '../../journal/home-publisher.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import type { Clock } from '../../runtime/clock.ts';
import { secretFolder } from '../config.ts';
import { citizenConnections, type HttpServer, listen } from '../http/server.ts';
import { type CallbackMetrics, createCallbacks } from '../issuance/callbacks.ts';
import { createRedeem } from '../issuance/redeem.ts';
import type { LimitedLog } from '../limited-log.ts';
import { anonymousError } from '../log.ts';
import { createCallbackReader } from '../outside/channels/callback-reader.ts';
import { channelKeyFolder } from '../outside/channels/channels.ts';
import { readWechatKeys } from '../outside/channels/wechat-keys.ts';
import type { RoleContext } from './role.ts';

export interface CallbackParts {
  readonly start: () => IssuanceStart | undefined;
  readonly coupons: CouponIndex;
  readonly facts: FactLookup;
  readonly publish: PublishHome;
  readonly metrics: CallbackMetrics;
  /** Agreed wall milliseconds: a signature counts for five minutes. */
  readonly clock: Clock;
  readonly log: LimitedLog;
  /** The process ends. */
  readonly signal: AbortSignal;
}

/** Bodies may have 64 KiB each: 32 MiB together. */
const MOST_CONNECTIONS = 512;
/** After the grace for load balancers; with the preStop sleep and the worker's end it fits into the pod's 30 s. */
const DRAIN_WITHIN_MS = 5_000;

const monotonicMs = (): number => performance.now();

/** @returns ends the server after what is under way */
export const serveCallbacks = async (
  { config }: RoleContext,
  { log, signal, ...parts }: CallbackParts,
): Promise<() => Promise<void>> => {
  const folder = channelKeyFolder(secretFolder(config, 'channels'));
  let isDraining = false;
  const listener = createCallbacks({
    read: createCallbackReader(() => readWechatKeys(folder), monotonicMs),
    redeem: createRedeem({ ...parts, site: config.app.site, now: parts.clock.now }),
    start: parts.start,
    metrics: parts.metrics,
    clock: parts.clock,
    signal,
    isDraining: () => isDraining,
    onTrouble: (channel, result, reason) =>
      log.warn({ channel, result, reason }, 'a callback was not believed', `callback ${result}`),
    onServerError: (code, error) => log.warn({ code, ...anonymousError(error) }, 'a callback was answered 500'),
  });
  const connections = citizenConnections(Math.min(config.maxConnections ?? MOST_CONNECTIONS, MOST_CONNECTIONS));
  const { keepAliveMs } = config;
  const server: HttpServer = await listen(listener, config.host, config.httpPort, { connections, keepAliveMs });
  return async () => {
    isDraining = true;
    await delay(config.drainGraceMs);
    await server.drain(DRAIN_WITHIN_MS);
  };
};
