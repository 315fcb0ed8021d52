/** The local Alipay, with Alipay's own SDK as its client: the SDK signs requests, and verifies every answer. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { readBooks } from '../../../local/channels/books.ts';
import { eventually } from '../../helpers/eventually.ts';
import { account, type ChannelWorld, channelWorlds, STOCK, TERMS, type Worlds } from './channel-world.ts';
import { alipayPeer, type PeerAnswer } from './peers.ts';

let worlds: Worlds;
beforeAll(async () => {
  worlds = await channelWorlds('alipay');
});
afterAll(() => worlds.close());

const subCode = (answer: PeerAnswer): unknown => (answer.kind === 'answer' ? answer.body['sub_code'] : answer.reason);
const voucherOf = (answer: PeerAnswer): unknown =>
  answer.kind === 'answer' ? answer.body['voucher_id'] : answer.reason;
const issued = async (world: ChannelWorld): Promise<number> => (await readBooks(world.booksDir)).alipay.issued;

describe('a request that issues', () => {
  it('gives a voucher, which queries show', async () => {
    const world = await worlds.start();
    const peer = alipayPeer(world);
    const sent = await peer.send(account('alipay'), 'R1');
    expect(sent).toMatchObject({ body: { code: '10000', voucher_id: expect.stringMatching(/^\d{28}$/) } });
    const voucher_id = voucherOf(sent);
    const asked = { template_id: STOCK, user_id: account('alipay') };
    expect(await peer.ask('alipay.marketing.voucher.list.query', asked)).toMatchObject({
      body: { code: '10000', vouchers: [{ voucher_id, template_id: STOCK, status: 'ENABLED' }] },
    });
    expect(await peer.ask('alipay.marketing.voucher.list.query', { ...asked, template_id: 'x' })).toMatchObject({
      body: { code: '10000', vouchers: [] },
    });
    expect(await peer.ask('alipay.marketing.voucher.query', { voucher_id })).toMatchObject({
      body: { user_id: account('alipay'), template_id: STOCK, total_amount: '20.00', status: 'ENABLED' },
    });
    expect(await peer.ask('alipay.marketing.voucher.templatedetail.query', { template_id: STOCK })).toMatchObject({
      body: { amount: '20.00', floor_amount: '60.00', status: 'S', voucher_quantity: TERMS.total, publish_count: 1 },
    });
  });

  it('is answered as at first when it is repeated, also by a server that was started again', async () => {
    const world = await worlds.start();
    const first = await alipayPeer(world).send(account('alipay'), 'R1');
    const again = await world.restart();
    expect(await alipayPeer(again).send(account('alipay'), 'R1')).toEqual(first);
    expect(await issued(again)).toBe(1);
  });

  it('with the same number for another account is refused; with another template it is another one, and a double in the books', async () => {
    const world = await worlds.start({ stocks: [TERMS, { ...TERMS, stock: 'other' }] });
    const peer = alipayPeer(world);
    await peer.send(account('alipay'), 'R1');
    expect(subCode(await peer.send(account('alipay', 1), 'R1'))).toBe('isv.invalid-parameter');
    expect(await peer.send(account('alipay'), 'R1', 'other')).toMatchObject({ body: { code: '10000' } });
    expect((await readBooks(world.booksDir)).alipay).toMatchObject({ issued: 2, doubles: [], doubleRequests: ['R1'] });
  });

  it.each([
    ['paused', 'VOUCHER_TEMPLATE_NOT_AVAILABLE', 'I'],
    ['ended', 'AFTER_VOUCHER_END_TIME', 'E'],
  ] as const)('of a template that is %s is refused', async (state, code, status) => {
    const world = await worlds.start();
    const peer = alipayPeer(world);
    await world.changeStock({ stock: STOCK, state });
    expect(subCode(await peer.send(account('alipay'), 'R1'))).toBe(code);
    expect(await peer.ask('alipay.marketing.voucher.templatedetail.query', { template_id: STOCK })).toMatchObject({
      body: { status },
    });
    expect(await issued(world)).toBe(0);
  });

  it('of an empty template, and for an account that does not exist, is refused', async () => {
    const world = await worlds.start({ stocks: [{ ...TERMS, total: 1 }] });
    const peer = alipayPeer(world);
    expect(subCode(await peer.send('1', 'R1'))).toBe('CIF_USER_NOT_EXIST');
    await peer.send(account('alipay'), 'R1');
    expect(await peer.send(account('alipay', 1), 'R2')).toMatchObject({
      body: { code: '40004', sub_msg: expect.stringContaining('BUDGET_NOT_ENOUGH_ERROR') },
    });
  });
});

describe('signatures', () => {
  it('of another key and of another time are refused', async () => {
    const world = await worlds.start();
    const privateKey = world.keys.product[CHANNEL_KEYS.unionpay.privateKey] ?? '';
    expect(subCode(await alipayPeer(world, { privateKey }).send(account('alipay'), 'R1'))).toBe(
      'isv.invalid-signature',
    );
    const utc = alipayPeer(world, { offsetMs: -8 * 3_600_000 });
    expect(subCode(await utc.send(account('alipay'), 'R1'))).toBe('isv.invalid-timestamp');
    expect(await issued(world)).toBe(0);
  });

  it('cover all parameters: a request that was changed on its way is refused', async () => {
    const world = await worlds.start();
    const signed = alipayPeer(world).signed(account('alipay'), 'R1');
    const post = async (text: string): Promise<string> => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      return (await fetch(`${world.url}/gateway.do`, { method: 'POST', headers, body: text })).text();
    };
    expect(await post(signed.replace('R1', 'R2'))).toContain('isv.invalid-signature');
    expect(await post(signed.replace(account('alipay'), account('alipay', 1)))).toContain('isv.invalid-signature');
    expect(await post(`${signed}&notify_url=x`)).toContain('isv.invalid-signature');
    expect(await issued(world)).toBe(0);
    expect(await post(signed)).toContain('"code":"10000"');
  });

  it.each(['wrongSignature', 'unsigned', 'otherKey'] as const)(
    'of answers that are %s are not believed by the SDK, although the voucher is issued',
    async (kind) => {
      const world = await worlds.start();
      await world.setFaults({ kind, times: 1 });
      const peer = alipayPeer(world);
      expect((await peer.send(account('alipay'), 'R1')).kind).toBe('failed');
      expect(voucherOf(await peer.send(account('alipay'), 'R1'))).toMatch(/^\d{28}$/);
      expect(await issued(world)).toBe(1);
    },
  );
});

describe('faults', () => {
  it.each(['lost', 'silent'] as const)('%s: carried out, and the same number is answered later', async (kind) => {
    const world = await worlds.start();
    // The SDK sends a second time by itself when the connection is reset.
    await world.setFaults({ kind, times: kind === 'lost' ? 2 : 1 });
    expect((await alipayPeer(world, { timeoutMs: 1_000 }).send(account('alipay'), 'R1')).kind).toBe('failed');
    await eventually(async () => (await issued(world)) === 1, { what: 'the voucher in the books' });
    expect(voucherOf(await alipayPeer(world).send(account('alipay'), 'R1'))).toMatch(/^\d{28}$/);
    expect(await issued(world)).toBe(1);
  });

  it.each([
    ['falseLimit', 'USER_VOUCHER_LIMIT'],
    ['throttled', 'isv.app-call-limited'],
    ['systemError', 'isp.unknow-error'],
  ] as const)('%s: answered so, and nothing is carried out', async (kind, code) => {
    const world = await worlds.start();
    await world.setFaults({ kind, times: 1 });
    expect(subCode(await alipayPeer(world).send(account('alipay'), 'R1'))).toBe(code);
    expect(await issued(world)).toBe(0);
  });

  it('beyond the limit of a second: throttled', async () => {
    const atMs = Date.now();
    const world = await worlds.start({ perSecond: 1 }, () => atMs);
    const peer = alipayPeer(world);
    expect(await peer.send(account('alipay'), 'R1')).toMatchObject({ body: { code: '10000' } });
    expect(subCode(await peer.send(account('alipay', 1), 'R2'))).toBe('isv.app-call-limited');
  });
});

describe('the login', () => {
  it('goes back with an auth_code that is exchanged once', async () => {
    const world = await worlds.start();
    const query = new URLSearchParams({
      ...{ app_id: world.appId, scope: 'auth_base', redirect_uri: 'http://127.0.0.1:9/back', state: 's1' },
      account: account('alipay'),
    });
    const back = await fetch(`${world.url}/oauth2/publicAppAuthorize.htm?${query}`, { redirect: 'manual' });
    const location = new URL(back.headers.get('location') ?? '');
    expect(location.searchParams.get('state')).toBe('s1');
    const code = location.searchParams.get('auth_code') ?? '';
    const peer = alipayPeer(world);
    const exchange = () => peer.ask('alipay.system.oauth.token', {}, { grant_type: 'authorization_code', code });
    expect(await exchange()).toMatchObject({ body: { user_id: account('alipay') } });
    // The SDK can't verify an `error_response`, and says what it was.
    expect(JSON.stringify(await exchange())).toContain('isv.code-invalid');
  });
});
