/**
 * The draw's Job as it runs in a pod, with its own account, on a real nats-server: registrations with facts and copies in all shards,
 * barriers in the middle, and later facts that would change everything.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { DATA_PLANE_KEYS, ENV, PRIVACY_KEYS } from '../../../contract/app-contract.ts';
import type { Frozen, Listed } from '../../../contract/decisions/control.ts';
import { type EventEnvelope, type EventType, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { astraySubject, eventSubject } from '../../../contract/names.ts';
import { type ControlLog, createControlLog } from '../../../journal/freeze/control.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { never } from '../../helpers/real-journal.ts';
import { citizenOf, homeShard, instant, SHARDS } from '../../helpers/records.ts';

const CAMPAIGNS = ['spring', 'autumn', 'other-list'] as const;
type CampaignId = (typeof CAMPAIGNS)[number];
const CITIZEN_KEY = Buffer.alloc(32, 3);
const citizenKey = secretKey(CITIZEN_KEY);
const PEOPLE = 400;
const MAIN = join(import.meta.dirname, '../../../app/main.ts');

let journal: GuardedJournal;
let stream: JetStreamClient;
let dir: string;
const logs = new Map<CampaignId, ControlLog>();
const logOf = (campaignId: CampaignId): ControlLog => {
  const log = logs.get(campaignId);
  if (log === undefined) throw new Error(`no control log of ${campaignId}`);
  return log;
};

const receiptOf = (campaignId: CampaignId, person: number, number = 0) =>
  deriveReceipt(citizenKey, campaignId, citizenOf(person), `key ${number}`);

const event = (
  campaignId: CampaignId,
  type: EventType,
  person: number,
  { number = 0, atMs = person }: { readonly number?: number; readonly atMs?: number } = {},
): EventEnvelope => {
  const { receiptNo } = receiptOf(campaignId, person, number);
  return {
    v: 1,
    id: type === 'received' ? receiptNo : `${receiptNo}.${type}`,
    type,
    kind: 'citizen',
    campaignId,
    receipt: receiptNo,
    citizenHash: citizenOf(person),
    at: instant(atMs),
    // The journal of this test stamps messages with today's time.
    clock: 'agreed',
    site: 'default',
    keyId: '',
    data:
      type === 'received'
        ? {
            sealed: 'c2VhbGVk',
            channel: 'wechat',
            category: person % 3 === 0 ? '书店' : 'dinner',
            locale: 'zh-CN',
            policyVersion: '1',
          }
        : {},
  };
};

const publish = (shard: number, one: EventEnvelope): Promise<unknown> => {
  const isAstray = one.type === 'received' && shard !== homeShard(one);
  const subject = isAstray
    ? astraySubject(one.campaignId, shard, one.receipt)
    : eventSubject(one.campaignId, shard, one.type, one.receipt);
  return stream.publish(subject, encodeEnvelope(one), { timeout: 10_000 });
};

/** As the freeze does it: one barrier a shard, then their acknowledged sequences. */
const freeze = async (campaignId: CampaignId): Promise<Frozen> => {
  const barriers: number[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const barrier = {
      ...event(campaignId, 'barrier', 0),
      id: `barrier.${shard}`,
      receipt: NO_RECEIPT,
      citizenHash: NO_CITIZEN,
    };
    const subject = eventSubject(campaignId, shard, 'barrier', NO_RECEIPT);
    const { seq } = await stream.publish(subject, encodeEnvelope(barrier), { timeout: 10_000 });
    barriers.push(seq);
  }
  const frozen: Frozen = { v: 1, campaignId, at: new Date().toISOString(), barriers, unverified: 'exclude' };
  await logOf(campaignId).append('frozen', frozen, never);
  return frozen;
};

/**
 * | person       | has                                                       | in the list |
 * |--------------|-----------------------------------------------------------|-------------|
 * | % 10 is 6    | one rejected, and a later one verified                    | the second  |
 * | % 10 is 7    | withdrawn                                                 | no          |
 * | % 10 is 8    | no verdict                                                | no          |
 * | % 10 is 9    | a second, earlier receipt, both verified                  | the second  |
 * | others       | verified; some with copies astray                         | yes         |
 */
const fill = async (campaignId: CampaignId): Promise<void> => {
  const { next } = seededRandom(7);
  const messages: { readonly shard: number; readonly one: EventEnvelope }[] = [];
  for (let person = 0; person < PEOPLE; person += 1) {
    const received = event(campaignId, 'received', person, { atMs: person + 5 });
    const home = homeShard(received);
    const add = (one: EventEnvelope, shard = home): void => void messages.push({ shard, one });
    add(received);
    if (person % 4 === 0) add(received, (home + 1) % SHARDS);
    if (person % 10 !== 8) add(event(campaignId, person % 10 === 6 ? 'rejected' : 'verified', person));
    if (person % 10 === 7) add(event(campaignId, 'withdrawn', person));
    if (person % 10 === 9 || person % 10 === 6) {
      const atMs = person % 10 === 9 ? person : person + 9;
      add(event(campaignId, 'received', person, { number: 1, atMs }), (home + 2) % SHARDS);
      add(event(campaignId, 'verified', person, { number: 1 }));
    }
  }
  const shuffled = messages.map((message) => ({ message, order: next() })).toSorted((a, b) => a.order - b.order);
  for (let from = 0; from < shuffled.length; from += 200) {
    await Promise.all(shuffled.slice(from, from + 200).map(({ message: { shard, one } }) => publish(shard, one)));
  }
};

