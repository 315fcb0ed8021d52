/** What a campaign's account may do on a real server, and how accounts come and go while it runs. */

import { randomBytes } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { Registry } from 'prom-client';
import { astraySubject } from '../../../contract/names.ts';
import { TIERS, type Tier } from '../../../contract/tiers.ts';
import { journalClocks } from '../../../journal/clocks.ts';
import { type JournalConnection, JournalTlsError } from '../../../journal/connection.ts';
import { watchLiveSettings } from '../../../journal/live/live-settings.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import { createJournalReader, hasConsumers } from '../../../journal/reader.ts';
import { createAcceptances } from '../../../journal/receipts/acceptances.ts';
import { followAstray } from '../../../journal/receipts/astray.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { newRoot } from '../../../operator/setup/root.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { wrappedKeysIn } from '../../helpers/open-data-keys.ts';
import { publishOnce } from '../../helpers/publish-once.ts';
import { never } from '../../helpers/real-journal.ts';
import { receivedEvent, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
let journal: GuardedJournal;
let pods: Readonly<Record<Tier, JournalConnection>>;
/** The account that all tiers shared, until their pods are rolled. */
let former: JournalConnection;

beforeAll(async () => {
  journal = await startGuardedJournal([campaignId, 'autumn']);
  const connect = (workload?: Tier) =>
    journal.connect(journal.access({ campaignId, ...(workload === undefined ? {} : { workload }) }));
  const all = TIERS.map(async (tier) => [tier, await connect(tier)] as const);
  pods = Object.fromEntries(await Promise.all(all)) as Record<Tier, JournalConnection>;
  former = await connect();
});
afterAll(async () => {
  await journal?.stop();
});

/** JetStream's error code when it was asked, or the refusal. */
const ask = async (pod: JournalConnection, subject: string, body: object = {}): Promise<string> => {
  try {
    const { data } = await pod.nats.request(subject, JSON.stringify(body), { timeout: 20_000 });
    const answer = JSON.parse(Buffer.from(data).toString()) as { readonly error?: { readonly description: string } };
    return answer.error?.description ?? 'done';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const API = '$JS.API';
const REG = `REG_${campaignId}_0`;
const LIVE = `KV_live_${campaignId}`;

const FORBIDDEN = [
  ['make a stream', `${API}.STREAM.CREATE.${REG}`],
  ['change its stream', `${API}.STREAM.UPDATE.${REG}`],
  ['delete its stream', `${API}.STREAM.DELETE.${REG}`],
  ['empty its stream', `${API}.STREAM.PURGE.${REG}`],
  ['take a message out of its stream', `${API}.STREAM.MSG.DELETE.${REG}`],
  ['read single messages past the leader', `${API}.DIRECT.GET.${REG}`],
  ['list streams', `${API}.STREAM.LIST`],
  ['list names of streams', `${API}.STREAM.NAMES`],
  ['see the account', `${API}.INFO`],
  ['move a leader', `${API}.STREAM.LEADER.STEPDOWN.${REG}`],
  ['take a snapshot', `${API}.STREAM.SNAPSHOT.${REG}`],
  ['put a stream back', `${API}.STREAM.RESTORE.${REG}`],
  ['delete the workers’ consumer', `${API}.CONSUMER.DELETE.${REG}.records`],
  ['change the workers’ consumer', `${API}.CONSUMER.CREATE.${REG}.records`],
  ['change it by its old name', `${API}.CONSUMER.DURABLE.CREATE.${REG}.records`],
  ['change it with a filter', `${API}.CONSUMER.CREATE.${REG}.records.reg.${campaignId}.0.>`],
  ['filter it down to strays', `${API}.CONSUMER.CREATE.${REG}.records.reg.${campaignId}.0.astray.*`],
  ['have the server name a consumer', `${API}.CONSUMER.CREATE.${REG}`],
  ['stop the workers’ consumer', `${API}.CONSUMER.PAUSE.${REG}.records`],
  ['set the workers’ consumer back', `${API}.CONSUMER.RESET.${REG}.records`],
  ['list consumers', `${API}.CONSUMER.LIST.${REG}`],
  ['write the live settings', `$KV.live_${campaignId}.settings`],
  ['empty the live settings', `${API}.STREAM.PURGE.${LIVE}`],
  ['write into the control stream', `ctl.${campaignId}.freeze`],
  ['see the control stream', `${API}.STREAM.INFO.CTL_${campaignId}`],
  ['write into another campaign’s shard', 'reg.autumn.0.received'],
  ['see another campaign’s shard', `${API}.STREAM.INFO.REG_autumn_0`],
  ['read single messages of another campaign’s shard', `${API}.STREAM.MSG.GET.REG_autumn_0`],
  ['take another campaign’s messages', `${API}.CONSUMER.MSG.NEXT.REG_autumn_0.records`],
  ['read another campaign’s settings', `${API}.STREAM.MSG.GET.KV_live_autumn`],
  ['acknowledge another campaign’s messages', '$JS.ACK.REG_autumn_0.records.1.1.1.1.0'],
  ['write into its trail', `audit.${campaignId}`],
  ['read its trail', `${API}.STREAM.MSG.GET.VOUCHER_AUDIT`],
  ['take the trails away', `${API}.STREAM.DELETE.VOUCHER_AUDIT`],
  ['change how trails are kept', `${API}.STREAM.UPDATE.VOUCHER_AUDIT`],
  ['empty the trails', `${API}.STREAM.PURGE.VOUCHER_AUDIT`],
  ['have its shards swallow the trails', `${API}.STREAM.CREATE.OTHER_AUDIT`],
  ['ask the servers', '$SYS.REQ.SERVER.PING'],
];

describe.each<Tier | 'all'>([...TIERS, 'all'])('a campaign’s account for %s', (tier) => {
  it.each(FORBIDDEN)('may not %s', async (_, subject) => {
    expect(await ask(tier === 'all' ? former : pods[tier], subject)).toMatch(/permissions violation/i);
  });
});

/** Of what a watch complains about: a busy server may be late, and refuses nothing. */
const refusals = (errors: readonly unknown[]): readonly unknown[] =>
  errors.filter((error) => /permission|authori[sz]/i.test(String(error)));

describe('a campaign’s accounts', () => {
  it('may not listen to what others are answered', async () => {
    for (const subject of ['_INBOX.>', '_INBOX.campaign-autumn.>', '_INBOX.campaign-spring_records.>', 'reg.>', '>']) {
      const refused = new Promise((resolve) => {
        pods.intake.nats.subscribe(subject, { callback: (error) => resolve(error?.message) });
      });
      expect(await refused).toMatch(/permissions violation/i);
    }
  });

  it.each(['one for each tier', 'the one that they shared'])('do all that their pods do: %s', async (whose) => {
    const isShared = whose === 'the one that they shared';
    const id = isShared ? 'autumn' : campaignId;
    const shared = await journal.connect(journal.access({ campaignId: 'autumn' }));
    const { intake, records } = isShared ? { intake: shared, records: shared } : pods;
    expect(await hasConsumers({ connection: records, campaignId: id, tier: 'records' }, SHARDS)).toBe(true);
    const publisher = createPublisher({
      connection: intake,
      campaignId: id,
      shards: SHARDS,
      registry: new Registry(),
      monotonicMs: () => performance.now(),
      signal: never,
    });
    const registration = { ...receivedEvent({ campaignId: id }), clock: 'agreed' as const };
    const published = await eventually(
      async () => {
        const outcome = await publisher.publish(registration);
        return outcome.kind === 'acknowledged' && outcome;
      },
      { what: 'an acknowledgement' },
    );
    const { shard } = published;

    const acceptances = createAcceptances({
      connection: intake,
      campaignId: id,
      shards: SHARDS,
      monotonicMs: () => performance.now(),
      journal: () => ({ state: 'answers', seconds: 3_600 }),
      astray: new Set(),
    });
    const { receipt, citizenHash } = receivedEvent({ campaignId: id });
    const found = await eventually(
      async () => {
        const lookup = await acceptances.find(receipt, citizenHash, Number.POSITIVE_INFINITY);
        return lookup.kind !== 'unavailable' && lookup;
      },
      { what: 'the registration' },
    );
    expect(found).toMatchObject({ kind: 'accepted', at: registration.at });

    const reader = createJournalReader({ connection: records, campaignId: id, tier: 'records' });
    const delivery = await eventually(
      async () => (await reader.fetch({ shard, maxMessages: 10, expiresMs: 2_000 }, never))[0],
      { what: 'a delivery' },
    );
    delivery.ack();
    const backlog = () => journal.admin.backlog(id, SHARDS, 'records', never);
    await eventually(async () => (await backlog()).workedOff === 1, { what: 'the acknowledgement' });

    const replay = createJournalReplay({ connection: records, campaignId: id });
    expect(await replay.lastSequence(shard, never)).toBe(1);
    const replayed: (readonly [number, number])[] = [];
    for await (const batch of replay.replay(shard, 1, never)) {
      replayed.push(...batch.map(({ sequence, storedAtMs }) => [sequence, storedAtMs] as const));
    }
    // Whoever reads it comes to the same instant.
    expect(replayed).toEqual([[1, delivery.storedAtMs]]);
  });

  it('reads the clocks of the servers that lead its shards', async () => {
    const clocks = journalClocks({ connection: pods.intake, campaignId, shards: SHARDS });
    // Of every shard its stream and its consumer, and two buckets.
    expect(clocks).toHaveLength(2 * SHARDS + 2);
    for (const clock of clocks) {
      const beforeMs = Date.now();
      const { clock: name, atMs } = await clock.read(never);
      expect(name).toMatch(/^journal\b/);
      // One machine, one clock.
      expect(atMs).toBeGreaterThanOrEqual(beforeMs - 1);
      expect(atMs).toBeLessThanOrEqual(Date.now() + 1);
    }
  });

  it('follows what went astray', async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const astray = followAstray({ connection: pods.intake, campaignId, shards: SHARDS }, onError, stop.signal);
    await publishOnce(jetstream(pods.intake.nats), {
      subject: astraySubject(campaignId, 2, 'SOME'),
      messageId: 'SOME',
      payload: 'x',
    });
    await eventually(() => astray.has('SOME'), { what: 'the stray' });
    stop.abort();
    expect(refusals(errors)).toEqual([]);
  });

  it('watches its settings and keeps its data keys', async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const watch = watchLiveSettings({ connection: pods.intake, campaignId, onError }, stop.signal);
    const put = (intakePods: number): Promise<void> =>
      journal.admin.putLiveSettings(
        campaignId,
        {
          v: 1,
          generation: 1,
          title: { 'zh-CN': '春', en: 'Spring' },
          window: { opensAt: '2020-09-25T01:00:00Z', closesAt: '2020-10-02T16:00:00Z' },
          identity: { keySpace: 'residentNumber' },
          eligibility: { minAge: 18, uniqueness: 'perCitizen' },
          draw: { unverified: 'exclude' },
          vouchers: [],
          traffic: { admissionPerSecond: 100, intakePods, burstSeconds: 1 },
        },
        never,
      );
    await put(1);
    await watch.first;
    await put(2);
    await eventually(() => watch.current()?.traffic.intakePods === 2, { what: 'the new settings' });
    stop.abort();
    expect(refusals(errors)).toEqual([]);

    const keys = createDataKeyStore(pods.intake, campaignId);
    const wrapped = Buffer.from('wrapped');
    expect(await keys.getOrCreate('2020-09-25', wrapped, never)).toEqual(wrapped);
    expect(Buffer.from(await keys.getOrCreate('2020-09-25', Buffer.from('other'), never))).toEqual(wrapped);
    expect([...(await wrappedKeysIn(keys, never)).keys()]).toEqual(['2020-09-25']);
  });
});

describe('a journal that speaks TLS only', () => {
  it('takes nobody without its authority, and the error names the key', async () => {
    const { ca: _, ...without } = journal.access({ campaignId });
    await expect(journal.connect(without)).rejects.toThrow(/set nats-ca\.crt of the data-plane Secret/);
    await expect(journal.connect(without)).rejects.toThrow(JournalTlsError);
  });

  it('is not taken by who trusts another authority, also one of the same name', async () => {
    const { certificate } = newRoot('test', randomBytes, Date.now()).authority;
    await expect(journal.connect({ ...journal.access({ campaignId }), ca: certificate })).rejects.toThrow(
      /not from an authority that is known here.*nats-ca\.crt/,
    );
  });

  it('sends away who speaks in plain text', async () => {
    const socket = connectSocket({ host: '127.0.0.1', port: journal.port });
    const said: string[] = [];
    socket.on('data', (data) => said.push(data.toString()));
    socket.write('CONNECT {"user":"operator","pass":"vtest","verbose":true}\r\nPING\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(said.join('')).toContain('"tls_required":true');
    expect(said.join('')).not.toContain('PONG');
  });
});

describe('accounts that change', () => {
  const idOf = (connection: JournalConnection): number | undefined => connection.nats.info?.client_id;

  it('let a new campaign in and leave the connections of others', async () => {
    const changes: boolean[] = [];
    pods.intake.onChange((connected) => changes.push(connected));
    const before = idOf(pods.intake);
    await journal.setCampaigns([campaignId, 'autumn', 'winter']);
    const winter = await journal.connect(journal.access({ campaignId: 'winter' }));
    expect(winter.isConnected()).toBe(true);
    expect(idOf(pods.intake)).toBe(before);
    expect(changes).toEqual([]);
    expect(await ask(pods.intake, `${API}.STREAM.INFO.${REG}`)).toBe('done');
  });

  it('send a campaign away that is gone', async () => {
    const autumn = await journal.connect(journal.access({ campaignId: 'autumn' }));
    await journal.setCampaigns([campaignId]);
    await eventually(() => !autumn.isConnected(), { what: 'the end of its connection' });
    expect(pods.intake.isConnected()).toBe(true);
  });

  it('are read with a renewed certificate, and nobody is sent away for it', async () => {
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        // nats-server begins in plain text: its INFO comes before the handshake.
        const socket = connectSocket({ host: '127.0.0.1', port: journal.port });
        socket.once('error', reject);
        socket.once('data', () => {
          const tls = connectTls({ socket, ca: journal.ca, servername: 'localhost' }, () => {
            resolve(tls.getPeerCertificate().serialNumber);
            tls.destroy();
          });
          tls.once('error', reject);
        });
      });
    const [before, id] = [await serial(), idOf(pods.intake)];
    await journal.renewCertificate();
    expect(await serial()).not.toBe(before);
    expect(idOf(pods.intake)).toBe(id);
  });

  it('are not believed from a server whose certificate is for another name', async () => {
    await journal.renewCertificate('elsewhere.example');
    await expect(journal.connect(journal.access({ campaignId }))).rejects.toThrow(
      /does not contain the name in the URL/,
    );
  });
});
