/** A database that stands still under an open campaign: what its owner reads, what a citizen reads, and that it goes on by itself. */
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Stack } from '../../../local/stack.ts';
import { type Receipt, receiptOf, receiptState, registerPatiently } from '../../helpers/citizen-client.ts';
import { freeze } from '../../helpers/database-outages.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { withStack } from '../../helpers/with-stack.ts';

const conditionOf = (stack: Stack, wanted: string) => stack.snapshot().conditions.find(({ type }) => type === wanted);
const becomes = (stack: Stack, type: string, reason: string): Promise<unknown> =>
  eventually(() => conditionOf(stack, type)?.reason === reason, {
    timeoutMs: 90_000,
    what: `${type} to say ${reason}, and not ${JSON.stringify(conditionOf(stack, type))}`,
  });

it('a frozen database is told with its remedy, citizens read the truth, and both end with it', async () => {
  await withStack({}, new AbortController().signal, async (stack) => {
    await becomes(stack, 'RecordsAvailable', 'Available');
    await becomes(stack, 'AcceptingRegistrations', 'Accepting');
    const database = stack.processes().find(({ role }) => role === 'postgres');
    const thaw = await freeze({ pid: Number(database?.id) });
    let receipt: Receipt | undefined;
    try {
      receipt = receiptOf(await registerPatiently(stack.url, 1, randomUUID()));
      await becomes(stack, 'RecordsAvailable', 'DatabaseSilent');
      expect(conditionOf(stack, 'RecordsAvailable')).toMatchObject({
        status: 'False',
        message: expect.stringMatching(/does not answer.*Registrations go on/),
      });
      expect(conditionOf(stack, 'AcceptingRegistrations')).toMatchObject({ status: 'True' });
      expect(conditionOf(stack, 'Ready')).toMatchObject({ status: 'True' });
      await registerPatiently(stack.url, 2);
      if (receipt === undefined) throw new Error('no receipt');
      const told = receipt;
      const readsTruth = async (): Promise<void> =>
        expect((await receiptState(stack.url, told)).body).toMatchObject({
          state: 'received',
          confirmed: false,
          database: 'unavailable',
          detail: { en: expect.stringContaining('accepted and safe') },
        });
      await eventuallyHolds(readsTruth, { what: 'the citizen to read that the database is not available' });
    } finally {
      await thaw();
    }
    await becomes(stack, 'RecordsAvailable', 'Available');
    const { receiptNo, receiptSecret } = receipt;
    await eventually(
      async () => {
        const { body } = await receiptState(stack.url, { receiptNo, receiptSecret });
        return (body as { readonly confirmed?: boolean }).confirmed === true;
      },
      { what: 'the row' },
    );
    const toldOfBoth = (): void =>
      expect(stack.events().map(({ reason }) => reason)).toEqual(
        expect.arrayContaining(['RecordsUnavailable', 'RecordsAvailable']),
      );
    await eventuallyHolds(toldOfBoth, { what: 'both events' });
  });
});
