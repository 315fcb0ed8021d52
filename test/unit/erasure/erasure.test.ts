import { describe, expect, it } from '@jest/globals';
import type { ErasureJournal, ErasureOutcome, ErasureRequest } from '../../../journal/privacy/erasing.ts';
import { eraseCommandsOf, eraseText, MOST_ERASURES } from '../../../operator/erasure/erase-commands.ts';
import { ErasureKeeper } from '../../../operator/erasure/erasure-keeper.ts';
import { erasureEvents, erasuresStatus, isErasing } from '../../../operator/erasure/erasure-messages.ts';
import type { ErasureStatus } from '../../../operator/erasure/erasure-types.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { receiptOf } from '../../helpers/records.ts';

const never = new AbortController().signal;
const AT = '2020-09-26T09:00:00+08:00';
const key = (receipt: string): string => `erase.voucher-operator.io/${receipt}`;
const [A, B] = [receiptOf('a'), receiptOf('b')];
const text = eraseText({ who: 'li.wei', at: AT, reason: 'request 17' });

const commandsOf = (annotations: Record<string, string>) => {
  const campaign = aCampaign();
  return eraseCommandsOf({ ...campaign, metadata: { ...campaign.metadata, annotations } });
};

describe('commands to erase', () => {
  it('contain receipt, name, time and reason', () => {
    expect(commandsOf({ [key(A)]: text })).toEqual({
      commands: [{ receipt: A, who: 'li.wei', at: AT, reason: 'request 17' }],
      unreadable: [],
    });
  });

  it.each(['', 'please', 'by li.wei: x', 'by li.wei at noon: x', `by li.wei at ${AT}:`])('can’t be %p', (said) => {
    expect(commandsOf({ [key(A)]: said })).toEqual({ commands: [], unreadable: [A] });
  });

  it('are carried out in their order, no more than the status has room for', () => {
    const many = Object.fromEntries(Array.from({ length: MOST_ERASURES + 5 }, (_, n) => [key(receiptOf(n)), text]));
    const early = eraseText({ who: 'li.wei', at: '2020-09-25T09:00:00+08:00', reason: 'x' });
    const { commands } = commandsOf({ ...many, [key(A)]: early });
    expect(commands).toHaveLength(MOST_ERASURES);
    expect(commands[0]?.receipt).toBe(A);
  });
});

const world = (answer: (request: ErasureRequest) => ErasureOutcome) => {
  const clock = new FakeClock(1_000_000);
  const asked: string[] = [];
  const journal: ErasureJournal = {
    async erase(request) {
      asked.push(request.receipt);
      return answer(request);
    },
  };
  const { commands } = commandsOf({ [key(A)]: text, [key(B)]: text });
  let status: readonly ErasureStatus[] | undefined;
  const start = () => new ErasureKeeper({ clock, journal, shards: 3, site: 'default' });
  const ticks = async (keeper: ErasureKeeper, count: number): Promise<void> => {
    for (let tick = 0; tick < count; tick += 1) {
      const previous = status === undefined ? undefined : { erasures: [...status] };
      status = erasuresStatus({ commands, unreadable: [] }, (command) => keeper.resultOf(command), previous);
      keeper.keep('spring', commands, status, never);
      await keeper.settled();
      await clock.advance(1_000);
    }
  };
  return { asked, start, ticks, status: () => status ?? [] };
};

describe('ErasureKeeper', () => {
  it('carries out each command once, also after a change of leader that has the status', async () => {
    const { asked, start, ticks, status } = world(({ receipt }) => ({ kind: 'erased', receipts: [receipt, 'other'] }));
    await ticks(start(), 5);
    expect(status()).toMatchObject([{ state: 'Erased', receipts: 2 }, { state: 'Erased' }]);
    await ticks(start(), 5);
    expect(asked.toSorted()).toEqual([A, B].toSorted());
  });

  it('repeats a command whose end no status has, because that appends nothing twice', async () => {
    const { asked, start, ticks } = world(({ receipt }) => ({ kind: 'erased', receipts: [receipt] }));
    await ticks(start(), 1);
    await ticks(start(), 4);
    expect(new Set(asked)).toEqual(new Set([A, B]));
  });

  it('tries again what failed, and goes on with the others meanwhile', async () => {
    let failures = 0;
    const { start, ticks, status } = world(({ receipt }) => {
      if (receipt === [A, B].toSorted()[0] && failures < 2) {
        failures += 1;
        throw new Error('no shard leader');
      }
      return { kind: 'erased', receipts: [receipt] };
    });
    const keeper = start();
    await ticks(keeper, 3);
    expect(
      status()
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual(['Erased', 'Waiting']);
    expect(isErasing({ erasures: [...status()] })).toBe(true);
    await ticks(keeper, 20);
    expect(status().every(({ state }) => state === 'Erased')).toBe(true);
  });

  it('says which receipt is unknown, and looks for it again', async () => {
    let isThere = false;
    const { start, ticks, status } = world(({ receipt }) =>
      receipt === A && !isThere ? { kind: 'unknownReceipt' } : { kind: 'erased', receipts: [receipt] },
    );
    const keeper = start();
    await ticks(keeper, 5);
    const of = (receipt: string) => status().find((one) => one.receipt === receipt);
    expect(of(A)?.state).toBe('UnknownReceipt');
    expect(
      erasureEvents(undefined, { erasures: [...status()] })
        .map(({ reason }) => reason)
        .toSorted(),
    ).toEqual(['ErasureRefused', 'PersonErased']);
    isThere = true;
    await ticks(keeper, 70);
    expect(of(A)?.state).toBe('Erased');
  });
});
