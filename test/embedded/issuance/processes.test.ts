/** Issuance pods as processes, with the product's own clients, at local channels that lose answers and say "limit" falsely. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHANNELS } from '../../../contract/envelope.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type IssuanceProcesses, startIssuanceProcesses } from '../../helpers/issuance-processes.ts';

const WINNERS = 150;
let world: IssuanceProcesses;

beforeAll(async () => {
  world = await startIssuanceProcesses({ ackWaitMs: 10_000 });
});
afterAll(() => world?.stop());

const issued = async (): Promise<number> => {
  const books = await world.books();
  return CHANNELS.reduce((sum, channel) => sum + books[channel].issued, 0);
};
const isWorkedOff = async (): Promise<boolean> => (await world.backlog()).messages === 0;

describe(`${WINNERS} winners`, () => {
  it('wait until issuance is started', async () => {
    await world.announce(WINNERS);
    await world.share({ 'issuance-0': 30, 'issuance-1': 30 });
    world.start('issuance-0');
    world.start('issuance-1');
    for (const pod of ['issuance-0', 'issuance-1'])
      await eventually(async () => (await world.logOf(pod)).includes('"msg":"ready"'), { what: pod });
    // Both have read the stocks: they can ask.
    await eventually(
      async () =>
        (await Promise.all(CHANNELS.map((channel) => world.servers.of(channel).counts()))).every(
          ({ requests }) => requests > 0,
        ),
      {
        what: 'a reading of every stock',
      },
    );
    expect(await issued()).toBe(0);
  });

  it('get one voucher each, by the channels’ own books, through lost answers, false limits and a killed pod', async () => {
    for (const channel of CHANNELS)
      await world.servers
        .of(channel)
        .setFaults(
          { kind: 'lost', api: 'send', share: 0.1 },
          { kind: 'falseLimit', api: 'send', share: 0.05 },
          { kind: 'throttled', share: 0.02 },
        );
    await world.startIssuance();
    await eventually(async () => (await issued()) > WINNERS / 5, { what: 'some vouchers', everyMs: 200 });
    world.start('issuance-2');
    await world.share({ 'issuance-0': 30, 'issuance-2': 30 });
    await world.kill('issuance-1');
    await eventually(async () => (await issued()) >= WINNERS && (await isWorkedOff()), {
      what: 'everything issued and acknowledged',
      everyMs: 200,
      timeoutMs: 120_000,
    });
    expect(await world.gaps()).toEqual({ missing: [], unexpected: [] });
    const books = await world.books();
    for (const channel of CHANNELS) expect(books[channel]).toMatchObject({ doubles: [], doubleRequests: [] });
    expect(await issued()).toBe(WINNERS);
  });

  it('are not in any log by their accounts', async () => {
    const logs = (await Promise.all(['issuance-0', 'issuance-1', 'issuance-2'].map(world.logOf))).join('');
    expect(world.accounts().filter((account) => logs.includes(account))).toEqual([]);
  });
});
