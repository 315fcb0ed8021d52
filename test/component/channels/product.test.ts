/** The product's own clients against the local channels: written by different people from the same documentation, they must agree. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelClient, IssueRequest } from '../../../app/issuance/ports.ts';
import { createChannel } from '../../../app/outside/channels/channels.ts';
import { CHANNELS } from '../../../contract/envelope.ts';
import { readBooks } from '../../../local/channels/books.ts';
import type { ChannelFaultRequest } from '../../../local/channels/faults.ts';
import type { StockChange } from '../../../local/channels/stocks.ts';
import { FAULTS } from '../../../local/providers/faults.ts';
import { type Clock, systemClock } from '../../../runtime/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { hurried } from '../providers/provider-world.ts';
import { account, type ChannelWorld, channelWorlds, STOCK, TERMS, type Worlds } from './channel-world.ts';

const { signal } = new AbortController();

const clientOf = (
  world: ChannelWorld,
  name: (typeof CHANNELS)[number],
  clock: Clock = systemClock,
): Promise<ChannelClient> =>
  createChannel(
    {
      ...{ name, url: world.url, merchant: world.merchant, appId: world.appId, requestsPerSecond: 500 },
      ...{ timeZone: 'Asia/Shanghai', stocks: [{ voucher: 'dining', stock: STOCK }] },
    },
    { keysDir: world.keys.productDir, clock },
  );

/** The first answer that is a voucher: the client's clock is hurried, so a busy machine may need some more. */
const settle = (client: ChannelClient, request: IssueRequest) =>
  eventually(
    async () => {
      const answer = await client.issue(request, signal);
      return answer.kind === 'issued' && answer;
    },
    { what: 'a voucher' },
  );

describe.each(CHANNELS)('the client of %s', (channel) => {
  let worlds: Worlds;
  beforeAll(async () => {
    worlds = await channelWorlds(channel);
  });
  afterAll(() => worlds.close());

  const request = (index = 0): IssueRequest => ({
    ...{ stock: STOCK, account: account(channel, index), request: `R${index}`, wonAt: '2020-12-24T10:00:00Z' },
  });
  const issued = async (world: ChannelWorld): Promise<number> => (await readBooks(world.booksDir))[channel].issued;

  it('issues, queries, and reads the stock', async () => {
    const world = await worlds.start();
    const client = await clientOf(world, channel);
    expect(await client.query(request(), signal)).toEqual({ kind: 'absent' });
    const first = await client.issue(request(), signal);
    expect(first).toEqual({ kind: 'issued', coupon: expect.any(String) });
    expect(await client.issue(request(), signal)).toEqual(first);
    expect(await client.query(request(), signal)).toEqual(first);
    const terms = channel === 'unionpay' ? {} : { faceValueFen: 2_000, minimumSpendFen: 6_000 };
    expect(await client.stock(STOCK, signal)).toEqual({
      kind: 'stock',
      state: { ...terms, total: TERMS.total, issued: 1, isRunning: true },
    });
    expect(await issued(world)).toBe(1);
  });

  it.each<[string, ChannelFaultRequest, string]>([
    ['lost', { kind: 'lost' }, 'unknown'],
    ['systemError', { kind: 'systemError' }, 'unknown'],
    ['status', { kind: 'status' }, 'unknown'],
    ['garbage', { kind: 'garbage' }, 'unknown'],
    ['html', { kind: 'html' }, 'unknown'],
    ['half', { kind: 'half' }, 'unknown'],
    ['empty', { kind: 'empty' }, 'unknown'],
    ['redirect', { kind: 'redirect' }, 'unknown'],
    ['throttled', { kind: 'throttled' }, 'throttled'],
    ['falseLimit', { kind: 'falseLimit' }, 'maybe'],
  ])('%s: classes the answer, and the same request is issued once', async (_name, fault, kind) => {
    const world = await worlds.start();
    const client = await clientOf(world, channel);
    await world.setFaults({ ...fault, api: 'send', times: 1 });
    expect(await client.issue(request(), signal)).toMatchObject({ kind });
    expect(await client.issue(request(), signal)).toMatchObject({ kind: 'issued' });
    expect(await issued(world)).toBe(1);
  });

  it.each(FAULTS.filter((kind) => kind !== 'error'))('is never misled by %s', async (kind) => {
    const world = await worlds.start();
    const client = await clientOf(world, channel, hurried);
    await world.setFaults({ kind, api: 'send', times: 1, delayMs: 10 });
    const answers = [await client.issue(request(), signal), await client.issue(request(1), signal)];
    const settled = [await settle(client, request()), await settle(client, request(1))];
    for (const [index, answer] of answers.entries()) {
      expect(answer.kind).toMatch(/^(issued|unknown|maybe)$/);
      if (answer.kind === 'issued') expect(answer).toEqual(settled[index]);
    }
    expect(settled[0]).not.toEqual(settled[1]);
    expect((await readBooks(world.booksDir))[channel]).toMatchObject({ issued: 2, doubles: [], doubleRequests: [] });
  });

  it.each<[string, StockChange]>([
    ['paused', { stock: STOCK, state: 'paused' }],
    ['not started', { stock: STOCK, state: 'notStarted' }],
    ['stopped', { stock: STOCK, state: 'stopped' }],
    ['empty', { stock: STOCK, total: 0 }],
  ])('waits for a stock that is %s', async (_name, change) => {
    const world = await worlds.start();
    const client = await clientOf(world, channel);
    await world.changeStock(change);
    // `unknown` is right too, where no document says which code a channel answers.
    const kind = expect.stringMatching(/^(refused|unknown)$/);
    expect(await client.issue(request(), signal)).toMatchObject({ kind });
    expect(await issued(world)).toBe(0);
    await world.changeStock({ stock: STOCK, state: 'running', total: 1 });
    expect(await client.issue(request(), signal)).toMatchObject({ kind: 'issued' });
  });

  it('learns that an account does not exist, or is at its limit', async () => {
    const absent = await worlds.start({ absent: 10_000 });
    expect(await (await clientOf(absent, channel)).issue(request(), signal)).toMatchObject({
      kind: 'failed',
      failure: 'account',
    });
    const limited = await worlds.start({ limited: 10_000 });
    expect(await (await clientOf(limited, channel)).issue(request(), signal)).toMatchObject({ kind: 'maybe' });
  });
});

describe('answers that are not WeChat Pay’s own', () => {
  it.each(['wrongSignature', 'unsigned', 'otherKey', 'old'] as const)('%s: are not believed', async (kind) => {
    const worlds = await channelWorlds('wechat');
    const world = await worlds.start();
    const client = await clientOf(world, 'wechat');
    await world.setFaults({ kind, times: 1 });
    const wanted = { stock: STOCK, account: account('wechat'), request: 'R1', wonAt: '2020-12-24T10:00:00Z' };
    expect(await client.issue(wanted, signal)).toMatchObject({ kind: 'unknown' });
    await world.signWith('both');
    for (let i = 0; i < 2; i += 1) expect(await client.issue(wanted, signal)).toMatchObject({ kind: 'issued' });
    await worlds.close();
  });
});
