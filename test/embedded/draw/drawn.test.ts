/**
 * The draw's Job as it runs in pods, with its own account, on a real nats-server, with drand from a local relay: two at once, of which one
 * is killed, and a third one that goes on.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { checkReceipt } from '../../../app/draw/bundle/check.ts';
import { verifyBundle } from '../../../app/draw/bundle/verify.ts';
import { chainFrom, drandChains } from '../../../app/draw/sources/drand.ts';
import { hasLost } from '../../../app/intake/lost.ts';
import { BUNDLE_KEYS, DATA_PLANE_KEYS, ENV, PRIVACY_KEYS } from '../../../contract/app-contract.ts';
import { type ChainState, chainState } from '../../../contract/decisions/draw-chain.ts';
import type { DrawOrder } from '../../../contract/decisions/draw-order.ts';
import { type EventEnvelope, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import { createControlLog, createDrawChain, type DrawChain } from '../../../journal/freeze/control.ts';
import { createDrawnReceipts } from '../../../journal/receipts/drawn-receipt.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { bundleProblem, spoil } from '../../../local/demo/draw.ts';
import { createLocalChain } from '../../../local/drand/chain.ts';
import { type RelayServer, startRelay } from '../../../local/drand/relay.ts';
import { firstDigits } from '../../../operator/draw/commands.ts';
import { nextEntered } from '../../../operator/draw/draw-keeper.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { type ObjectStore, REGION, startObjectStore } from '../../helpers/object-store.ts';
import { never } from '../../helpers/real-journal.ts';
import { citizenOf, homeShard, instant, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
const CITIZEN_KEY = Buffer.alloc(32, 3);
const PEOPLE = 300;
const ROOT = join(import.meta.dirname, '../../..');
const GENESIS_SECONDS = Math.floor(Date.now() / 1_000) - 600;
const drand = createLocalChain({ seed: 'drawn.test', genesisSeconds: GENESIS_SECONDS, periodSeconds: 1 });
const chains = drandChains(chainFrom(drand.info));
const valuesFor = (digest: string) =>
  new Map([['lottery', ['alice', 'bob'].map((by) => ({ by, value: '03 11', commitment: firstDigits(digest) }))]]);

let journal: GuardedJournal;
let relay: RelayServer;
let store: ObjectStore;
/** Sequences, by shard. */
const barriers: number[] = [];
const monotonicMs = (): number => performance.now();
let chain: DrawChain;
let dir: string;
const children: ChildProcess[] = [];

const receiptOf = (person: number) => deriveReceipt(secretKey(CITIZEN_KEY), campaignId, citizenOf(person), 'key');
const event = (type: EventEnvelope['type'], person: number): EventEnvelope => {
  const { receiptNo } = receiptOf(person);
  const data = { sealed: 'c2Vh', channel: 'wechat', category: 'dinner', locale: 'zh-CN', policyVersion: '1' };
  return {
    v: 1,
    id: type === 'received' ? receiptNo : `${receiptNo}.${type}`,
    type,
    kind: 'citizen',
    campaignId,
    receipt: receiptNo,
    citizenHash: citizenOf(person),
    at: instant(person),
    site: 'default',
    keyId: '',
    data: type === 'received' ? { ...data, category: person % 3 === 0 ? 'sport' : 'dinner' } : {},
  };
};

/** Everyone registered; every tenth has withdrawn. */
const fillAndFreeze = async (): Promise<void> => {
  const connection = await journal.connect(journal.access('operator'));
  const stream = jetstream(connection.nats);
  const put = async (one: EventEnvelope, shard = homeShard(one)): Promise<number> => {
    const subject = eventSubject(campaignId, shard, one.type, one.receipt);
    return (await stream.publish(subject, encodeEnvelope(one), { timeout: 10_000 })).seq;
  };
  const people = Array.from({ length: PEOPLE }, (_, person) => person);
  await Promise.all(people.map((person) => put(event('received', person))));
  await Promise.all(people.filter((person) => person % 10 === 9).map((person) => put(event('withdrawn', person))));
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const barrier = { ...event('barrier', 0), id: `barrier.${shard}`, receipt: NO_RECEIPT, citizenHash: NO_CITIZEN };
    barriers.push(await put(barrier, shard));
  }
  const frozen = { v: 1, campaignId, at: new Date().toISOString(), barriers, unverified: 'unchecked' } as const;
  await createControlLog({ connection, campaignId }).append('frozen', frozen, never);
  chain = createDrawChain({ connection, campaignId });
};

const write = async (folder: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
};

interface Job {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<unknown>;
}