/** Would change the list if it counted. */
const fillAfterwards = async (campaignId: CampaignId): Promise<void> => {
  for (let person = 0; person < 100; person += 1) {
    const shard = homeShard(event(campaignId, 'received', person));
    await publish(shard, event(campaignId, 'withdrawn', person));
    await publish(shard, event(campaignId, 'verified', person + 8));
    await publish(shard, event(campaignId, 'received', person, { number: 2, atMs: 0 }));
    await publish(shard, event(campaignId, 'received', PEOPLE + person));
  }
};

const listOf = (campaignId: CampaignId, voucher: string): Listed['lists'][number] => {
  const entries = Array.from({ length: PEOPLE }, (_, person) => person)
    .filter((person) => person % 10 !== 7 && person % 10 !== 8)
    .filter((person) => (person % 3 === 0 ? '书店' : 'dinner') === voucher)
    .map((person) => receiptOf(campaignId, person, person % 10 === 9 || person % 10 === 6 ? 1 : 0))
    .map(({ receiptNo, receiptSecret }) => entryOf(campaignId, receiptNo, receiptSecret))
    .toSorted(Buffer.compare);
  const digest = createHash('sha256').update(Buffer.concat(entries)).digest('hex');
  return { voucher, entries: entries.length, digest };
};
const expected = (campaignId: CampaignId): Listed => ({
  v: 1,
  campaignId,
  lists: ['dinner', '书店'].map((voucher) => listOf(campaignId, voucher)),
});

interface Run {
  readonly code: number | null;
  readonly output: string;
}

const write = async (folder: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
};

/** The role as a pod's process, with the files that its pod mounts. */
const runDraw = async (campaignId: CampaignId): Promise<Run> => {
  const { urls, user, password, ca = '' } = journal.access({ campaignId, workload: 'draw' });
  const of = (name: string): string => join(dir, campaignId, name);
  const config = {
    ...{ v: 1, campaignId, namespace: 'city', campaignName: campaignId, site: 'default' },
    ...{ shards: SHARDS, journalReplicas: 1, tiers: ['intake', 'records'] },
  };
  const env = {
    [ENV.role]: 'draw',
    [ENV.podName]: 'draw-1',
    [ENV.configDir]: await write(of('config'), { 'config.json': JSON.stringify(config) }),
    [ENV.privacyDir]: await write(of('privacy'), {
      [PRIVACY_KEYS.citizen]: CITIZEN_KEY.toString('base64'),
    }),
    [ENV.dataPlaneDir]: await write(of('data-plane'), {
      [DATA_PLANE_KEYS.natsUrl]: urls.join(','),
      [DATA_PLANE_KEYS.natsUser]: user,
      [DATA_PLANE_KEYS.natsPassword]: password,
      [DATA_PLANE_KEYS.natsCa]: ca,
    }),
  };
  const child = spawn(process.execPath, [MAIN, 'draw'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output: Buffer.concat(chunks).toString() };
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-draw-'));
  journal = await startGuardedJournal(CAMPAIGNS);
  const connection = await journal.connect(journal.access('operator'));
  stream = jetstream(connection.nats);
  for (const campaignId of CAMPAIGNS) logs.set(campaignId, createControlLog({ connection, campaignId }));
});
afterAll(async () => {
  await journal?.stop();
  await rm(dir, { recursive: true, force: true });
});

const published = async (campaignId: CampaignId): Promise<unknown> =>
  (await logOf(campaignId).read('listed', never))?.value;

describe('the draw', () => {
  it('publishes no list before the freeze', async () => {
    const { code, output } = await runDraw('spring');
    expect(code).toBe(1);
    expect(output).toContain('nothing is frozen yet');
    expect(await published('spring')).toBeUndefined();
  });

  it('publishes the list of what is below the barriers, and the same when it runs again', async () => {
    await fill('spring');
    await freeze('spring');
    await fillAfterwards('spring');
    const first = await runDraw('spring');
    expect(first).toMatchObject({ code: 0 });
    expect(await published('spring')).toEqual(expected('spring'));
    const entry = await logOf('spring').read('listed', never);
    const again = await runDraw('spring');
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toContain('"result":"exists"');
    expect(await logOf('spring').read('listed', never)).toEqual(entry);
    for (const { output } of [first, again]) expect(output).not.toContain(citizenOf(1));
  });

  it('publishes one list when two run at once', async () => {
    await fill('autumn');
    await freeze('autumn');
    const runs = await Promise.all([runDraw('autumn'), runDraw('autumn')]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const results = runs.map(({ output }) => /"result":"(\w+)"/.exec(output)?.[1]);
    expect(results.toSorted()).toEqual(['appended', 'exists']);
    expect(await published('autumn')).toEqual(expected('autumn'));
  });

  it('fails, and names both digests, when another list is published', async () => {
    await publish(0, event('other-list', 'received', 1));
    await publish(0, event('other-list', 'verified', 1));
    await freeze('other-list');
    const other = {
      v: 1,
      campaignId: 'other-list',
      lists: [{ voucher: 'dinner', entries: 1, digest: 'f'.repeat(64) }],
    };
    await logOf('other-list').append('listed', other, never);
    const { code, output } = await runDraw('other-list');
    expect(code).toBe(1);
    const { receiptNo, receiptSecret } = receiptOf('other-list', 1);
    const own = createHash('sha256')
      .update(entryOf('other-list', receiptNo, receiptSecret))
      .digest('hex');
    expect(output).toContain(`dinner 1 entry ${other.lists[0]?.digest}, and the journal gives dinner 1 entry ${own}`);
    expect(await published('other-list')).toEqual(other);
  });
});
