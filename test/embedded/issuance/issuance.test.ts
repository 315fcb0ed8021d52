/** Exactly one voucher by the channels' own books: pods that fail at each step, a journal that forgets its positions, one that is cut. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IssueRequest } from '../../../app/issuance/ports.ts';
import { CHANNELS } from '../../../contract/envelope.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type IssuanceStack, startIssuanceStack } from '../../helpers/issuance-stack.ts';
import { receiptOf } from '../../helpers/records.ts';
import { Crash, type Fate, scriptedChannel } from '../../helpers/scripted-channel.ts';

/** More than one voucher has steps, look-ups and publishes included. */
const STEPS = 12;
const FIRST = 24;
const SECOND = 60;
let stack: IssuanceStack;

beforeAll(async () => {
  stack = await startIssuanceStack();
});
afterEach(() => stack.stopPods());
afterAll(() => stack?.stop());

/** Every fourth request is lost after success, every fifth says "limit" falsely; each once. */
const troubled = ({ account }: IssueRequest, count: number): Fate => {
  const citizen = Number(account.split('-')[1]);
  if (count > 1) return 'ok';
  if (citizen % 4 === 0) return 'lost';
  if (citizen % 5 === 0) return { kind: 'maybe', code: 'RULE_LIMIT' };
  return citizen % 7 === 0 ? { kind: 'throttled', reason: 'RATELIMIT' } : 'ok';
};
const channels = () => {
  const of = new Map(CHANNELS.map((channel) => [channel, scriptedChannel(channel, stack.books, { fate: troubled })]));
  return (channel: (typeof CHANNELS)[number]) =>
    of.get(channel)?.client ?? scriptedChannel(channel, stack.books).client;
};

const accounts = (count: number) => Array.from({ length: count }, (_, citizen) => `account-${citizen}`).toSorted();
const booked = () => stack.books.entries.map(({ account }) => account).toSorted();
const isWorkedOff = async (): Promise<boolean> => (await stack.backlog()).messages === 0;
const issued = async () => {
  const receipts = (await stack.events()).flatMap(({ type, receipt }) => (type === 'issued' ? [receipt] : []));
  return new Set(receipts);
};
const everyoneHasOne = async (count: number): Promise<void> => {
  await eventually(async () => (await isWorkedOff()) && (await issued()).size >= count, {
    what: `${count} issued vouchers, and nothing that waits`,
    everyMs: 200,
  });
  expect(booked()).toEqual(accounts(count));
  expect(stack.books.doubles()).toEqual([]);
};

describe('winners', () => {
  it('get one voucher each from two pods that fail at every step, by channels whose answers are lost', async () => {
    const steps = new Map<string, number>();
    const dies = new Map(
      Array.from({ length: FIRST }, (_, citizen) => [receiptOf(`${citizen}-1`), 1 + (citizen % STEPS)]),
    );
    const failed = new Set<string>();
    const step = (receipt: string): void => {
      const count = (steps.get(receipt) ?? 0) + 1;
      steps.set(receipt, count);
      if (count !== dies.get(receipt)) return;
      failed.add(receipt);
      throw new Crash(`step ${count}`);
    };
    const clients = channels();
    stack.startPod(clients, step);
    stack.startPod(clients, step);
    await stack.announce(0, FIRST);
    await everyoneHasOne(FIRST);
    expect(failed.size).toBeGreaterThan(FIRST / 2);
  });

  it('get no second one when all journal servers restart, and every message comes again', async () => {
    const clients = channels();
    stack.startPod(clients);
    stack.startPod(clients);
    await stack.announce(FIRST, SECOND);
    await eventually(() => stack.books.entries.length > FIRST + 8, { what: 'some vouchers' });
    await stack.restartJournal();
    await everyoneHasOne(SECOND);
  });

  it('get no second one from a journal that has lost its last messages', async () => {
    await stack.restoreWithout(20);
    expect((await issued()).size).toBeLessThan(SECOND);
    stack.startPod(channels());
    await everyoneHasOne(SECOND);
  });
});

describe('sabotage: a fresh number on each retry', () => {
  it('issues twice, and the books show it', async () => {
    await stack.restoreWithout(20);
    let fresh = 0;
    const clients = channels();
    stack.startPod((channel) => {
      const client = clients(channel);
      const renumbered = (request: IssueRequest) => ({ ...request, request: `fresh${++fresh}` });
      return {
        ...client,
        issue: (request, signal) => client.issue(renumbered(request), signal),
        query: (request, signal) => client.query(renumbered(request), signal),
      };
    });
    await eventually(() => stack.books.doubles().length > 10, { what: 'doubles' });
  });
});
