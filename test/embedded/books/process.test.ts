/** The Job `books` as a process: three real nats-servers, sealed accounts, and a channel that signs and keeps books. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import { sealingAad } from '../../../app/core/sealing.ts';
import { DataKeyRing } from '../../../app/keys/key-ring.ts';
import { readWrapKeys } from '../../../app/keys/privacy-keys.ts';
import { createChannel } from '../../../app/outside/channels/channels.ts';
import { DATA_PLANE_KEYS, ENV, type LiveSettings, PRIVACY_KEYS, secretDirOf } from '../../../contract/app-contract.ts';
import type { IssuanceStart } from '../../../contract/decisions/control.ts';
import type { EventEnvelope, EventType } from '../../../contract/envelope.ts';
import { liveBucketName } from '../../../contract/names.ts';
import { type OutsideShares, sharesKey } from '../../../contract/outside/outside.ts';
import { type ReconcileOrder, reportIn } from '../../../contract/outside/reconcile.ts';
import type { IssuanceChannel } from '../../../contract/types/issuance.ts';
import { createControlLog } from '../../../journal/freeze/control.ts';
import { createHomePublisher } from '../../../journal/home-publisher.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { endProcess, type ManagedProcess, spawnManaged } from '../../../local/managed-process.ts';
import { systemClock } from '../../../runtime/clock.ts';
import {
  account,
  type ChannelWorld,
  channelWorlds,
  STOCK,
  type Worlds,
} from '../../component/channels/channel-world.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, startRealJournal } from '../../helpers/real-journal.ts';
import { factEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'spring';
const POD = 'books-1';
const WINNERS = 24;
const SKIPPED = 5;
const MAIN = join(import.meta.dirname, '../../../app/main.ts');
const WON_AT = '2020-10-01T00:00:00.000Z';
let journal: Awaited<ReturnType<typeof startRealJournal>>;
let worlds: Worlds;
let world: ChannelWorld;
let pod: ManagedProcess | undefined;

beforeAll(async () => {
  [journal, worlds] = await Promise.all([startRealJournal(), channelWorlds('wechat')]);
  await journal.ensured({ consumers: ['records', 'issuance'] });
  world = await worlds.start();
});
afterAll(async () => {
  if (pod !== undefined) await endProcess(pod, 'SIGTERM', 10_000);
  await worlds?.close();
  await journal?.stop();
});

const writeFiles = async (dir: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
};

const settingsOf = (channel: IssuanceChannel): LiveSettings => ({
  v: 1,
  generation: 1,
  title: { 'zh-CN': '春', en: 'Spring' },
  window: { opensAt: '2020-09-25T01:00:00Z', closesAt: '2020-09-26T16:00:00Z' },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  vouchers: [],
  draw: { unverified: 'exclude' },
  traffic: { admissionPerSecond: 100, intakePods: 1, burstSeconds: 1 },
  sections: { issuance: { secretName: 'voucher-issuance', channels: [channel] } },
});

it('asks the channel for every request at its share, and names the one that was skipped', async () => {
  const { dir, access, connection, admin } = journal;
  const newKey = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
  const privacyDir = await writeFiles(join(dir, 'privacy'), {
    [PRIVACY_KEYS.citizen]: newKey(1),
    [PRIVACY_KEYS.canary]: newKey(2),
    'wrap-1.key': newKey(3),
  });
  const dataPlaneDir = await writeFiles(join(dir, 'data-plane'), {
    [DATA_PLANE_KEYS.natsUrl]: access.urls.join(','),
    [DATA_PLANE_KEYS.natsUser]: access.user,
    [DATA_PLANE_KEYS.natsPassword]: access.password,
  });
  const app = {
    ...{ v: 1, campaignId: CAMPAIGN, namespace: 'city', campaignName: 'spring-2020', site: 'default' },
    ...{ shards: SHARDS, journalReplicas: 3, tiers: ['intake', 'records', 'issuance'] },
  };
  const configDir = await writeFiles(join(dir, 'config'), { 'config.json': JSON.stringify(app) });

  const channel: IssuanceChannel = {
    ...{ name: 'wechat', url: world.url, merchant: world.merchant, appId: world.appId, requestsPerSecond: 500 },
    ...{ timeZone: 'Asia/Shanghai', stocks: [{ voucher: 'dining', stock: STOCK }] },
  };
  const start: IssuanceStart = {
    ...{
      v: 1,
      campaignId: CAMPAIGN,
      at: WON_AT,
      by: 'liu',
      format: 'vi1',
      streams: ['a', 'b', 'c'],
      queryFirst: false,
    },
    channels: [
      {
        ...{ channel: 'wechat', merchant: world.merchant, appId: world.appId },
        stocks: [{ voucher: 'dining', stock: STOCK, faceValueFen: 2_000, minimumSpendFen: 6_000 }],
      },
    ],
  };
  await patiently('the settings', () => admin.putLiveSettings(CAMPAIGN, settingsOf(channel), never));
  await patiently('the start', () =>
    createControlLog({ connection, campaignId: CAMPAIGN }).append('issuance', start, never),
  );
  const shares: OutsideShares = { v: 1, targets: { wechat: { perSecond: { [POD]: 100 } } } };
  const kv = await new Kvm(connection.nats).open(liveBucketName(CAMPAIGN));
  await patiently('the shares', () => kv.put(sharesKey('issuance'), JSON.stringify(shares)));

  const ring = new DataKeyRing({
    campaignId: CAMPAIGN,
    store: createDataKeyStore(connection, CAMPAIGN),
    readWrapKeys: () => readWrapKeys(privacyDir),
    clock: { now: () => Date.now() },
    onError: () => undefined,
  });
  await patiently('a data key', () => ring.load(never));
  const client = await createChannel(channel, { keysDir: world.keys.productDir, clock: systemClock });
  const of = { connection, campaignId: CAMPAIGN, shards: SHARDS, monotonicMs: () => performance.now() };
  const publish = createHomePublisher(of);
  for (let n = 0; n < WINNERS; n += 1) {
    const request = `REQUEST${n}`;
    const fact = (type: EventType, data: object, more: object = {}): EventEnvelope =>
      factEvent(type, { campaignId: CAMPAIGN, citizen: n, data: { voucher: 'dining', ...data }, ...more });
    const { receipt } = fact('won', {});
    const { keyId, sealed } = ring.seal(
      Buffer.from(JSON.stringify({ account: account('wechat', n) })),
      sealingAad(CAMPAIGN, receipt),
    );
    const issue = { stock: STOCK, account: account('wechat', n), request, wonAt: WON_AT };
    const answer = n === SKIPPED ? undefined : await client.issue(issue, never);
    const coupon = answer?.kind === 'issued' ? answer.coupon : 'never-issued';
    const accountHash = 'ab'.repeat(32);
    await publish(fact('won', {}), never);
    await publish(
      { ...fact('issuing', { channel: 'wechat', request, sealed, wonAt: WON_AT }, { accountHash }), keyId },
      never,
    );
    await publish(fact('issued', { channel: 'wechat', request, coupon }), never);
  }

  const order: ReconcileOrder = { by: 'liu', at: new Date().toISOString(), requests: 'all' };
  const logFile = join(dir, 'books.log');
  pod = spawnManaged({
    name: POD,
    command: process.execPath,
    args: [MAIN],
    env: {
      PATH: process.env['PATH'] ?? '',
      [ENV.role]: 'books',
      [ENV.podName]: POD,
      [ENV.configDir]: configDir,
      [ENV.privacyDir]: privacyDir,
      [ENV.dataPlaneDir]: dataPlaneDir,
      [secretDirOf('channels')]: world.keys.productDir,
      [ENV.host]: '127.0.0.1',
      [ENV.portAdmin]: '0',
      [ENV.reconcileOrder]: JSON.stringify(order),
    },
    logFile,
  });
  const { code } = await pod.exited;
  const log = await readFile(logFile, 'utf8');
  expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
  const report = reportIn(log);
  expect(report?.vouchers).toMatchObject([{ voucher: 'dining', winners: WINNERS, issued: WINNERS }]);
  expect(report?.asked).toEqual([
    { channel: 'wechat', questions: WINNERS, agree: WINNERS - 1, open: 0, unanswered: 0 },
  ]);
  expect(report?.mismatches).toEqual([
    { kind: 'missingThere', channel: 'wechat', voucher: 'dining', request: `REQUEST${SKIPPED}` },
  ]);
  expect(report?.stocks).toMatchObject([{ issued: WINNERS, theirsAfter: WINNERS - 1, result: 'differs' }]);
  for (let n = 0; n < WINNERS; n += 1) expect(log).not.toContain(account('wechat', n));
});
