/** Claims on three real nats-servers: the bucket's leader is the judge between pods. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { claimsBucketName } from '../../../contract/outside/login.ts';
import { type Claims, createClaims } from '../../../journal/claims.ts';
import { type CouponIndex, createCouponIndex } from '../../../journal/coupons.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { citizenOf, receiptOf } from '../../helpers/records.ts';

const campaignId = 'spring';
let journal: RealJournal;
let pods: readonly Claims[];
let index: CouponIndex;

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured({ hasClaims: true })).toMatchObject({ kind: 'ready' });
  const monotonicMs = (): number => performance.now();
  const connections = await Promise.all(['one', 'two', 'three'].map((name) => journal.connect(name)));
  pods = connections.map((connection) => createClaims({ connection, campaignId, monotonicMs }));
  index = createCouponIndex({ connection: await journal.connect('issuance'), campaignId, monotonicMs });
});
afterAll(() => journal?.stop());

const pod = (n: number): Claims => {
  const found = pods[n % pods.length];
  if (found === undefined) throw new Error('no pods');
  return found;
};
/** What a citizen gets who repeats the request as long as it is shed. */
const answered = (ask: () => Promise<string>): Promise<string> =>
  eventually(
    async () => {
      const held = await ask();
      return held === 'unavailable' ? undefined : held;
    },
    { what: 'an answer of the bucket' },
  );

describe('a claim', () => {
  it('is of one of many citizens who ask at once, whichever pod they ask', async () => {
    const asked = Array.from({ length: 30 }, (_, n) => answered(() => pod(n).holdAccount('a1', `citizen-${n % 10}`)));
    const held = await Promise.all(asked);
    const winners = new Set(held.flatMap((one, n) => (one === 'ours' ? [n % 10] : [])));
    expect(winners.size).toBe(1);
    // Each of that citizen's three requests.
    expect(held.filter((one) => one === 'ours')).toHaveLength(3);
    expect(held.filter((one) => one === 'taken')).toHaveLength(27);
  });

  it('of an assertion is of one receipt, for an hour', async () => {
    expect(await answered(() => pod(0).holdAssertion('jti-1', 'R1'))).toBe('ours');
    expect(await answered(() => pod(1).holdAssertion('jti-1', 'R1'))).toBe('ours');
    expect(await answered(() => pod(2).holdAssertion('jti-1', 'R2'))).toBe('taken');
    const stream = `KV_${claimsBucketName(campaignId)}`;
    const subject = `$KV.${claimsBucketName(campaignId)}`;
    const stored = await journal.manager.streams.getMessage(stream, { last_by_subj: `${subject}.assertion.jti-1` });
    expect(stored?.header.get('Nats-TTL')).toBe('1h');
    await answered(() => pod(0).holdAccount('a2', 'citizen'));
    const account = await journal.manager.streams.getMessage(stream, { last_by_subj: `${subject}.account.a2` });
    expect(account?.header.get('Nats-TTL') ?? '').toBe('');
    const { config } = await journal.manager.streams.info(stream);
    expect(config).toMatchObject({ num_replicas: 3, max_msgs_per_subject: 1, allow_msg_ttl: true, discard: 'new' });
  });

  it('of a coupon says whose it is, and keeps the first owner', async () => {
    const owner = { receipt: receiptOf('a'), citizenHash: citizenOf('a') };
    const other = { receipt: receiptOf('b'), citizenHash: citizenOf('b') };
    expect(await index.note('wechat', '10000000001', owner, never)).toBe('noted');
    expect(await index.note('wechat', '10000000001', owner, never)).toBe('noted');
    expect(await index.note('wechat', '10000000001', other, never)).toBe('taken');
    const find = (channel: 'wechat' | 'alipay', coupon: string) =>
      eventually(
        async () => {
          const found = await index.find(channel, coupon);
          return found === 'unavailable' ? undefined : { found };
        },
        { what: 'an answer of the bucket' },
      );
    expect(await find('wechat', '10000000001')).toEqual({ found: owner });
    expect(await find('alipay', '10000000001')).toEqual({ found: undefined });
    expect(await find('wechat', '*')).toEqual({ found: undefined });
  });

  it('outlives all servers, and is unavailable without them, never taken or ours', async () => {
    await answered(() => pod(0).holdAccount('a3', 'citizen-3'));
    for (const node of journal.cluster.nodes) node.kill('SIGKILL');
    expect(await pod(0).holdAccount('a3', 'citizen-4')).toBe('unavailable');
    expect(await index.find('wechat', '10000000001')).toBe('unavailable');
    await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
    await journal.cluster.ready(never);
    expect(await answered(() => pod(1).holdAccount('a3', 'citizen-4'))).toBe('taken');
    expect(await answered(() => pod(2).holdAccount('a3', 'citizen-3'))).toBe('ours');
  });

  it('has a bucket in campaigns with logins or issuance only', async () => {
    expect(await journal.ensured({ campaignId: 'plain', uid: '2' })).toMatchObject({ kind: 'ready' });
    await expect(journal.manager.streams.info(`KV_${claimsBucketName('plain')}`)).rejects.toThrow('not found');
  });
});
