/**
 * Hands on what a witness leads: looks at the witness's own page each second, for all campaigns at once, because only a leader knows
 * which replicas are current. One second to see it, and one to hand it on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { API_WITHIN_MS } from '../api.ts';
import { type LeaderMove, type Led, movesOffWitness } from './leaders.ts';
import type { ServerLook } from './servers.ts';

const LOOK_EVERY_MS = 1_000;
const PAGE_WITHIN_MS = 2_000;
/** Step-downs under way at once: each makes its stream silent for a moment. */
const AT_ONCE = 16;

const cluster = z.object({
  leader: z.string().optional(),
  replicas: z
    .array(
      z.object({
        name: z.string(),
        current: z.boolean(),
        offline: z.boolean().optional(),
        active: z.number().optional(),
      }),
    )
    .optional(),
});
const page = z.object({
  account_details: z
    .array(
      z.object({
        stream_detail: z
          .array(
            z.object({
              name: z.string(),
              cluster: cluster.optional(),
              consumer_detail: z.array(z.object({ name: z.string(), cluster: cluster.optional() })).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

/** What this server leads, by its page `/jsz?accounts=true&streams=true&consumers=true`. @throws Error for another page */
export const ledBy = (server: string, jsz: unknown): readonly Led[] =>
  (page.parse(jsz).account_details ?? []).flatMap(({ stream_detail }) =>
    (stream_detail ?? []).flatMap(({ name: stream, cluster, consumer_detail }) => [
      ...(cluster?.leader === server ? [{ stream, replicas: cluster.replicas ?? [] }] : []),
      ...(consumer_detail ?? []).flatMap((consumer) =>
        consumer.cluster?.leader === server
          ? [{ stream, consumer: consumer.name, replicas: consumer.cluster.replicas ?? [] }]
          : [],
      ),
    ]),
  );

export interface WitnessServer extends Pick<ServerLook, 'name'> {
  readonly monitorUrl: string;
}

const pageOf = async ({ monitorUrl }: WitnessServer, signal: AbortSignal): Promise<unknown> => {
  const url = `${monitorUrl}/jsz?accounts=true&streams=true&consumers=true`;
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(PAGE_WITHIN_MS)]) });
  return response.json();
};

const stepDown = ({ stream, consumer, to }: LeaderMove): readonly [subject: string, request: string] => [
  consumer === undefined
    ? `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`
    : `$JS.API.CONSUMER.LEADER.STEPDOWN.${stream}.${consumer}`,
  to === undefined ? '' : JSON.stringify({ placement: { preferred: to } }),
];

/** Best effort: after a refusal the next look tries again. */
export const askToStepDown = async (nats: NatsConnection, move: LeaderMove): Promise<void> => {
  const [subject, request] = stepDown(move);
  await nats.request(subject, request, { timeout: API_WITHIN_MS }).catch(() => undefined);
};

/** Until the signal. @param witnesses those that are known now; none: nothing is asked */
export const keepOffWitnesses = async (
  nats: NatsConnection,
  witnesses: () => readonly WitnessServer[],
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const known = witnesses();
    const names = new Set(known.map(({ name }) => name));
    await Promise.all(
      known.map(async (witness) => {
        // A witness that does not answer leads nothing for long.
        const jsz = await pageOf(witness, signal).catch(() => ({}));
        const moves = movesOffWitness(ledBy(witness.name, jsz), names);
        for (let from = 0; from < moves.length; from += AT_ONCE) {
          await Promise.all(moves.slice(from, from + AT_ONCE).map((move) => askToStepDown(nats, move)));
        }
      }),
    ).catch(() => undefined);
    await delay(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
};
