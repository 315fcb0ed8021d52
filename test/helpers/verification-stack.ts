/** Verification pods as processes, on three real nats-servers and a local provider; and the citizens that they judge. */
import { join } from 'node:path';
import { nanos } from '@nats-io/transport-node';
import { deriveReceipt } from '../../app/core/receipt.ts';
import { sealingAad } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { secretDirOf } from '../../contract/app-contract.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { consumerName, shardStreamName } from '../../contract/names.ts';
import { citizenOf as personOf } from '../../local/load/citizen.ts';
import { startTencentServer } from '../../local/providers/tencent-server.ts';
import { sourceErrorsOf, truthOf } from '../../local/providers/truth.ts';
import { createPodWorld, writeFiles } from './pod-world.ts';
import { never, startRealJournal } from './real-journal.ts';
import { citizenOf, SHARDS } from './records.ts';

const CAMPAIGN = 'spring';
const KEYS = { secretId: 'id', secretKey: 'key' };
const VERDICTS = { match: 'verified', mismatch: 'rejected', no_record: 'manual_review' } as const;

interface VerificationStackOptions {
  readonly latencyMs: number;
  /** Of the verification tier's consumers; left out: as the operator creates them. */
  readonly ackWaitMs?: number;
}

export const startVerificationStack = async ({ latencyMs, ackWaitMs }: VerificationStackOptions) => {
  const journal = await startRealJournal();
  await journal.ensured({ consumers: ['records', 'verification'] });
  for (let shard = 0; ackWaitMs !== undefined && shard < SHARDS; shard += 1)
    await journal.manager.consumers.update(shardStreamName(CAMPAIGN, shard), consumerName('verification'), {
      ack_wait: nanos(ackWaitMs),
    });
  const provider = await startTencentServer(() => KEYS, {
    latencyMs,
    limits: { perSecond: 100, perName: 1_000_000, perNumber: 1_000_000 },
  });
  const keysDir = await writeFiles(join(journal.dir, 'providers'), {
    'tencent.secret-id': KEYS.secretId,
    'tencent.secret-key': KEYS.secretKey,
  });
  const tencent = {
    name: 'tencent',
    type: 'TencentIdCard',
    url: provider.url,
    requestsPerSecond: 100,
    timeZone: 'Asia/Shanghai',
    order: 1,
    weight: 1,
  };
  const world = await createPodWorld(journal, {
    campaignId: CAMPAIGN,
    tier: 'verification',
    sections: { verification: { secretName: 'voucher-verification', providers: [tencent] } },
    env: { [secretDirOf('providers')]: keysDir },
  });
  const { ring, publish } = world;

  /** People whose source fails more than once are left out: with the deliveries of an outage they take half a minute. */
  const people = Array.from({ length: 1_000 }, (_, index) => index).filter(
    (index) => sourceErrorsOf(personOf(1, index).idNumber) <= 1,
  );
  /** By receipt: the verdict that the provider's own rule asks for. */
  const expected = new Map<string, string>();
  const register = async (index: number): Promise<void> => {
    const { name, idNumber, phone } = personOf(1, index);
    const citizenHash = citizenOf(index);
    const { receiptNo } = deriveReceipt(secretKey(Buffer.alloc(32, 1)), CAMPAIGN, citizenHash, `key-${index}`);
    const fields = Buffer.from(JSON.stringify({ name, idType: 'CN_ID', idNumber, phone }));
    const { keyId, sealed } = ring.seal(fields, sealingAad(CAMPAIGN, receiptNo));
    const event: EventEnvelope = {
      v: 1,
      id: receiptNo,
      type: 'received',
      kind: 'citizen',
      campaignId: CAMPAIGN,
      receipt: receiptNo,
      citizenHash,
      at: new Date().toISOString(),
      site: 'default',
      keyId,
      data: { sealed, channel: 'wechat', category: 'dining', locale: 'zh-CN', policyVersion: '1' },
    };
    await publish(event, never);
    expected.set(receiptNo, VERDICTS[truthOf({ name, idNumber })]);
  };

  return {
    ...world,
    journal,
    provider,
    expected,
    async register(count: number) {
      for (let from = expected.size; from < count; from += 50) {
        await Promise.all(
          Array.from({ length: Math.min(50, count - from) }, (_, i) => register(people[from + i] ?? 0)),
        );
      }
    },
    share: (perSecond: Readonly<Record<string, number>>) => world.share({ tencent: perSecond }),
    /** By receipt: the types of its verdicts that the journal has. */
    async verdicts(): Promise<ReadonlyMap<string, readonly string[]>> {
      const found = new Map<string, string[]>();
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const filter = { subjects_filter: `reg.${CAMPAIGN}.${shard}.>` };
        const { state } = await journal.manager.streams.info(shardStreamName(CAMPAIGN, shard), filter);
        for (const [subject, messages] of Object.entries(state.subjects ?? {})) {
          const [, , , type = '', receipt = ''] = subject.split('.');
          if (type === 'received') continue;
          found.set(receipt, [...(found.get(receipt) ?? []), ...Array<string>(messages).fill(type)]);
        }
      }
      return found;
    },
    /** Deliveries to its consumers since these exist: from zero when the positions are lost. */
    async deliveries(): Promise<number> {
      const shards = Array.from({ length: SHARDS }, (_, shard) => shardStreamName(CAMPAIGN, shard));
      const infos = await Promise.all(shards.map((name) => journal.manager.consumers.info(name, 'verification')));
      return infos.reduce((sum, { delivered }) => sum + delivered.consumer_seq, 0);
    },
    async stop() {
      await world.stopPods();
      await provider.close();
      await journal.stop();
    },
  };
};

export type VerificationStack = Awaited<ReturnType<typeof startVerificationStack>>;
