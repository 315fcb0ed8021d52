/** What becomes of each message of the issuance tier. */
import { describe, expect, it } from '@jest/globals';
import { MOST_MAYBES } from '../../../app/issuance/ask.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import type { Fate } from '../../../test/helpers/scripted-channel.ts';
import {
  aStart,
  bound,
  changed,
  createIssuanceWorld,
  erased,
  messageOf,
  RECEIPT,
  won,
} from '../../helpers/issuance.ts';
import { factEvent } from '../../helpers/records.ts';

const never = new AbortController().signal;
type World = ReturnType<typeof createIssuanceWorld>;

/** A winner with an account, up to the fact of the first request. */
const begun = async (world: World) => {
  world.journal.store(bound('wechat', 'openid-1'), won());
  await world.deliver(won());
  const [issuing] = world.journal.events('issuing');
  if (issuing === undefined) throw new Error('no request was begun');
  return issuing;
};
const types = (world: World) => world.journal.events().map(({ type, attempt }) => `${type}${attempt ?? ''}`);

describe('a winner with an account', () => {
  it('gets a request by a fact that says all it depends on, then the voucher, then the fact of it', async () => {
    const world = createIssuanceWorld();
    const account = bound('wechat', 'openid-1');
    const issuing = await begun(world);
    expect(issuing).toMatchObject({
      id: `${RECEIPT}.issuing`,
      type: 'issuing',
      receipt: RECEIPT,
      keyId: account.keyId,
      accountHash: account.accountHash,
      data: { channel: 'wechat', voucher: 'dining', wonAt: won().at, request: expect.stringMatching(/^\w{32}$/) },
    });
    expect(JSON.stringify(issuing)).not.toContain('openid-1');
    expect(await world.deliver(issuing)).toBeUndefined();
    const { request } = issuing.data;
    expect(world.books.entries).toEqual([
      expect.objectContaining({ account: 'openid-1', stock: 'stock-wechat', request, wonAt: won().at }),
    ]);
    expect(world.journal.events('issued')).toEqual([
      expect.objectContaining({
        id: `${RECEIPT}.issued`,
        data: { channel: 'wechat', voucher: 'dining', request, coupon: 'coupon-1' },
      }),
    ]);
    expect(world.channels.wechat.calls).toEqual([`issue ${request}`]);
  });

  it('is not issued to again by any message that comes again', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    await world.deliver(issuing);
    for (const event of [won(), bound('wechat', 'openid-1'), issuing]) await world.deliver(event, 2);
    expect([world.books.entries.length, types(world)]).toEqual([1, ['bound', 'won', 'issuing', 'issued']]);
    expect(world.channels.wechat.calls).toHaveLength(1);
  });

  it('who has none yet waits for the citizen, and binding one begins the request', async () => {
    const world = createIssuanceWorld();
    world.journal.store(won());
    await world.deliver(won());
    expect(world.pod.counted).toEqual(['skipped unbound']);
    world.journal.store(bound('alipay', 'user-1'));
    await world.deliver(bound('alipay', 'user-1'));
    expect(world.journal.events('issuing')).toHaveLength(1);
    expect(world.pod.counted.at(-1)).toBe('begun alipay');
  });

  it('at a channel without a stock of the voucher waits for another channel', async () => {
    const world = createIssuanceWorld();
    const start = aStart();
    world.pod.start = { ...start, channels: start.channels.filter(({ channel }) => channel !== 'wechat') };
    world.journal.store(bound('wechat', 'openid-1'), won());
    await world.deliver(won());
    expect([world.pod.counted, world.journal.events('issuing')]).toEqual([['skipped no_stock'], []]);
  });

  it('finds an account that was bound before at the channel that was chosen later', async () => {
    const world = createIssuanceWorld();
    world.journal.store(bound('alipay', 'user-1'), bound('wechat', 'openid-1', 2), won(), changed('alipay'));
    await world.deliver(won());
    expect(world.journal.events('issuing')).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ channel: 'alipay' }) }),
    ]);
  });

  it('who is erased is not issued to, although the key still opens the account', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    world.journal.store(erased());
    await world.deliver(issuing);
    await world.deliver(won(), 2);
    expect([world.books.entries, world.pod.counted.slice(1)]).toEqual([[], ['skipped erased', 'skipped erased']]);
  });
});

