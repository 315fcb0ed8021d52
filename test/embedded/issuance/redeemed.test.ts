/** Issuance pods as processes take the callbacks of the local WeChat Pay: repeated, in any order, forged, and while a pod is killed. */
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { project, type State } from '../../../app/core/projection.ts';
import { ENV } from '../../../contract/app-contract.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { parseEnvelope } from '../../../contract/envelope-schema.ts';
import { channelCallbackPath } from '../../../contract/outside/issuance.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { bind } from '../../../runtime/bind.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type IssuanceProcesses, startIssuanceProcesses } from '../../helpers/issuance-processes.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

const HOST = '127.0.0.1';
const WINNERS = 200;
const USED = 100;
const PODS = ['issuance-0', 'issuance-1'] as const;

let world: IssuanceProcesses;
let ports: readonly number[];
let front: Server | undefined;

beforeAll(async () => {
  world = await startIssuanceProcesses();
  ports = await freePorts(PODS.length, HOST);
});
afterAll(async () => {
  front?.closeAllConnections();
  front?.close();
  await world?.stop();
});

const events = async (): Promise<readonly EventEnvelope[]> => {
  const { replay } = createJournalReplay({ connection: world.journal.connection, campaignId: 'spring' });
  const found: EventEnvelope[] = [];
  for (let shard = 0; shard < SHARDS; shard += 1)
    await patiently(`the messages of shard ${shard}`, async () => {
      const messages: EventEnvelope[] = [];
      for await (const batch of replay(shard, 1, never))
        for (const { data } of batch) {
          const parsed = parseEnvelope(data);
          if (parsed.kind === 'valid') messages.push(parsed.event);
        }
      found.push(...messages);
    });
  return found;
};

/** Vouchers of the receipts in this state. */
const couponsIn = async (state: State): Promise<readonly string[]> =>
  [...Map.groupBy(await events(), ({ receipt }) => receipt).values()]
    .filter((facts) => project(facts).state === state)
    .map((facts) => String(facts.find(({ type }) => type === 'issued')?.data['coupon']))
    .toSorted();

const forward = (port: number, headers: IncomingHttpHeaders, body: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: HOST, port, method: 'POST', path: channelCallbackPath('wechat'), headers, agent: false },
      (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });

/** In front of both pods. What is not taken comes again until it is, as WeChat Pay repeats it, only sooner. A refusal is an answer. */
const startFront = async (taken: (count: number) => void): Promise<string> => {
  let count = 0;
  front = createServer(async (incoming, response) => {
    const body = await buffer(incoming);
    const status = await eventually(
      async () => {
        const port = ports[count++ % ports.length] ?? 0;
        const answered = await forward(port, incoming.headers, body);
        return answered < 500 ? answered : undefined;
      },
      { what: 'an answer of a pod' },
    ).catch(() => 500);
    if (status === 200) taken(count);
    response.writeHead(status).end();
  });
  return `http://${HOST}:${await bind(front, { host: HOST, port: 0 })}/`;
};

describe(`${USED} of ${WINNERS} vouchers are used`, () => {
  it('after all of them were issued by two pods', async () => {
    await world.announce(WINNERS, 'wechat');
    await world.share({ 'issuance-0': 50, 'issuance-1': 50 });
    for (const [index, pod] of PODS.entries()) world.start(pod, { [ENV.portHttp]: String(ports[index]) });
    await world.startIssuance();
    await eventually(async () => (await world.books()).wechat.issued >= WINNERS, {
      what: 'every voucher',
      everyMs: 200,
    });
    await eventually(async () => (await world.backlog()).messages === 0, { what: 'no backlog', everyMs: 200 });
  });

  it('and each is redeemed once, no other one, although each use is told three times and a pod is killed meanwhile', async () => {
    let taken = 0;
    let killed: Promise<void> | undefined;
    const url = await startFront(() => {
      taken += 1;
      if (taken === USED) killed = world.kill('issuance-1');
    });
    const result = await world.servers
      .of('wechat')
      .redeem({ count: USED, url, times: 3, order: 'shuffled', forged: 60, atATime: 8 });
    await killed;
    expect(result).toMatchObject({ used: USED, forgedSent: 60, forgedAccepted: 0 });
    // The front repeats also what the channel has given up waiting for.
    await eventually(async () => (await couponsIn('redeemed')).length >= USED, { what: 'every use', everyMs: 200 });
    expect(await couponsIn('redeemed')).toEqual(result.coupons.toSorted());
    expect(await couponsIn('issued')).toHaveLength(WINNERS - USED);
  });
});
