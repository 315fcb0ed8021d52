/**
 * The product's clients against the local channels, which another engineer wrote from the documentation, and whose books count: each fault,
 * with requests that are repeated until they are settled, leaves one voucher. Single answers are in wechat.test.ts and its siblings.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelClient, IssueRequest } from '../../../app/issuance/ports.ts';
import { createAccountLogin } from '../../../app/outside/channels/account-login.ts';
import { channelKeyFolder, createChannel } from '../../../app/outside/channels/channels.ts';
import { answerCallback, type Callback, readWechatCallback } from '../../../app/outside/channels/wechat-callback.ts';
import { readWechatKeys } from '../../../app/outside/channels/wechat-keys.ts';
import type { Channel } from '../../../contract/envelope.ts';
import { compareBooks, readBooks } from '../../../local/channels/books.ts';
import type { ChannelFaultRequest } from '../../../local/channels/faults.ts';
import { standingOf } from '../../../local/channels/truth.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { accounts, type ChannelWorld, channelWorlds, STOCK, type Worlds } from '../channels/channel-world.ts';
import { hurried, signal } from './channel-world.ts';

const CHANNELS = ['wechat', 'alipay', 'unionpay'] as const;
const worlds = new Map<Channel, Worlds>();
beforeAll(async () => {
  for (const channel of CHANNELS) worlds.set(channel, await channelWorlds(channel));
});
afterAll(async () => {
  for (const world of worlds.values()) await world.close();
});
const worldsOf = (channel: Channel): Worlds => {
  const found = worlds.get(channel);
  if (found === undefined) throw new Error('no world');
  return found;
};

interface World {
  readonly server: ChannelWorld;
  readonly client: ChannelClient;
}
const clientOf = (channel: Channel, server: ChannelWorld, clock: Clock = systemClock): Promise<ChannelClient> => {
  const { url, merchant, appId, keys } = server;
  return createChannel({ name: channel, url, merchant, appId }, { keysDir: keys.productDir, clock });
};
const start = async (channel: Channel, options: Parameters<Worlds['start']>[0] = {}, clock?: Clock): Promise<World> => {
  const server = await worldsOf(channel).start(options);
  return { server, client: await clientOf(channel, server, clock) };
};

const requestOf = (account: string, index: number, n = 1): IssueRequest => ({
  stock: STOCK,
  account,
  request: `vi1x${n}x${String(index).padStart(20, '0')}`,
  wonAt: '2020-09-25T15:59:30Z',
});

/** As the tier does: a query before each repetition, and the same number until the outcome is known. */
const settle = async (client: ChannelClient, request: IssueRequest, most = 500): Promise<string> => {
  for (let attempt = 1; attempt <= most; attempt += 1) {
    const before = attempt === 1 ? { kind: 'absent' } : await client.query(request, signal);
    if (before.kind === 'issued') return 'issued';
    if (before.kind !== 'absent') continue;
    const answer = await client.issue(request, signal);
    if (answer.kind === 'issued' || answer.kind === 'failed') return answer.kind;
  }
  return 'unsettled';
};

