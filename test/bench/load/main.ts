/**
 * Load for the benches, a process of its own. Without --rate it is a closed loop (as fast as answers come); with --rate
 * an open one, whose latency counts from the moment a request was due, so that a stalled server can't hide its stall.
 * Prints one JSON line: counts by status and the latency distribution.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'hdr-histogram-js';
import { citizenOf } from '../../../local/load/citizen.ts';
import { loopbackOrigin } from '../../../local/load/loopback.ts';
import { Connection } from './connection.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    path: { type: 'string', default: '/api/v1/registrations' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    'warmup-seconds': { type: 'string', default: '1' },
    rate: { type: 'string' },
    category: { type: 'string', default: 'dining' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
  },
});

const origin = new URL(loopbackOrigin(values.url ?? ''));
const seconds = Number(values.seconds);
const warmupMs = Number(values['warmup-seconds']) * 1000;
const rate = values.rate === undefined ? undefined : Number(values.rate);
/** More than any server has answered on two cores. */
const MADE_AHEAD_PER_SECOND = 5_000;

const requestOf = (index: number): Buffer => {
  const { name, idNumber, phone, channel, locale } = citizenOf(Number(values.seed), index);
  const consent = { policyVersion: '1', sensitive: true };
  const body = JSON.stringify({
    name,
    idType: 'CN_ID',
    idNumber,
    phone,
    channel,
    category: values.category,
    consent,
    locale,
  });
  return Buffer.from(
    `POST ${values.path} HTTP/1.1\r\nHost: ${origin.host}\r\nContent-Type: application/json\r\nIdempotency-Key: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

/** Made before the clock starts: the client shares the cores with what it measures. A faster server makes more on the way. */
const first = Number(values.first);
const made = Array.from({ length: Math.ceil((rate ?? MADE_AHEAD_PER_SECOND) * (seconds + warmupMs / 1000)) }, (_, i) =>
  requestOf(first + i),
);
let sent = 0;
const nextRequest = (): Buffer => {
  const index = sent;
  sent += 1;
  return made[index] ?? requestOf(first + index);
};

const latencies = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 60_000_000,
  numberOfSignificantValueDigits: 3,
});
const byStatus = new Map<number, number>();
let broken = 0;
const startedAt = performance.now();
const measureFrom = startedAt + warmupMs;
const endAt = measureFrom + seconds * 1000;

const one = async (connection: Connection, dueAt: number): Promise<void> => {
  try {
    const { status } = await connection.send(nextRequest());
    const now = performance.now();
    if (dueAt < measureFrom || now > endAt) return;
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    latencies.recordValue(Math.max(1, Math.round((now - dueAt) * 1000)));
  } catch {
    broken += 1;
  }
};

const connections = Array.from(
  { length: Number(values.connections) },
  () => new Connection(origin.hostname, Number(origin.port)),
);

const closedLoop = async (connection: Connection): Promise<void> => {
  while (performance.now() < endAt) await one(connection, performance.now());
};

/** Connection k of n sends arrivals k, k + n, k + 2n …: due times do not depend on answers. */
const openLoop = async (connection: Connection, k: number, perSecond: number): Promise<void> => {
  for (let i = k; ; i += connections.length) {
    const dueAt = startedAt + (i / perSecond) * 1000;
    if (dueAt >= endAt) return;
    const waitMs = dueAt - performance.now();
    if (waitMs > 1) await delay(waitMs);
    await one(connection, dueAt);
  }
};

await Promise.all(
  connections.map((connection, k) => (rate === undefined ? closedLoop(connection) : openLoop(connection, k, rate))),
);
for (const connection of connections) connection.close();

const ms = (percentile: number): number => Number((latencies.getValueAtPercentile(percentile) / 1000).toFixed(2));
const accepted = (byStatus.get(201) ?? 0) + (byStatus.get(200) ?? 0);
console.log(
  JSON.stringify({
    accepted,
    perSecond: Math.round(accepted / seconds),
    byStatus: Object.fromEntries(byStatus),
    broken,
    p50Ms: ms(50),
    p99Ms: ms(99),
    maxMs: Number((latencies.maxValue / 1000).toFixed(2)),
    sent,
  }),
);
