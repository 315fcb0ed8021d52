/**
 * How many first pages a core sends, beside Express sending a file of the same bytes in the same run; and how many forms and look-ups,
 * which are made for one citizen each. `--seconds N` of each load, `--rounds N` of the pair.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Scenario } from '../helpers/scenario.ts';
import { Connection } from './load/connection.ts';
import { cpuMsOf } from './load/machine.ts';

const CONNECTIONS = 64;
const LEAST_RATIO = 0.7;
const started = z.object({ port: z.number() });

interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

const start = async (args: readonly string[], signal: AbortSignal): Promise<Server> => {
  const child: ChildProcess = fork(join(import.meta.dirname, 'page/server.ts'), args);
  const [message] = await once(child, 'message', { signal });
  return { port: started.parse(message).port, pid: child.pid ?? 0, stop: () => void child.kill() };
};

const requestTo = (path: string): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/html\r\nAccept-Encoding: gzip, br\r\n\r\n`);

/** Answers for each second of the server's CPU time, as fast as they come. */
const load = async ({ port, pid }: Server, path: string, seconds: number): Promise<number> => {
  const request = requestTo(path);
  const [cpuBefore, startedAtMs] = [await cpuMsOf([pid]), performance.now()];
  let answers = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = new Connection('127.0.0.1', port);
      while (performance.now() - startedAtMs < seconds * 1000) {
        const { status } = await connection.send(request);
        if (status !== 200) throw new Error(`${path} was answered with ${status}`);
        answers += 1;
      }
      connection.close();
    }),
  );
  const cpuMs = (await cpuMsOf([pid])) - cpuBefore;
  return Math.round((1000 * answers) / Math.max(1, cpuMs));
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const fileOf = async ({ port }: Server): Promise<{ readonly folder: string; readonly bytes: number }> => {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { accept: 'text/html', 'accept-encoding': 'br' },
  });
  const length = Number(response.headers.get('content-length'));
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  await writeFile(join(folder, 'index.html'), Buffer.alloc(length, 'x'));
  return { folder, bytes: length };
};

export const scenario: Scenario = {
  issue: '25',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '5' } },
    });
    const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
    const ours = await start(['ours'], signal);
    const { folder, bytes } = await fileOf(ours);
    const express = await start(['express', folder], signal);
    try {
      for (const server of [ours, express]) await load(server, '/', 1);
      const pairs: { readonly ours: number; readonly express: number }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        signal.throwIfAborted();
        const pair = { ours: await load(ours, '/', seconds), express: await load(express, '/', seconds) };
        pairs.push(pair);
        progress(`round ${round + 1}: ours ${pair.ours}, Express ${pair.express} pages per second of one core`);
      }
      const forms = await load(ours, '/register', seconds);
      const ratio = Math.round(100 * median(pairs.map((pair) => pair.ours / pair.express))) / 100;
      const summary = {
        bytes,
        pagesPerCoreSecond: median(pairs.map((pair) => pair.ours)),
        expressFilesPerCoreSecond: median(pairs.map((pair) => pair.express)),
        ratio,
        formsPerCoreSecond: forms,
      };
      return { kind: 'ran', holds: ratio >= LEAST_RATIO, summary, raw: { pairs, forms } };
    } finally {
      ours.stop();
      express.stop();
      await rm(folder, { recursive: true });
    }
  },
};
