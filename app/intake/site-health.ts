/**
 * What a load balancer in front of several sites asks each second: whether this site can acknowledge a registration. Its answer depends
 * on the journal only: a site that sheds load, or has not opened, is healthy.
 *
 * | last acknowledged write | asked now                | answer |
 * |-------------------------|--------------------------|--------|
 * | less than 2 s ago       | nothing                  | 200 |
 * | longer ago, or none     | a small write, once for all who ask: acknowledged within 1 s | 200 |
 * | longer ago, or none     | not acknowledged         | 503 |
 */

import { shared } from '../../runtime/at-most.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import type { Answer } from '../http/answer.ts';
import type { Handler } from '../http/handlers.ts';

const FRESH_MS = 2_000;
export const PROBE_WITHIN_MS = 1_000;

export interface SiteHealthDeps {
  /** Of the last acknowledged write of this pod; undefined: there was none. */
  readonly acknowledgedAtMs: () => number | undefined;
  /** Rejects unless a quorum has stored it. */
  readonly probe: (withinMs: number) => Promise<void>;
  readonly monotonicMs: () => number;
}

const answer = (status: 200 | 503, text: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body: `${text}\n`,
});

export const createSiteHealth = ({ acknowledgedAtMs, probe, monotonicMs }: SiteHealthDeps): Handler => {
  let probedAtMs: number | undefined;
  const ask = shared(async () => {
    await within(systemClock, PROBE_WITHIN_MS, undefined, () => probe(PROBE_WITHIN_MS));
    probedAtMs = monotonicMs();
  });
  const isFresh = (atMs: number | undefined): boolean => atMs !== undefined && monotonicMs() - atMs < FRESH_MS;
  return async () => {
    if (isFresh(acknowledgedAtMs()) || isFresh(probedAtMs)) return answer(200, 'ok');
    return ask().then(
      () => answer(200, 'ok'),
      () => answer(503, 'the journal acknowledges no write'),
    );
  };
};