describe('an outcome', () => {
  it.each<[string, Fate, number]>([
    ['a time-out after success', 'lost', 500],
    ['a time-out', { kind: 'unknown', reason: 'time-out' }, 500],
    ['throttling', { kind: 'throttled', reason: 'RATELIMIT', retryAfterMs: 9_000 }, 9_000],
    ['an empty quota', { kind: 'quota' }, 2_000],
    ['a stock that is paused', { kind: 'refused', reason: 'paused' }, 2_000],
  ])(
    'that is unknown by %s is given back, and the channel is asked for it before the request is repeated',
    async (_name, fate, delayMs) => {
      const world = createIssuanceWorld({ fate: (_request, count) => (count === 1 ? fate : 'ok') });
      const issuing = await begun(world);
      expect(await world.deliver(issuing)).toBe(delayMs);
      expect(world.journal.events('issued')).toEqual([]);
      await world.deliver(issuing, 2);
      const { request } = issuing.data;
      const again = fate === 'lost' ? [] : [`issue ${request}`];
      expect(world.channels.wechat.calls).toEqual([`issue ${request}`, `query ${request}`, ...again]);
      expect([world.books.entries.length, world.journal.events('issued').length]).toEqual([1, 1]);
    },
  );

  it('that is final is a fact, and another account begins request 2', async () => {
    const world = createIssuanceWorld({ closed: new Set(['openid-1']) });
    const issuing = await begun(world);
    await world.deliver(issuing);
    expect(world.journal.events('issue_failed')).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ failure: 'account', code: 'CLOSED' }) }),
    ]);
    await world.deliver(won(), 2);
    expect(world.pod.counted.at(-1)).toBe('skipped failed');
    const other = bound('wechat', 'openid-2', 2);
    world.journal.store(other);
    await world.deliver(other);
    const second = world.journal.events('issuing')[1];
    expect(second).toMatchObject({ id: `${RECEIPT}.issuing.2`, attempt: 2 });
    if (second !== undefined) await world.deliver(second);
    expect(second?.data['request']).not.toBe(issuing.data['request']);
    expect(world.books.entries.map(({ account }) => account)).toEqual(['openid-2']);
  });

  it('that seems final is looked up: an earlier request may have been carried out', async () => {
    const world = createIssuanceWorld({
      fate: (_request, count) => (count === 1 ? 'lost' : { kind: 'failed', failure: 'account', code: 'CLOSED' }),
      look: () => (world.channels.wechat.calls.length < 3 ? { kind: 'absent' } : undefined),
    });
    const issuing = await begun(world);
    await world.deliver(issuing);
    // The channel's own replica is behind at the first look-up.
    await world.deliver(issuing, 2);
    expect([world.books.entries.length, types(world).at(-1)]).toEqual([1, 'issued']);
  });

  it.each([
    ['once', 1, 'issued'],
    ['every time', MOST_MAYBES, 'issue_failed'],
  ])('of a limit that is said %s, while the channel has nothing, is %i times asked for', async (_name, times, type) => {
    const world = createIssuanceWorld({
      fate: (_request, count) => (count <= times ? { kind: 'maybe', code: 'RULE_LIMIT' } : 'ok'),
    });
    await world.deliver(await begun(world));
    expect(types(world).at(-1)).toBe(type);
    const failed = world.journal.events('issue_failed').map(({ data }) => data['failure']);
    expect(failed).toEqual(type === 'issued' ? [] : ['limit']);
  });

  it('of a limit that our own request has reached is success', async () => {
    const world = createIssuanceWorld({
      fate: (_request, count) => (count === 1 ? 'crash after' : { kind: 'maybe', code: 'RULE_LIMIT' }),
      look: () => (world.channels.wechat.calls.length < 3 ? { kind: 'absent' } : undefined),
    });
    const issuing = await begun(world);
    await world.deliver(issuing);
    await world.deliver(issuing, 2);
    expect([world.books.entries.length, types(world).at(-1)]).toEqual([1, 'issued']);
  });
});

