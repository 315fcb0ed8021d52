/**
 * How long the lists of a campaign take from decoded events, and how much memory: one registration and one verdict a person, and a
 * second receipt of every twentieth. One core, the size of Chengdu unless stated: `npm run bench -- list [people]`
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { secretKey } from '../../app/core/secret-key.ts';
import { createEntries } from '../../app/draw/entries.ts';
import { merkleRoot } from '../../app/draw/merkle.ts';
import { writeReceipt } from '../../app/draw/receipt-words.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { seededRandom } from '../../local/load/random.ts';
import { nodeOptions } from '../../operator/resources/pod.ts';
import type { Scenario } from '../helpers/scenario.ts';

const CHENGDU = 3_310_000;
const SECOND_RECEIPTS = 20;
const MEBIBYTE = 2 ** 20;

function* events(people: number): Generator<EventEnvelope> {
  const { next } = seededRandom(1);
  const words = new Uint32Array(4);
  const text = Buffer.alloc(26);
  const newReceipt = (): string => {
    for (let word = 0; word < 4; word += 1) words[word] = next() * 2 ** 32;
    writeReceipt(words, 0, text, 0);
    return text.toString('latin1');
  };
  const event = (type: EventType, receipt: string, citizenHash: string): EventEnvelope => ({
    v: 1,
    id: receipt,
    type,
    kind: 'citizen',
    campaignId: 'bench',
    receipt,
    citizenHash,
    at: new Date(Date.UTC(2020, 8, 25) + Math.floor(next() * 86_400_000)).toISOString(),
    site: 'default',
    keyId: '',
    data: { category: next() < 0.8 ? 'dinner' : 'sport' },
  });
  for (let person = 0; person < people; person += 1) {
    // Even, as HMACs are.
    const citizenHash = createHash('sha256').update(String(person)).digest('hex');
    for (let receipts = person % SECOND_RECEIPTS === 0 ? 2 : 1; receipts > 0; receipts -= 1) {
      const receipt = newReceipt();
      yield event('received', receipt, citizenHash);
      yield event('verified', receipt, citizenHash);
    }
  }
}

const secondsSince = (startMs: number): number => (performance.now() - startMs) / 1_000;

export const benchList = (people: number) => {
  let generateMs = performance.now();
  let messages = 0;
  for (const _ of events(people)) messages += 1;
  const generateSeconds = secondsSince(generateMs);

  generateMs = performance.now();
  const entries = createEntries(messages);
  for (const event of events(people)) entries.add(event);
  const addSeconds = secondsSince(generateMs) - generateSeconds;
  const ending = performance.now();
  const { counts, lists } = entries.end('exclude');
  const standSeconds = secondsSince(ending);
  let [entrySeconds, digestSeconds, rootSeconds, total] = [0, 0, 0, 0];
  let mark = performance.now();
  const lap = (): number => {
    const seconds = secondsSince(mark);
    mark = performance.now();
    return seconds;
  };
  for (const { entries: list } of lists(secretKey(Buffer.alloc(32, 1)), 'bench')) {
    entrySeconds += lap();
    createHash('sha256').update(list).digest();
    digestSeconds += lap();
    merkleRoot(list);
    rootSeconds += lap();
    total += list.length / 32;
  }
  return {
    messages,
    ...counts,
    entries: total,
    addSeconds,
    standSeconds,
    entriesAndSortSeconds: entrySeconds,
    digestSeconds,
    rootSeconds,
    mostRssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    rssMiB: Math.round(process.memoryUsage.rss() / MEBIBYTE),
  };
};

const FILE = fileURLToPath(import.meta.url);

const figures = z.object({ mostRssMiB: z.number(), addSeconds: z.number() }).loose();

export const scenario: Scenario = {
  issue: '20',
  async run({ args }) {
    const people = args[0] ?? String(CHENGDU);
    // A process of its own, with the options of the Job's pod.
    const options = nodeOptions('draw').split(' ');
    const summary = figures.parse(
      JSON.parse(execFileSync(process.execPath, [...options, FILE, people], { encoding: 'utf8' })),
    );
    return { kind: 'ran', holds: people !== String(CHENGDU) || summary.mostRssMiB <= 400, summary, raw: summary };
  },
};

if (process.argv[1] === FILE) console.log(JSON.stringify(benchList(Number(process.argv[2] ?? CHENGDU))));
