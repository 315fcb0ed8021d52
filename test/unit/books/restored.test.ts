import { expect, it } from '@jest/globals';
import type { IssuanceStart } from '../../../contract/decisions/control.ts';
import { booksLook } from '../../../operator/books/books-look.ts';
import { createIssuanceKeeper } from '../../../operator/issuance/issuance-keeper.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { freshReadings } from '../../helpers/observed.ts';

const signal = new AbortController().signal;
const start: IssuanceStart = {
  v: 1,
  campaignId: 'spring',
  at: '2020-10-01T00:00:00.000Z',
  by: 'liu',
  format: 'vi1',
  channels: [],
  streams: ['a', 'b'],
  queryFirst: false,
};

it('a journal that was restored after the start makes winners without a request count as open', async () => {
  const clock = new FakeClock();
  let streams: readonly string[] | undefined = ['a', 'b'];
  const keeper = createIssuanceKeeper({
    clock,
    shards: 2,
    journal: {
      started: async () => start,
      streams: async () => {
        if (streams === undefined) throw new Error('no leader');
        return streams;
      },
      start: async (made) => made,
    },
  });
  const look = async (): Promise<boolean> => {
    keeper.keep({ campaignId: 'spring', isDue: true, settings: '' }, signal);
    await keeper.settled();
    await clock.advance(30_000);
    return booksLook({ facts: undefined, outside: {}, readings: freshReadings(0) }, keeper.state()).isQueryFirst;
  };
  expect(booksLook({ facts: undefined, outside: {}, readings: freshReadings(0) }, undefined).isQueryFirst).toBe(true);
  expect(await look()).toBe(false);
  streams = undefined;
  expect(await look()).toBe(false);
  streams = ['a', 'of another time'];
  expect(await look()).toBe(true);
  expect(keeper.state()).toMatchObject({ kind: 'known', start: { by: 'liu' } });
});
