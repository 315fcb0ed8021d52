/** A machine that is suspended between a request and its publish: when it goes on, the agreed clock shows nothing of it at first. */
import { describe, expect, it } from '@jest/globals';
import { bodyOf, calmGuard, NOW_MS, testIntake } from '../../helpers/intake.ts';

describe('a machine that was suspended', () => {
  /** Suspended for so long while the next event is sealed, or the registration is looked up. */
  const suspendedFor = (ms: number) => {
    const journal: Parameters<typeof testIntake>[1] = [];
    let wallMs = NOW_MS;
    let isNext = false;
    const pass = (): void => {
      if (isNext) wallMs += ms;
    };
    const intake = testIntake(calmGuard(), journal, {
      wallClockMs: () => wallMs,
      sealer: {
        seal() {
          pass();
          return { keyId: '2026-10-01', sealed: 'c2VhbGVk' };
        },
      },
      receiptJournal: {
        async findRegistration(receipt) {
          pass();
          return journal.find((event) => event.receipt === receipt && event.type === 'received');
        },
        findFacts: async () => [],
        append: async (event) => {
          journal.push(event);
          return { kind: 'stored' };
        },
        last: async () => 'none',
      },
    });
    const suspendNext = (): void => {
      isNext = true;
    };
    return { intake, journal, suspendNext };
  };

  it.each([
    [9_000, 201, 1],
    [11_000, 503, 0],
  ])('for %i ms answers a registration with %i', async (ms, status, stored) => {
    const { intake, journal, suspendNext } = suspendedFor(ms);
    suspendNext();
    const answer = await intake.post(bodyOf(1));
    expect([answer.status, journal.length]).toEqual([status, stored]);
    if (status === 503) expect(answer.json['code']).toBe('JOURNAL_UNAVAILABLE');
  });

  it.each(['withdrawal', 'change'] as const)('stores no %s', async (kind) => {
    const { intake, journal, suspendNext } = suspendedFor(11_000);
    const { json } = await intake.post(bodyOf(1));
    suspendNext();
    const path = String(json['statusUrl']);
    const proof = { 'x-receipt-secret': String(json['receiptSecret']) };
    const answer =
      kind === 'withdrawal'
        ? await intake.withdraw(path, proof)
        : await intake.patch(path, { channel: 'unionpay' }, proof);
    expect([answer.status, answer.json['code'], journal.length]).toEqual([503, 'CHANGE_UNCONFIRMED', 1]);
  });
});
