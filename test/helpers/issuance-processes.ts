/** Issuance pods as processes, on three real nats-servers and local channels; and the winners that they issue to. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nanos } from '@nats-io/transport-node';
import { sealingAad } from '../../app/core/sealing.ts';
import { ENV, secretDirOf } from '../../contract/app-contract.ts';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { CHANNELS, type Channel, type EventEnvelope } from '../../contract/envelope.ts';
import { consumerName, shardStreamName } from '../../contract/names.ts';
import { consumersOf } from '../../contract/tiers.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { type Books, bookLines, compareBooks, type Expected, readBooks } from '../../local/channels/books.ts';
import { createChannelKeys } from '../../local/channels/keys.ts';
import { startChannels } from '../../local/channels/process.ts';
import { accountOf } from '../../local/channels/truth.ts';
import type { ChannelVoucher } from '../../local/ledger-check/issued.ts';
import { spawnManaged } from '../../local/managed-process.ts';
import { patiently } from './patiently.ts';
import { createPodWorld } from './pod-world.ts';
import { never, startRealJournal } from './real-journal.ts';
import { factEvent, SHARDS } from './records.ts';

const CAMPAIGN = 'spring';
const VOUCHER = 'dining';
const STOCK = '9856000';
/** Winners whose facts are published at once. */
const AT_ONCE = 200;
const IDS: Readonly<Record<Channel, { readonly merchant: string; readonly appId: string }>> = {
  wechat: { merchant: '1900000001', appId: 'wx0123456789abcdef' },
  alipay: { merchant: '2021000000000001', appId: '2021000000000001' },
  unionpay: { merchant: 'a5949221470c4059b9b0b45a90c81527', appId: 'a5949221470c4059b9b0b45a90c81527' },
};

export interface IssuanceOptions {
  /** Of each channel. */
  readonly perSecond?: number;
  /** Of the consumers; left out: as the operator creates them. */
  readonly ackWaitMs?: number | undefined;
  /** Of the pods, for Node. */
  readonly nodeArgs?: readonly string[];
}

export const startIssuanceProcesses = async (options: IssuanceOptions = {}) => {
  const { perSecond = 100, ackWaitMs, nodeArgs = [] } = options;
  const journal = await startRealJournal();
  const { dir, manager, connection } = journal;
  await journal.ensured({ consumers: ['records', 'issuance'], hasClaims: true });
  for (let shard = 0; ackWaitMs !== undefined && shard < SHARDS; shard += 1)
    for (const lane of consumersOf('issuance'))
      await manager.consumers.update(shardStreamName(CAMPAIGN, shard), consumerName('issuance', lane), {
        ack_wait: nanos(ackWaitMs),
      });
  const booksDir = join(dir, 'books');
  await mkdir(booksDir);
  const keys = await createChannelKeys(join(dir, 'channel-keys'));
  const terms = { stock: STOCK, faceValueFen: 2_000, minimumSpendFen: 6_000, total: 1_000_000 };
  const servers = await startChannels({
    channels: CHANNELS.map((channel) => ({ channel, ...IDS[channel], perSecond, stocks: [terms] })),
    keysDir: keys.serverDir,
    booksDir,
    logFile: join(dir, 'channels.log'),
    spawn: spawnManaged,
    signal: never,
  });
  const channels = CHANNELS.map((name) => ({
    name,
    url: servers.of(name).url,
    ...IDS[name],
    requestsPerSecond: perSecond,
    timeZone: 'Asia/Shanghai',
    stocks: [{ voucher: VOUCHER, stock: STOCK }],
  }));
  const world = await createPodWorld(journal, {
    campaignId: CAMPAIGN,
    tier: 'issuance',
    sections: { issuance: { secretName: 'voucher-issuance', channels } },
    env: { [secretDirOf('channels')]: keys.productDir, [ENV.portHttp]: '0' },
    nodeArgs,
  });
  const { ring, publish } = world;
  const infos = await Promise.all(
    Array.from({ length: SHARDS }, (_, shard) => manager.streams.info(shardStreamName(CAMPAIGN, shard))),
  );

  const expected: Expected[] = [];
  const announceOne = async (citizen: number, only?: Channel): Promise<void> => {
    const channel = only ?? CHANNELS[citizen % CHANNELS.length] ?? 'wechat';
    const account = accountOf(channel, 1, citizen);
    const bound = factEvent('bound', { citizen, accountHash: 'c'.repeat(64) });
    const fields = Buffer.from(JSON.stringify({ account }));
    const { keyId, sealed } = ring.seal(fields, sealingAad(CAMPAIGN, bound.receipt));
    const facts: readonly EventEnvelope[] = [
      { ...bound, keyId, data: { channel, sealed } },
      factEvent('won', { citizen, data: { voucher: VOUCHER } }),
    ];
    for (const fact of facts) await publish(fact, never);
    expected.push({ channel, account, stock: STOCK });
  };

  return {
    ...world,
    journal,
    servers,
    channels,
    campaignId: CAMPAIGN,
    /** What the voucher is called: `<channel> <voucher>` to stock. */
    stocks: Object.fromEntries(CHANNELS.map((channel) => [`${channel} ${VOUCHER}`, STOCK])),
    /** For readers that are not the product. */
    access: {
      natsUrl: journal.access.urls.join(','),
      natsUser: journal.access.user,
      natsPassword: journal.access.password,
      campaignId: CAMPAIGN,
      shards: SHARDS,
    },
    accounts: (): readonly string[] => expected.map(({ account }) => account),
    /** @param only the channel of all of them; each in turn unless stated */
    async announce(count: number, only?: Channel) {
      const first = expected.length;
      for (let from = first; from < first + count; from += AT_ONCE) {
        const many = Math.min(AT_ONCE, first + count - from);
        await Promise.all(Array.from({ length: many }, (_, i) => announceOne(from + i, only)));
      }
    },
    /** As the operator appends it for an owner. */
    async startIssuance() {
      const start: IssuanceStart = {
        v: 1,
        campaignId: CAMPAIGN,
        at: new Date().toISOString(),
        by: 'owner',
        format: 'vi1',
        channels: CHANNELS.map((channel) => ({
          channel,
          ...IDS[channel],
          stocks: [{ voucher: VOUCHER, stock: STOCK, faceValueFen: 2_000, minimumSpendFen: 6_000 }],
        })),
        streams: infos.map(({ created }) => created),
        queryFirst: false,
      };
      const log = createControlLog({ connection, campaignId: CAMPAIGN });
      await patiently('the start of issuance', () => log.append('issuance', start, never));
    },
    share: (perSecond: Readonly<Record<string, number>>) =>
      world.share(Object.fromEntries(CHANNELS.map((channel) => [channel, perSecond]))),
    books: (): Promise<Books> => readBooks(booksDir),
    /** Each voucher of the books. */
    async vouchers(): Promise<readonly ChannelVoucher[]> {
      const all: ChannelVoucher[] = [];
      for (const channel of CHANNELS)
        for await (const line of bookLines(booksDir, channel)) if (!('used' in line)) all.push({ channel, ...line });
      return all;
    },
    /** What the channels' books lack, and what they have too much. */
    gaps: () => compareBooks(booksDir, expected),
    async stop() {
      await world.stopPods();
      await servers.stop();
      await journal.stop();
    },
  };
};

export type IssuanceProcesses = Awaited<ReturnType<typeof startIssuanceProcesses>>;
