/**
 * How long a draw takes and how much memory, from a list in memory: digest, Merkle root, scores and selection. Beside it bare SHA-256 of
 * the same bytes in the same run: once as one stream, once in as many messages. One core, the size of Chengdu unless stated.
 *
 * With --job, another process runs the whole Job too, for as many people: the list twice, the draw, and a fact for each place. The
 * journal is made as it is read, so its time says how long decoding takes, and nothing about servers.
 * `npm run bench -- draw [--entries N] [--job]`
 */
import { execFileSync } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { drawVoucher } from '../../app/draw/draw.ts';
import { merkleRoot } from '../../app/draw/merkle.ts';
import { sortEntries } from '../../app/draw/sort-entries.ts';
import { nodeOptions } from '../../operator/resources/pod.ts';
import { drawAtScale } from '../helpers/draw-at-scale.ts';
import type { Scenario } from '../helpers/scenario.ts';

const CHENGDU = 3_310_000;
/** Limits on one core: 20 million entries in 100 s, and Chengdu's in 15 s. */
const SECONDS_PER_ENTRY = 100 / 20_000_000;
const CHENGDU_SECONDS = 15;
const MOST_RSS_MIB = 1_536;
const ENTRY_BYTES = 32;
/** "vcdraw1/score" ‖ 00 ‖ seed ‖ entry */
const SCORE_BYTES = 14 + 2 * ENTRY_BYTES;
const LEAF_BYTES = 1 + ENTRY_BYTES;
const NODE_BYTES = 1 + 2 * ENTRY_BYTES;
const PIECE = Buffer.alloc(2 ** 20);

const seconds = (work: () => void): number => {
  const startMs = performance.now();
  work();
  return Number(((performance.now() - startMs) / 1_000).toFixed(3));
};

const listOf = (n: number): Buffer => {
  const entries = Buffer.from(new ArrayBuffer(n * ENTRY_BYTES));
  for (let index = 0; index < n; index += 1) {
    entries.write(hash('sha256', `entry ${index}`, 'binary'), index * ENTRY_BYTES, 'binary');
  }
  sortEntries(entries);
  return entries;
};

const messagesOf = (bytes: number, count: number): void => {
  const message = Buffer.alloc(bytes);
  for (let index = 0; index < count; index += 1) {
    message.writeUInt32BE(index);
    hash('sha256', message, 'binary');
  }
};

const streamOf = (bytes: number): void => {
  const stream = createHash('sha256');
  for (let left = bytes; left > 0; left -= PIECE.length)
    stream.update(left < PIECE.length ? PIECE.subarray(0, left) : PIECE);
  stream.digest();
};

const benchDraw = (n: number) => {
  const entries = listOf(n);
  let listDigest = '';
  const digestSeconds = seconds(() => {
    listDigest = hash('sha256', entries);
  });
  const rootSeconds = seconds(() => merkleRoot(entries));
  const k = Math.floor(n * 0.75);
  let winners = 0;
  const drawSeconds = seconds(() => {
    winners = drawVoucher({
      entries,
      k,
      waitlist: Math.floor(n / 20),
      listDigest,
      sources: [PIECE.subarray(0, 32)],
    }).winners;
  });
  const mostRssMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
  const bareBytes = n * (SCORE_BYTES + ENTRY_BYTES + LEAF_BYTES) + (n - 1) * NODE_BYTES;
  return {
    entries: n,
    winners,
    digestSeconds,
    rootSeconds,
    drawSeconds,
    totalSeconds: Number((digestSeconds + rootSeconds + drawSeconds).toFixed(3)),
    mostRssMiB,
    bareBytes,
    bareStreamSeconds: seconds(() => streamOf(bareBytes)),
    bareMessagesSeconds: seconds(() => {
      streamOf(n * ENTRY_BYTES);
      messagesOf(LEAF_BYTES, n);
      messagesOf(NODE_BYTES, n - 1);
      messagesOf(SCORE_BYTES, n);
    }),
  };
};

const FILE = fileURLToPath(import.meta.url);
const figures = z.object({ totalSeconds: z.number(), mostRssMiB: z.number() }).loose();
const jobFigures = figures.extend({ announced: z.boolean() });

export const scenario: Scenario = {
  issue: '21',
  async run({ args }) {
    const { values } = parseArgs({
      args: [...args],
      options: { entries: { type: 'string' }, job: { type: 'boolean' } },
    });
    const n = Number(values.entries ?? CHENGDU);
    // A process of its own, with the options of the Job's pod.
    const options = nodeOptions('draw').split(' ');
    const measured = (...words: readonly string[]): unknown =>
      JSON.parse(execFileSync(process.execPath, [...options, FILE, ...words], { encoding: 'utf8' }));
    const summary = figures.parse(measured(String(n)));
    const job = values.job === true ? jobFigures.parse(measured(String(n), 'job')) : undefined;
    const limit = Math.max(CHENGDU_SECONDS, n * SECONDS_PER_ENTRY);
    const isSmall = Math.max(summary.mostRssMiB, job?.mostRssMiB ?? 0) <= MOST_RSS_MIB;
    const holds = summary.totalSeconds <= limit && isSmall && job?.announced !== false;
    const all = { ...summary, ...(job === undefined ? {} : { job }) };
    return { kind: 'ran', holds, summary: { ...all, limitSeconds: limit }, raw: all };
  },
};

if (process.argv[1] === FILE) {
  const n = Number(process.argv[2] ?? CHENGDU);
  console.log(JSON.stringify(process.argv[3] === 'job' ? await drawAtScale(n) : benchDraw(n)));
}
