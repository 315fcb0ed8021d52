/** What becomes of a callback that is believed. */
import { describe, expect, it } from '@jest/globals';
import { createRedeem, type Redeemed, type UsedCoupon } from '../../../app/issuance/redeem.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import type { CouponIndex, CouponOwner } from '../../../journal/coupons.ts';
import {
  aStart,
  bound,
  createIssuanceWorld,
  createMemoryJournal,
  messageOf,
  RECEIPT,
  won,
} from '../../helpers/issuance.ts';
import { factEvent } from '../../helpers/records.ts';

const never = new AbortController().signal;
const NOW_MS = Date.UTC(2020, 9, 4);
const USED: UsedCoupon = {
  stock: 'stock-wechat',
  coupon: 'coupon-1',
  usedAt: '2020-10-04T07:30:00+08:00',
  faceValueFen: 10_000,
};
const ISSUED = { channel: 'wechat', voucher: 'dining', request: 'r', coupon: 'coupon-1' };
const issued = (data: Readonly<Record<string, unknown>> = ISSUED): EventEnvelope => factEvent('issued', { data });

const worldOf = (...stored: readonly EventEnvelope[]) => {
  const journal = createMemoryJournal();
  journal.store(...stored);
  const { receipt, citizenHash } = issued();
  const world = {
    journal,
    start: aStart() as ReturnType<typeof aStart> | undefined,
    owner: { receipt, citizenHash } as CouponOwner | 'unavailable' | undefined,
    redeem: (changes: Partial<UsedCoupon> = {}): Promise<Redeemed> => redeem('wechat', { ...USED, ...changes }, never),
  };
  const find: CouponIndex['find'] = async () => world.owner;
  const { facts, publish } = journal;
  const start = () => world.start;
  const redeem = createRedeem({ site: 'default', start, coupons: { find }, facts, publish, now: () => NOW_MS });
  return world;
};

describe('the use of a voucher', () => {
  it('is a fact at the time that the channel tells, with nothing of the purchase', async () => {
    const { journal, redeem } = worldOf(issued());
    expect(await redeem()).toEqual({ kind: 'redeemed', voucher: 'dining' });
    expect(journal.events('redeemed')).toEqual([
      {
        ...factEvent('redeemed'),
        at: '2020-10-03T23:30:00.000Z',
        data: { channel: 'wechat', voucher: 'dining', coupon: 'coupon-1', faceValueFen: 10_000 },
      },
    ]);
  });

  it('of which the channel tells no time has that of the callback', async () => {
    const { journal, redeem } = worldOf(issued());
    await redeem({ usedAt: undefined });
    expect(journal.events('redeemed')[0]?.at).toBe(new Date(NOW_MS).toISOString());
  });

  it('is stored once, however often it is told, one after the other or together', async () => {
    const { journal, redeem } = worldOf(issued());
    const together = await Promise.all(Array.from({ length: 20 }, () => redeem()));
    expect(together.map(({ kind }) => kind).toSorted()).toEqual(['redeemed', ...Array(19).fill('repeated')].toSorted());
    expect(await redeem()).toEqual({ kind: 'repeated' });
    expect(journal.events('redeemed')).toHaveLength(1);
  });

  it('that is told before the voucher is stored as issued is unknown, and known when it is told again', async () => {
    const world = worldOf();
    expect(await world.redeem()).toEqual({ kind: 'unknown' });
    world.journal.store(issued());
    expect(await world.redeem()).toMatchObject({ kind: 'redeemed' });
  });

  type World = ReturnType<typeof worldOf>;
  const cases: Record<string, readonly [(world: World) => void, UsedCoupon | undefined, Redeemed['kind']]> = {
    'before the start is known': [
      (world) => {
        world.start = undefined;
      },
      undefined,
      'unavailable',
    ],
    'while the index does not answer': [
      (world) => {
        world.owner = 'unavailable';
      },
      undefined,
      'unavailable',
    ],
    'while the shard does not answer': [
      (world) => {
        world.journal.answers = false;
      },
      undefined,
      'unavailable',
    ],
    'of another stock': [() => undefined, { ...USED, stock: 'of-another-campaign' }, 'other_stock'],
    'of a voucher without an entry': [
      (world) => {
        world.owner = undefined;
      },
      undefined,
      'unknown',
    ],
    'of a voucher whose entry is wrong': [() => undefined, { ...USED, coupon: 'coupon-2' }, 'unknown'],
  };
  it.each(Object.entries(cases))('%s makes no fact', async (_, [change, used, kind]) => {
    const world = worldOf(issued());
    change(world);
    expect(await world.redeem(used)).toEqual({ kind });
    expect(world.journal.events('redeemed')).toEqual([]);
  });

  it.each([{ ...ISSUED, channel: 'alipay' }, { coupon: 'coupon-1' }])(
    'makes no fact beside issued %j',
    async (data) => {
      const { redeem } = worldOf(issued(data));
      expect(await redeem()).toEqual({ kind: 'unknown' });
    },
  );

  it('that could not be published is told again, and then is stored', async () => {
    const world = worldOf(issued());
    world.journal.step = (what) => {
      if (what === 'before publish') throw new Error('cut');
    };
    await expect(world.redeem()).rejects.toThrow('cut');
    world.journal.step = () => undefined;
    expect(await world.redeem()).toMatchObject({ kind: 'redeemed' });
  });
});

describe('a voucher that is issued', () => {
  const issue = async (world: ReturnType<typeof createIssuanceWorld>, channel: 'wechat' | 'alipay') => {
    world.journal.store(bound(channel, 'account-1'), won());
    await world.deliver(won());
    const [issuing] = world.journal.events('issuing');
    if (issuing === undefined) throw new Error('no request was begun');
    await world.pod.channels[channel].commit([messageOf(issuing)], never);
  };

  it('is noted before it is stored as issued, where the channel calls back', async () => {
    const world = createIssuanceWorld();
    const storedBefore: number[] = [];
    world.pod.noteCoupon = async (channel, coupon, { receipt }) => {
      storedBefore.push(world.journal.events('issued').length);
      expect([channel, coupon, receipt]).toEqual(['wechat', 'coupon-1', RECEIPT]);
      return 'noted';
    };
    await issue(world, 'wechat');
    expect(storedBefore).toEqual([0]);
    expect(world.journal.events('issued')).toHaveLength(1);
  });

  it.each(['full', 'taken'] as const)('counts as issued although the index is %s', async (noted) => {
    const world = createIssuanceWorld();
    world.pod.noteCoupon = async () => noted;
    await issue(world, 'wechat');
    expect(world.journal.events('issued')).toHaveLength(1);
    expect(world.pod.counted).toContain(`unnoted ${noted}`);
  });
});
