/**
 * The waiting room at a million tickets: what they cost in memory, how many polls a core answers beside an Express route with the same
 * answer in the same run (on the same server, whose connections are bounded, and on a plain one), how fast tickets are given, and how many citizens too many are admitted.
 * `--tickets N`, `--seconds N` of polling, `--rounds N` of polls beside Express.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BLOCK } from '../../contract/crowd/queue.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { Connection } from './load/connection.ts';
import { cpuMsOf } from './load/machine.ts';
import { playCrowd } from './room/crowd.ts';

const MOST_GROWTH_MIB = 20;
const CONNECTIONS = 64;
const SERVING = '/api/v1/queue/serving';

const started = z.object({ port: z.number() });
const memory = z.object({ heapUsed: z.number(), rss: z.number() });

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const mebibytes = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;

const answerOf = async <T>(child: ChildProcess, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> => {
  const [message] = await once(child, 'message', { signal });
  return schema.parse(message);
};

interface Server {
  readonly port: number;
  readonly pid: number;
  memory(): Promise<z.infer<typeof memory>>;
  stop(): void;
}

const startServer = async (kind: 'room' | 'express' | 'plain', signal: AbortSignal): Promise<Server> => {
  const child = fork(join(import.meta.dirname, 'room/server.ts'), [kind], { execArgv: ['--expose-gc'] });
  const { port } = await answerOf(child, started, signal);
  return {
    port,
    pid: child.pid ?? 0,
    memory() {
      const answered = answerOf(child, memory, signal);
      child.send({ ask: 'memory' });
      return answered;
    },
    stop: () => void child.kill(),
  };
};

const requestTo = (method: string, path: string): Buffer =>
  Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`);

interface Load {
  readonly answers: number;
  readonly seconds: number;
  /** Of the server's CPU time. */
  readonly perCoreSecond: number;
  readonly otherStatus: number;
}

/** As fast as answers come, until the time or the count is over. */
const load = async (
  server: Server,
  request: Buffer,
  { status, seconds, count = Number.POSITIVE_INFINITY }: { status: number; seconds: number; count?: number },
): Promise<Load> => {
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection('127.0.0.1', server.port));
  const [cpuBefore, startedAtMs] = [await cpuMsOf([server.pid]), performance.now()];
  let [answers, otherStatus, sent] = [0, 0, 0];
  await Promise.all(
    connections.map(async (connection) => {
      while (sent < count && performance.now() - startedAtMs < seconds * 1000) {
        sent += 1;
        if ((await connection.send(request)).status === status) answers += 1;
        else otherStatus += 1;
      }
    }),
  );
  const [cpuMs, tookMs] = [(await cpuMsOf([server.pid])) - cpuBefore, performance.now() - startedAtMs];
  for (const connection of connections) connection.close();
  return {
    answers,
    seconds: Math.round(tookMs) / 1000,
    perCoreSecond: Math.round((1000 * answers) / Math.max(1, cpuMs)),
    otherStatus,
  };
};

export const scenario: Scenario = {
  issue: '24',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        tickets: { type: 'string', default: '1000000' },
        seconds: { type: 'string', default: '600' },
        rounds: { type: 'string', default: '5' },
      },
    });
    const [tickets, seconds, rounds] = [Number(values.tickets), Number(values.seconds), Number(values.rounds)];
    const poll = requestTo('GET', SERVING);
    const ticket = requestTo('POST', '/api/v1/queue/tickets');
    const room = await startServer('room', signal);
    const express = await startServer('express', signal);
    const plain = await startServer('plain', signal);
    try {
      for (const server of [room, express, plain]) await load(server, poll, { status: 200, seconds: 2 });
      await load(room, ticket, { status: 201, seconds: 2 });
      const before = await room.memory();
      const issued = await load(room, ticket, { status: 201, seconds: 3_600, count: tickets });
      const alive = await room.memory();
      progress(
        `${issued.answers} tickets in ${issued.seconds} s; ${mebibytes(alive.heapUsed - before.heapUsed)} MiB more`,
      );

      const pairs: { readonly room: Load; readonly express: Load; readonly plain: Load }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        signal.throwIfAborted();
        const ours = await load(room, poll, { status: 200, seconds: 2 });
        const theirs = await load(express, poll, { status: 200, seconds: 2 });
        const plainly = await load(plain, poll, { status: 200, seconds: 2 });
        pairs.push({ room: ours, express: theirs, plain: plainly });
        const [a, b, c] = [ours, theirs, plainly].map(({ perCoreSecond }) => perCoreSecond);
        progress(`round ${round + 1}: ${a} polls per core second; Express ${b}, and ${c} on a server without bounds`);
      }
      const polled = await load(room, poll, { status: 200, seconds });
      const after = await room.memory();
      const crowd = await playCrowd({ pods: 3, ratePerSecond: 100, arrivalsPerSecond: 1_000, arriveForSeconds: 3 });
      const besides = (kind: 'express' | 'plain'): number =>
        median(pairs.map((pair) => pair.room.perCoreSecond / pair[kind].perCoreSecond));
      const ratio = besides('express');
      const growthMiB = mebibytes(after.heapUsed - before.heapUsed);
      const summary = {
        ticketsAlive: issued.answers,
        ticketsPerSecond: Math.round(issued.answers / issued.seconds),
        ticketsPerCoreSecond: issued.perCoreSecond,
        growthMiB,
        growthByTicketsMiB: mebibytes(alive.heapUsed - before.heapUsed),
        polledSeconds: polled.seconds,
        polls: polled.answers,
        pollsPerCoreSecond: median(pairs.map((pair) => pair.room.perCoreSecond)),
        pollsBesideExpress: Math.round(ratio * 100) / 100,
        pollsBesidePlainExpress: Math.round(besides('plain') * 100) / 100,
        overshoot: crowd.overshoot,
        worstInversion: crowd.worstInversion,
      };
      const failed = [issued, polled, ...pairs.flatMap((pair) => [pair.room, pair.express, pair.plain])].reduce(
        (sum, one) => sum + one.otherStatus,
        0,
      );
      const holds =
        failed === 0 &&
        issued.answers >= tickets &&
        growthMiB <= MOST_GROWTH_MIB &&
        ratio >= 1 &&
        crowd.overshoot <= BLOCK.most &&
        crowd.registered === crowd.arrived;
      return { kind: 'ran', holds, summary, raw: { before, alive, after, issued, polled, pairs, crowd, failed } };
    } finally {
      room.stop();
      express.stop();
      plain.stop();
    }
  },
};
