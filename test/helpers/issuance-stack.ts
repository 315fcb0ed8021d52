/** Pods of the issuance tier on three real nats-servers, in this process, with channels that keep books. */
import { nanos } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import type { ChannelClient } from '../../app/issuance/ports.ts';
import type { Settled, TierPart } from '../../app/worker/part.ts';
import { runWorker } from '../../app/worker/run-worker.ts';
import { CHANNELS, type Channel, type EventEnvelope } from '../../contract/envelope.ts';
import { parseEnvelope } from '../../contract/envelope-schema.ts';
import { consumerName, shardStreamName } from '../../contract/names.ts';
import { consumersOf } from '../../contract/tiers.ts';
import { createAppendIssuing, createHomePublisher } from '../../journal/home-publisher.ts';
import { createJournalReader } from '../../journal/reader.ts';
import type { Stored } from '../../journal/reading.ts';
import { createFactLookup, type FactLookup } from '../../journal/receipts/facts.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { createStreamCreatedAt } from '../../journal/streams/created-at.ts';
import { eventually } from './eventually.ts';
import { aStart, bound, CAMPAIGN, createPod, type JournalOfPod, won } from './issuance.ts';
import { patiently } from './patiently.ts';
import { publishOnce } from './publish-once.ts';
import { never, startRealJournal } from './real-journal.ts';
import { SHARDS } from './records.ts';
import { createBooks } from './scripted-channel.ts';

/** Instead of 30 s: what a pod had in hand that died, or is slow, comes to another one. */
const ACK_WAIT_MS = 3_000;
const LONGEST_DELAY_MS = 300;
const monotonicMs = (): number => performance.now();
const shardsOf = Array.from({ length: SHARDS }, (_, shard) => shard);

/** What waits comes again soon: the delays of the product are for outages that last. */
const impatient = (part: TierPart<Settled>): TierPart<Settled> => ({
  ...part,
  async commit(messages, signal) {
    const { setAside, givenBack = [] } = await part.commit(messages, signal);
    const soon = givenBack.map((one) => ({ ...one, delayMs: Math.min(one.delayMs, LONGEST_DELAY_MS) }));
    return { setAside, givenBack: soon };
  },
});

export const startIssuanceStack = async () => {
  const journal = await startRealJournal();
  const { manager, connection } = journal;
  const of = { connection, campaignId: CAMPAIGN, shards: SHARDS, monotonicMs };
  const books = createBooks();

  const ensure = async (): Promise<void> => {
    await journal.ensured({ consumers: ['records', 'issuance'] });
    for (const shard of shardsOf)
      for (const lane of consumersOf('issuance'))
        await manager.consumers.update(shardStreamName(CAMPAIGN, shard), consumerName('issuance', lane), {
          ack_wait: nanos(ACK_WAIT_MS),
        });
  };
  await ensure();
  const createdAt = createStreamCreatedAt(of);
  const createdNow = () =>
    Promise.all(
      shardsOf.map((shard) => eventually(() => createdAt(shard, never), { what: `the stream of shard ${shard}` })),
    );
  const start = aStart({ streams: await createdNow() });

  const stored = async (): Promise<readonly Stored[][]> => {
    const { replay } = createJournalReplay({ connection, campaignId: CAMPAIGN });
    const read = async (shard: number): Promise<Stored[]> => {
      const messages: Stored[] = [];
      for await (const batch of replay(shard, 1, never)) messages.push(...batch);
      return messages;
    };
    return Promise.all(shardsOf.map((shard) => patiently(`the messages of shard ${shard}`, () => read(shard))));
  };
  const events = async (): Promise<readonly EventEnvelope[]> =>
    (await stored()).flat().flatMap(({ data }) => {
      const parsed = parseEnvelope(data);
      return parsed.kind === 'valid' ? [parsed.event] : [];
    });

  const running: { readonly ended: AbortController; readonly done: Promise<unknown> }[] = [];
  return {
    journal,
    books,
    createdNow,
    events,
    /** A winner for each index, with an account. */
    async announce(from: number, to: number) {
      const publish = createHomePublisher(of);
      const facts = Array.from({ length: to - from }, (_, i) => from + i).flatMap((citizen) => [
        bound(CHANNELS[citizen % CHANNELS.length] ?? 'wechat', `account-${citizen}`, 1, { citizen }),
        won({ citizen, data: { voucher: 'dining' } }),
      ]);
      await Promise.all(facts.map((event) => publish(event, never)));
    },
    /** @param step called with the receipt's citizen before each look-up, publish and append; makes a pod fail there */
    startPod(clients: (channel: Channel) => ChannelClient, step: (receipt: string) => void = () => undefined) {
      const facts = createFactLookup(of);
      const publish = createHomePublisher(of);
      const append = createAppendIssuing(of);
      const last: FactLookup['last'] = async (receipt, citizenHash, types) => {
        step(receipt);
        return facts.last(receipt, citizenHash, types);
      };
      const steps: JournalOfPod = {
        facts: { ...facts, last },
        async publish(event, signal) {
          step(event.receipt);
          await publish(event, signal);
          step(event.receipt);
        },
        async append(event, after, signal) {
          step(event.receipt);
          const appended = await append(event, after, signal);
          step(event.receipt);
          return appended;
        },
        createdAt,
        step: () => undefined,
      };
      const pod = createPod(steps, clients);
      pod.start = start;
      const ended = new AbortController();
      const shared = { shards: SHARDS, log: { warn: () => undefined }, expiresMs: 200 };
      const reader = { connection, campaignId: CAMPAIGN, tier: 'issuance' } as const;
      const done = Promise.all([
        runWorker(
          { ...shared, registry: new Registry(), part: impatient(pod.router), reader: createJournalReader(reader) },
          ended.signal,
        ),
        ...CHANNELS.map((lane) =>
          runWorker(
            {
              ...shared,
              registry: new Registry(),
              part: impatient(pod.channels[lane]),
              reader: createJournalReader({ ...reader, lane }),
            },
            ended.signal,
          ),
        ),
      ]);
      running.push({ ended, done });
      return pod;
    },
    async stopPods() {
      const all = running.splice(0);
      for (const { ended } of all) ended.abort();
      await Promise.all(all.map(({ done }) => done));
    },
    backlog: () => journal.admin.backlog(CAMPAIGN, SHARDS, 'issuance', never),
    async restartJournal() {
      for (const node of journal.cluster.nodes) node.kill('SIGKILL');
      await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
      await journal.cluster.ready(never);
    },
    /** As a copy that is older by its last messages is restored: new streams. */
    async restoreWithout(many: number) {
      const copies = (await stored()).map((messages) => messages.slice(0, Math.max(0, messages.length - many)));
      for (const shard of shardsOf) await manager.streams.delete(shardStreamName(CAMPAIGN, shard));
      await ensure();
      const client = manager.jetstream();
      for (const [shard, messages] of copies.entries())
        for (const { subject, data, sequence } of messages)
          await publishOnce(client, { subject, messageId: `restored ${shard} ${sequence}`, payload: data });
      return copies.flat().length;
    },
    async stop() {
      for (const { ended } of running) ended.abort();
      await Promise.all(running.map(({ done }) => done));
      await journal.stop();
    },
  };
};

export type IssuanceStack = Awaited<ReturnType<typeof startIssuanceStack>>;