describe.each(CHANNELS)('%s', (channel) => {
  it.each([{ state: 'ended' as const }, { state: 'notStarted' as const }, { total: 0 }])(
    'is refused a stock that is %j',
    async (change) => {
      const { client, server } = await start(channel);
      await server.changeStock({ stock: STOCK, ...change });
      expect(await client.issue(requestOf(accounts(channel, 1)[0] ?? '', 1), signal)).toMatchObject({
        kind: 'refused',
      });
    },
  );

  const faults: readonly ChannelFaultRequest[] = [
    ...(
      ['silent', 'falseLimit', 'throttled', 'systemError', 'wrongSignature', 'unsigned', 'otherKey', 'old'] as const
    ).map((kind) => ({ kind })),
    ...(
      ['reset', 'hang', 'status', 'lost', 'half', 'shortLength', 'garbage', 'html', 'charset', 'declared'] as const
    ).map((kind) => ({ kind })),
    ...(['compressed', 'huge', 'redirect', 'twice', 'again', 'unknown', 'number', 'empty'] as const).map((kind) => ({
      kind,
    })),
  ];
  it('leaves one voucher for each account, through every fault', async () => {
    const { client, server } = await start(channel, {}, hurried);
    const people = accounts(channel, faults.length * 3);
    const outcomes: string[] = [];
    for (const [index, fault] of faults.entries()) {
      await server.setFaults({ ...fault, times: 2, share: 1 });
      const three = people.slice(index * 3, index * 3 + 3);
      outcomes.push(
        ...(await Promise.all(three.map((account, i) => settle(client, requestOf(account, index * 3 + i))))),
      );
    }
    expect(outcomes.filter((outcome) => outcome !== 'issued')).toEqual([]);
    const gaps = await compareBooks(
      server.booksDir,
      people.map((account) => ({ channel, account, stock: STOCK })),
    );
    expect(gaps).toMatchObject({ missing: [], unexpected: [] });
    const books = (await readBooks(server.booksDir))[channel];
    expect([books.issued, books.doubles, books.doubleRequests]).toEqual([people.length, [], []]);
  });

  it.each(['twice', 'again'] as const)('never takes an answer that is sent %s for the next citizen’s', async (kind) => {
    const shares = { absent: 5_000, limited: 0 };
    const { client, server } = await start(channel, shares);
    await server.setFaults({ kind, api: 'send' });
    const people = accounts(channel, 30);
    const good = people.filter((account) => standingOf(channel, account, shares) === 'good');
    expect([good.length > 5, good.length < 25]).toEqual([true, true]);
    const coupons: string[] = [];
    for (const [index, account] of people.entries()) {
      const answer = await client.issue(requestOf(account, index), signal);
      expect(answer.kind).not.toBe(good.includes(account) ? 'failed' : 'issued');
      if (answer.kind === 'issued') coupons.push(answer.coupon);
    }
    expect(new Set(coupons).size).toBe(coupons.length);
    expect(coupons.length).toBeGreaterThan(0);
  });

  it('twin: a fresh number for each repetition doubles, and the books find it', async () => {
    const { client, server } = await start(channel, {}, hurried);
    await server.setFaults({ kind: 'silent', times: 1 });
    const [account = ''] = accounts(channel, 1);
    const isInBooks = async (): Promise<boolean> => {
      await client.issue(requestOf(account, 1, 1), signal);
      return (await readBooks(server.booksDir))[channel].issued === 1;
    };
    await eventually(isInBooks, { what: 'the first voucher' });
    const patient = await clientOf(channel, server);
    expect(await patient.issue(requestOf(account, 1, 2), signal)).toMatchObject({ kind: 'issued' });
    expect((await readBooks(server.booksDir))[channel].doubles).toHaveLength(1);
  });

  it('exchanges a login code once', async () => {
    const { server } = await start(channel);
    const { url, appId, keys } = server;
    const keysDir = channel === 'wechat' ? keys.loginDir : keys.productDir;
    const login = await createAccountLogin(
      { channel, url, appId },
      { keysDir, keysField: 'spec.login.secretName', clock: systemClock },
    );
    const [account = ''] = accounts(channel, 1);
    const code = await server.loginCode(account);
    expect(await login.exchange(code, signal)).toEqual({ kind: 'account', account });
    expect(await login.exchange(code, signal)).toMatchObject({ kind: 'refused' });
    expect(await login.exchange('another', signal)).toMatchObject({ kind: 'refused' });
  });
});

it('WeChat Pay may change between its key and its certificate in the middle', async () => {
  const { client, server } = await start('wechat');
  for (const [index, signer] of (['certificate', 'publicKey', 'certificate'] as const).entries()) {
    await server.signWith(signer);
    expect(await client.issue(requestOf(accounts('wechat', 3)[index] ?? '', index), signal)).toMatchObject({
      kind: 'issued',
    });
  }
});

it('UnionPay may forget its tokens', async () => {
  const { client, server } = await start('unionpay');
  const request = requestOf(accounts('unionpay', 1)[0] ?? '', 1);
  expect(await client.query(request, signal)).toEqual({ kind: 'absent' });
  await server.expireTokens();
  expect(await client.query(request, signal)).toEqual({ kind: 'absent' });
});

it('of the callbacks of WeChat Pay, repeated, shuffled and forged, the genuine ones are believed', async () => {
  const { client, server } = await start('wechat');
  const people = accounts('wechat', 60);
  await Promise.all(people.map((account, index) => client.issue(requestOf(account, index), signal)));
  const keys = await readWechatKeys(channelKeyFolder(server.keys.productDir));
  const coupons = new Set<string>();
  const counts: Record<Callback['kind'], number> = { used: 0, other: 0, forged: 0, unreadable: 0 };
  const receiver = createServer(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const found = readWechatCallback({ headers, bytes: await buffer(request) }, keys, server.merchant, Date.now());
    counts[found.kind] += 1;
    if (found.kind === 'used') coupons.add(found.coupon);
    const { status, body } = answerCallback(found, true);
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  try {
    const result = await server.redeem({
      count: 40,
      url: `http://127.0.0.1:${port}/`,
      times: 3,
      order: 'shuffled',
      forged: 20,
    });
    expect(result).toMatchObject({ used: 40, sent: 140, forgedSent: 20, forgedAccepted: 0 });
    expect(coupons).toEqual(new Set(result.coupons));
    expect(counts).toEqual({ used: 120, forged: result.forgedSent, other: 0, unreadable: 0 });
  } finally {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  }
});
