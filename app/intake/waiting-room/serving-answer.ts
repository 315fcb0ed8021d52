/**
 * One answer for everyone who waits, made at most ten times a second. A client with a ticket computes its place, position and time
 * itself (docs/waiting-room.md), so a million of them cost a cache hit each.
 */
import type { ServerResponse } from 'node:http';
import { jsonAnswer } from '../../http/answer.ts';
import { ApiError } from '../../http/errors.ts';
import type { Handler } from '../../http/handlers.ts';
import type { Room } from './room.ts';

const NEW_EVERY_MS = 100;
const CACHE_CONTROL = 'public, max-age=1';

export interface ServingAnswer {
  readonly handler: Handler;
  /** Past the router. @returns false: there is no waiting room; nothing is written */
  send(response: ServerResponse, isDraining: boolean): boolean;
}

interface Made {
  readonly atMs: number;
  /** ASCII. Undefined: there is no waiting room. */
  readonly text: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export const createServingAnswer = (room: Room, now: () => number, monotonicMs: () => number): ServingAnswer => {
  const textOf = (): string | undefined => {
    const state = room.state();
    const { mode, serving, shuffle } = state;
    if (mode === 'off') return undefined;
    return JSON.stringify({
      serving,
      ratePerSecond: Math.round(room.ratePerSecond() * 100) / 100,
      asOf: new Date(now()).toISOString(),
      mode,
      pollAfterSeconds: room.pollSharedSeconds(state),
      ...(shuffle === undefined ? {} : { shuffle: { seed: shuffle.seed, count: shuffle.count } }),
    });
  };

  let made: Made | undefined;
  const current = (): Made => {
    const atMs = monotonicMs();
    if (made !== undefined && atMs - made.atMs < NEW_EVERY_MS) return made;
    const text = textOf();
    const headers = {
      'X-Content-Type-Options': 'nosniff',
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': CACHE_CONTROL,
      'Content-Length': String(text?.length ?? 0),
    };
    made = { atMs, text, headers };
    return made;
  };

  return {
    handler() {
      const { text } = current();
      if (text === undefined) throw new ApiError('NOT_FOUND');
      return { ...jsonAnswer(200, undefined, CACHE_CONTROL), body: text };
    },
    send(response, isDraining) {
      const { text, headers } = current();
      if (text === undefined) return false;
      response.writeHead(200, isDraining ? { ...headers, Connection: 'close' } : headers);
      // A text, not bytes: Node sends it in one piece with the head.
      response.end(text);
      return true;
    },
  };
};
