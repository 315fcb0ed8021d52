/** The Job `exclude` on a real nats-server, with its accounts at two campaigns: from sealed identity numbers to a list of hashes. */

import { hash, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { citizenHashOf } from '../../../app/core/receipt.ts';
import { sealingAad } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { sortHashes } from '../../../app/draw/sort-entries.ts';
import { DataKeyRing } from '../../../app/keys/key-ring.ts';
import { readWrapKeys } from '../../../app/keys/privacy-keys.ts';
import { createLog } from '../../../app/log.ts';
import { runExclude } from '../../../app/roles/exclude.ts';
import type { RunJob } from '../../../app/roles/role.ts';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../../contract/app-contract.ts';
import { readExcludedWinners } from '../../../contract/decisions/control-schema.ts';
import {
  chunkBitsOf,
  chunkKey,
  EXCLUDED_BYTES,
  excludedBucketName,
  excludedEntry,
  frozenExclusionOf,
} from '../../../contract/decisions/exclusion.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { eventSubject } from '../../../contract/names.ts';
import { createExcludedLists } from '../../../journal/excluded-lists.ts';
import { createControlLog } from '../../../journal/freeze/control.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { ensured, patiently } from '../../helpers/patiently.ts';
import { journalSpec } from '../../helpers/real-journal.ts';
import { factEvent, homeShard, receivedEvent, SHARDS } from '../../helpers/records.ts';

const [EARLIER, NEW] = ['spring', 'autumn'];
const PEOPLE = 12;
const signal = AbortSignal.timeout(120_000);
const dir = mkdtempSync(join(tmpdir(), 'voucher-exclude-'));
let journal: GuardedJournal;

beforeAll(async () => {
  journal = await startGuardedJournal([EARLIER, NEW]);
  await ensured(journal.admin, journalSpec({ campaignId: NEW, replicas: 1, hasExcluded: true }));
});
afterAll(async () => {
  await journal?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const folder = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
  const path = join(dir, name);
  await mkdir(path);
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
};
const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const numberOf = (person: number): string => `51010019900101${String(person).padStart(4, '0')}`;
const newHash = (person: number): string =>
  citizenHashOf(secretKey(Buffer.alloc(32, 9)), NEW, 'citizen', numberOf(person));

it('lists the winners of the earlier campaign in the new one, once, and its accounts may do no more', async () => {
  const privacyDir = await folder('earlier-privacy', {
    [PRIVACY_KEYS.citizen]: key(1),
    [PRIVACY_KEYS.canary]: key(2),
    'wrap-1.key': key(3),
  });
  const operator = await journal.connect(journal.access('operator'));
  const ring = new DataKeyRing({
    campaignId: EARLIER,
    store: createDataKeyStore(operator, EARLIER),
    readWrapKeys: () => readWrapKeys(privacyDir),
    clock: { now: () => Date.now() },
    onError: () => undefined,
  });
  await patiently('a data key', () => ring.load(signal));
  const stream = jetstream(operator.nats);
  const publish = (event: EventEnvelope) =>
    stream.publish(eventSubject(EARLIER, homeShard(event), event.type, event.receipt), encodeEnvelope(event), {
      msgID: `${event.receipt} ${event.type}`,
      timeout: 10_000,
    });
  for (let person = 0; person < PEOPLE; person += 1) {
    const plain = receivedEvent({ campaignId: EARLIER, citizen: person });
    const personal = Buffer.from(JSON.stringify({ name: 'x', idNumber: numberOf(person) }));
    const { keyId, sealed } = ring.seal(personal, sealingAad(EARLIER, plain.receipt));
    await publish({ ...plain, keyId, data: { ...plain.data, sealed } });
    if (person % 3 === 0) await publish(factEvent('won', { campaignId: EARLIER, citizen: person }));
    if (person === 3) await publish(factEvent('lost', { campaignId: EARLIER, citizen: person }));
  }

  const access = (campaignId: string) => journal.access({ campaignId, workload: 'exclude' });
  const earlierAccess = access(EARLIER);
  const dataPlaneDir = await folder('earlier-data-plane', {
    [DATA_PLANE_KEYS.natsUrl]: earlierAccess.urls.join(','),
    [DATA_PLANE_KEYS.natsUser]: earlierAccess.user,
    [DATA_PLANE_KEYS.natsPassword]: earlierAccess.password,
    [DATA_PLANE_KEYS.natsCa]: journal.ca,
  });
  const config = {
    podName: 'exclude-1',
    privacyDir: await folder('privacy', { [PRIVACY_KEYS.citizen]: key(9) }),
    app: { campaignId: NEW, shards: SHARDS },
    dataPlane: { journal: access(NEW), database: undefined },
    exclusion: { order: JSON.stringify({ of: EARLIER, uniqueness: 'perCitizen' }), privacyDir, dataPlaneDir },
  };
  const job = { config, log: createLog('silent', {}), signal } as unknown as Parameters<RunJob>[0];
  await runExclude(job);
  // Another run changes nothing.
  await runExclude(job);

  const control = createControlLog({ connection: operator, campaignId: NEW });
  const stored = await patiently('the entry', () => control.read(excludedEntry(EARLIER), signal));
  const winners = readExcludedWinners(stored?.value);
  expect(winners).toMatchObject({ of: EARLIER, entries: 3, winners: 3, unreadable: 0 });
  const asIntake = await journal.connect(journal.access({ campaignId: NEW, workload: 'intake' }));
  const lists = createExcludedLists({ connection: asIntake, campaignId: NEW });
  const found: number[] = [];
  for (let person = 0; person < PEOPLE; person += 1)
    if (await lists.has(frozenExclusionOf(winners), newHash(person), signal)) found.push(person);
  expect(found).toEqual([0, 6, 9]);

  const asDraw = await journal.connect(journal.access({ campaignId: NEW, workload: 'draw' }));
  const list = await createExcludedLists({ connection: asDraw, campaignId: NEW }).read(winners, signal);
  expect(list).toHaveLength(3 * 16);
  const other = { ...winners, digest: winners.digest.replace(/.$/, (last) => (last === '0' ? '1' : '0')) };
  await expect(createExcludedLists({ connection: asDraw, campaignId: NEW }).read(other, signal)).rejects.toThrow(
    'part of it is lost',
  );

  const asJob = await journal.connect(access(NEW));
  const won = factEvent('won', { campaignId: NEW, citizen: 1 });
  const publishing = jetstream(asJob.nats).publish(
    eventSubject(NEW, homeShard(won), 'won', won.receipt),
    encodeEnvelope(won),
    { timeout: 1_000, retries: 0 },
  );
  await expect(publishing).rejects.toThrow();
});

it('stores a list of many chunks, of which one person’s can be read, and notices one that is lost', async () => {
  const many = 5_000;
  const list = Buffer.from(new ArrayBuffer(many * EXCLUDED_BYTES));
  randomFillSync(list);
  sortHashes(list, EXCLUDED_BYTES);
  const summary = { of: 'older', entries: many, digest: hash('sha256', list), chunkBits: chunkBitsOf(many) };
  expect(summary.chunkBits).toBe(3);
  const asJob = await journal.connect(journal.access({ campaignId: NEW, workload: 'exclude' }));
  const lists = createExcludedLists({ connection: asJob, campaignId: NEW });
  await patiently('the list', () => lists.put(list, summary, signal));
  expect((await lists.read(summary, signal)).equals(list)).toBe(true);
  const last = list.subarray(-EXCLUDED_BYTES).toString('hex');
  expect(await lists.has(summary, `${last}${'0'.repeat(32)}`, signal)).toBe(true);
  expect(await lists.has(summary, '5'.repeat(64), signal)).toBe(false);
  const { nats } = await journal.connect(journal.access('operator'));
  const kv = await new Kvm(nats).open(excludedBucketName(NEW));
  await kv.purge(chunkKey(summary.digest, 5));
  await expect(lists.read(summary, signal)).rejects.toThrow('part of it is lost');
});
