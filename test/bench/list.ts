/**
 * How long the lists of a campaign take from decoded events, and how much memory: one registration and one verdict a person, and a
 * second receipt of every twentieth. One core, the size of Chengdu unless stated: `node --max-old-space-size=128 --max-semi-space-size=8 test/bench/list.ts [people]`,
 * which are the options of the Job's pod.
 */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { secretKey } from '../../app/core/secret-key.ts';
import { createEntries } from '../../app/draw/entries.ts';
import { merkleRoot } from '../../app/draw/merkle.ts';
import { writeReceipt } from '../../app/draw/receipt-words.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { seededRandom } from '../../local/load/random.ts';
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

export const scenario: Scenario = {
  issue: '20',
  async run({ args }) {
    const people = Number(args[0] ?? CHENGDU);
    const summary = benchList(people);
    return { kind: 'ran', holds: people !== CHENGDU || summary.mostRssMiB <= 400, summary, raw: summary };
  },
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(benchList(Number(process.argv[2] ?? CHENGDU)));
}