describe('a request', () => {
  it('is not sent while the journal does not say what is stored, or the data key is away', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    world.journal.answers = false;
    expect([await world.deliver(issuing), await world.deliver(won())]).toEqual([2_000, 2_000]);
    world.journal.answers = true;
    world.pod.opened = { kind: 'unavailable', cause: new Error('away') };
    expect(await world.deliver(issuing)).toBe(10_000);
    world.pod.opened = { kind: 'destroyed' };
    expect(await world.deliver(issuing)).toBeUndefined();
    expect(world.channels.wechat.calls).toEqual([]);
  });

  it('to an account that can’t be read fails, so that the citizen can bind another one', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    world.pod.opened = { kind: 'unreadable' };
    await world.deliver(issuing);
    expect(world.journal.events('issue_failed')).toHaveLength(1);
    expect(world.channels.wechat.calls).toEqual([]);
  });

  it('is set aside where it belongs to another channel, and is not of a canary', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    const part = world.pod.channels.alipay;
    const { setAside } = await part.commit([messageOf(issuing)], never);
    expect(setAside.map(({ kind }) => kind)).toEqual(['wrong_subject']);
    const canary = { ...messageOf(issuing), data: encodeEnvelope({ ...issuing, kind: 'canary' }) };
    await world.pod.channels.wechat.commit([canary], never);
    expect([world.pod.counted.at(-1), world.channels.wechat.calls]).toEqual(['skipped not_a_citizen', []]);
  });

  it('in hand twice is sent once', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    await world.pod.channels.wechat.commit([messageOf(issuing, 1), messageOf(issuing, 9, 2)], never);
    expect(world.channels.wechat.calls).toHaveLength(1);
  });

  it('of a journal that was made anew is looked up by the number of every attempt, before it is sent', async () => {
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    world.journal.cut(0);
    await world.deliver(issuing);
    expect(world.channels.wechat.calls.map((call) => call.split(' ')[0])).toEqual([
      'query',
      'query',
      'query',
      'query',
      'issue',
    ]);
  });

  it('waits where stocks were used before the start only for its look-ups, and takes what it finds', async () => {
    const world = createIssuanceWorld();
    world.pod.start = aStart({ queryFirst: true });
    const issuing = await begun(world);
    const second = await createSecondNumber(issuing);
    world.books.entries.push({
      channel: 'wechat',
      stock: 'stock-wechat',
      account: 'openid-1',
      request: second,
      wonAt: won().at,
      coupon: 'coupon-old',
    });
    await world.deliver(issuing);
    expect(world.journal.events('issued').map(({ data }) => [data['request'], data['coupon']])).toEqual([
      [second, 'coupon-old'],
    ]);
    expect(world.books.entries).toHaveLength(1);
  });

  it('that breaks the part is given back without a word of the account', async () => {
    const world = createIssuanceWorld({ fate: () => 'crash before' });
    expect(await world.deliver(await begun(world))).toBe(30_000);
    expect(world.pod.sent).toEqual(['retry']);
    expect(world.pod.lines.join()).not.toContain('openid');
  });
});

const createSecondNumber = async ({ receipt }: { readonly receipt: string }) => {
  const { requestNumber } = await import('../../../app/issuance/request-number.ts');
  return requestNumber({ campaignId: 'spring', merchant: 'merchant-wechat', receipt, n: 2 });
};

describe('a pod', () => {
  it('takes nothing before issuance has started, and nothing of a channel that can’t be asked', () => {
    const { pod } = createIssuanceWorld();
    // 12 a second for ten seconds, for two batches of each of three shards.
    expect([pod.router.room?.(), pod.channels.wechat.room?.()]).toEqual([128, 20]);
    pod.isOpen = false;
    expect([pod.router.room?.(), pod.channels.wechat.room?.()]).toEqual([128, 0]);
    pod.isOpen = true;
    pod.start = undefined;
    expect([pod.router.room?.(), pod.channels.wechat.room?.()]).toEqual([0, 0]);
  });

  it('that ends finishes the request under way, and gives back at once what waits for its turn', async () => {
    const answered = Promise.withResolvers<void>();
    const world = createIssuanceWorld();
    const issuing = await begun(world);
    let turns = 0;
    world.pod.turn = async (signal) => {
      turns += 1;
      if (turns === 1) {
        await answered.promise;
        return true;
      }
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false)));
    };
    const other = { ...issuing, ...{ receipt: factEvent('issuing', { citizen: 'b' }).receipt } };
    const batch = world.pod.channels.wechat.commit([messageOf(issuing, 1), messageOf(other, 2)], never);
    // The other one's account is sealed for another receipt.
    world.pod.opened = { kind: 'opened', plaintext: Buffer.from('{"account":"openid-1"}') };
    while (turns < 2) await new Promise((resolve) => setImmediate(resolve));
    world.pod.channels.wechat.drain?.();
    answered.resolve();
    expect((await batch).givenBack).toEqual([{ sequence: 2, delayMs: 0 }]);
    expect(world.books.entries).toHaveLength(1);
  });
});