const startJob = async (order: DrawOrder): Promise<Job> => {
  const { urls, user, password, ca = '' } = journal.access({ campaignId, workload: 'draw' });
  const config = {
    ...{ v: 1, campaignId, namespace: 'city', campaignName: campaignId, site: 'default' },
    ...{ shards: SHARDS, journalReplicas: 1, tiers: ['intake', 'records'] },
  };
  const env = {
    [ENV.role]: 'draw',
    [ENV.podName]: `draw-${children.length}`,
    [ENV.configDir]: await write(join(dir, 'config'), { 'config.json': JSON.stringify(config) }),
    [ENV.privacyDir]: await write(join(dir, 'privacy'), { [PRIVACY_KEYS.citizen]: CITIZEN_KEY.toString('base64') }),
    [ENV.dataPlaneDir]: await write(join(dir, 'data-plane'), {
      [DATA_PLANE_KEYS.natsUrl]: urls.join(','),
      [DATA_PLANE_KEYS.natsUser]: user,
      [DATA_PLANE_KEYS.natsPassword]: password,
      [DATA_PLANE_KEYS.natsCa]: ca,
    }),
    [ENV.drawOrder]: JSON.stringify(order),
    [ENV.bundleDir]: join(dir, 'bundles'),
    [ENV.bundleStore]: JSON.stringify({ url: store.url, region: REGION, bucket: 'draws', style: 'Path' }),
    [ENV.bundleKeysDir]: await write(join(dir, 'bundle-keys'), {
      [BUNDLE_KEYS.accessKeyId]: store.keys.accessKeyId,
      [BUNDLE_KEYS.secretAccessKey]: store.keys.secretAccessKey,
    }),
    [ENV.drandChain]: JSON.stringify(drand.info),
  };
  const child = spawn(process.execPath, [join(ROOT, 'app/main.ts'), 'draw'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  return { child, output: () => output, exited: once(child, 'close') };
};

const state = async (): Promise<ChainState> => chainState(campaignId, await chain.read(never));

/** Results by receipt: each of its facts once. */
const facts = async (...types: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const connection = await journal.connect(journal.access('operator'));
  const replay = createJournalReplay({ connection, campaignId });
  const found = new Map<string, Set<string>>();
  for (let shard = 0; shard < SHARDS; shard += 1) {
    for await (const batch of replay.replay(shard, 1, never)) {
      for (const { data } of batch) {
        const { type, receipt, at }: EventEnvelope = JSON.parse(Buffer.from(data).toString());
        if (!(types.length === 0 ? ['won', 'waitlisted'] : types).includes(type)) continue;
        found.set(receipt, (found.get(receipt) ?? new Set()).add(`${type} ${at}`));
      }
    }
  }
  return found;
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-drawn-'));
  relay = await startRelay(drand);
  store = await startObjectStore();
  journal = await startGuardedJournal([campaignId]);
  await fillAndFreeze();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await relay?.close();
  await store?.close();
  await journal?.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('the draw', () => {
  it('has one result with facts and a bundle that verifies, although one of two Jobs is killed', async () => {
    const order: DrawOrder = {
      authorizedBy: 'owner',
      vouchers: [
        { voucher: 'dinner', quota: 120, waitlist: 12 },
        { voucher: 'sport', quota: 50, waitlist: 5 },
      ],
      sources: [
        { name: 'drand', type: 'Drand', relays: [relay.url] },
        { name: 'lottery', type: 'PublicValue', description: 'numbers' },
      ],
      leadSeconds: 10,
      postponeSeconds: 3_600,
    };
    const first = await startJob(order);
    await first.exited;
    expect(first.child.exitCode).toBe(0);
    expect(first.output()).toContain('two people have not entered the value of lottery yet');
    const committed = await state();
    expect(committed.committed).toMatchObject({ attempt: 1, authorizedBy: 'owner' });
    const entered = nextEntered(committed, valuesFor(committed.committed?.digest ?? ''), campaignId, Date.now());
    if (entered === undefined) throw new Error('nothing to enter');
    expect(await chain.append(entered, committed.last, never)).toBe(true);
    expect(await chain.append(entered, committed.last, never)).toBe(false);

    const [killed, other] = [await startJob(order), await startJob(order)];
    const isAppended = (): boolean => /"step":"(sourced|drawn)"/.test(killed.output() + other.output());
    await eventually(async () => isAppended() || killed.child.exitCode !== null, { what: 'a step of one of two Jobs' });
    killed.child.kill('SIGKILL');
    await other.exited;
    expect(other.child.exitCode).toBe(0);
    const last = await startJob(order);
    await last.exited;
    expect(last.child.exitCode).toBe(0);

    const { drawn, announced, ignored } = await state();
    expect(ignored).toEqual([]);
    expect(announced).toMatchObject({ won: 170, waitlisted: 17 });
    const results = await facts();
    const of = (type: string) => [...results.values()].filter((one) => [...one].join() === `${type} ${drawn?.at}`);
    expect([of('won').length, of('waitlisted').length, results.size]).toEqual([170, 17, 187]);

    const bundle = join(dir, 'bundles', campaignId);
    const verified = await verifyBundle(bundle, chains, { result: drawn?.digest ?? '' }, never);
    expect(verified).toMatchObject({ kind: 'verified' });
    const python = await promisify(execFile)('python3', [join(ROOT, 'docs/draw/verify.py'), bundle]).catch(
      (error: NodeJS.ErrnoException) => error,
    );
    // Machines without Python verify with the product alone.
    if (!('code' in python) || python.code !== 'ENOENT')
      expect(python).toMatchObject({ stdout: expect.stringContaining('RIGHT') });
    const outcomes = new Set<string | undefined>();
    for (let person = 0; person < 40; person += 1) {
      const { receiptNo: no, receiptSecret: secret } = receiptOf(person);
      const outcome = (await checkReceipt(bundle, { no, secret }, never)).place?.outcome;
      const [fact] = results.get(no) ?? [];
      expect([person, fact?.split(' ')[0] ?? (person % 10 === 9 ? undefined : 'lost')]).toEqual([person, outcome]);
      outcomes.add(outcome);
    }
    expect(outcomes).toContain('won');
    expect(outcomes).toContain('lost');

    expect(store.stored.at(-1)).toBe(`draws/${campaignId}/result.json`);
    expect(store.objects.get(`draws/${campaignId}/result.json`)).toEqual(await readFile(join(bundle, 'result.json')));
    expect(store.refusals).toEqual([]);

    // With the account of an intake.
    const intake = await journal.connect(journal.access({ campaignId, workload: 'intake' }));
    const receipts = createDrawnReceipts({ connection: intake, campaignId, shards: SHARDS, monotonicMs });
    const announcedDraw = { barriers, unverified: 'unchecked' } as const;
    const isLost = async (person: number): Promise<boolean | undefined> => {
      const found = await receipts.find(receiptOf(person).receiptNo);
      return found === undefined ? undefined : hasLost(found, announcedDraw);
    };
    for (let person = 0; person < 40; person += 1) {
      const { receiptNo: no, receiptSecret: secret } = receiptOf(person);
      const { place } = await checkReceipt(bundle, { no, secret }, never);
      expect([person, await isLost(person)]).toEqual([person, place?.outcome === 'lost']);
    }

    // An owner lets the next move up; the Job that does it is created by the operator.
    const people = Array.from({ length: PEOPLE }, (_, person) => person);
    const typeOf = (person: number): string => [...(results.get(receiptOf(person).receiptNo) ?? [])].join();
    const winner = people.find((person) => typeOf(person).startsWith('won'));
    const promotion = { command: 'ab'.repeat(32), by: 'owner', reason: 'no account', falls: '' };
    const falls = receiptOf(winner ?? -1).receiptNo;
    const promoting = await startJob({ ...order, bindBy: 'none', promotions: [{ ...promotion, falls }] });
    await promoting.exited;
    expect(promoting.child.exitCode).toBe(0);
    const { promoted, recorded, ignored: none } = await state();
    expect([promoted.length, recorded, none]).toEqual([1, 1, []]);
    const [up] = promoted;
    const moved = [...(await facts('promoted'))].map(([receipt, [fact = '']]) => [receipt, fact]);
    const [receipt = ''] = moved[0] ?? [];
    expect(moved).toEqual([[receipt, `promoted ${up?.at}`]]);
    expect(results.get(receipt)).toEqual(new Set([`waitlisted ${drawn?.at}`]));

    // The demo's own check, and its two sabotages.
    await write(dir, { 'drand-chain.json': JSON.stringify(drand.info) });
    const result = drawn?.digest ?? '';
    expect(await bundleProblem(bundle, { result }, never)).toBeUndefined();
    await spoil(bundle, 'dinner', 'tamper-bundle');
    expect(await bundleProblem(bundle, { result }, never)).toContain('dinner/winners.bin');
    await spoil(bundle, 'dinner', 'drop-entry');
    expect(await bundleProblem(bundle, { result }, never)).toContain('dinner/entries.bin');
  });
});
