/** From registration to the list of the draw, with the whole product: the campaign closes, is frozen, and its Job makes the list. */
import { hash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { entryOf } from '../../../app/draw/entry.ts';
import { receiptOf, registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { never } from '../../helpers/real-journal.ts';
import { LATER, openStackFor, type StackCampaign, withStack } from '../../helpers/with-stack.ts';

const CAMPAIGN: StackCampaign = { intake: { min: 1, max: 2, capacityPerReplica: 500 } };
/** For three registrations, once a busy machine has told its pods that it is open. */
const OPEN_MS = 15_000;
/** Closing, the margin for pods that still store, one look at the journal each few seconds, and the Job. */
const LISTED_WITHIN_MS = 120_000;

it('publishes a list in which every citizen finds the own entry', async () => {
  await withStack({ ...CAMPAIGN, ...LATER }, never, async (stack) => {
    await openStackFor(stack, CAMPAIGN, OPEN_MS);
    const receipts = [];
    for (const citizen of [1, 2, 3]) receipts.push(receiptOf(await registerPatiently(stack.url, citizen)));
    const list = await eventually(
      () => {
        const condition = stack.snapshot().conditions.find(({ type }) => type === 'ListFrozen');
        return condition?.reason === 'Listed' ? condition : undefined;
      },
      { timeoutMs: LISTED_WITHIN_MS, what: 'the list' },
    );
    const entries = receipts
      .map((receipt) => entryOf(stack.campaignId, receipt?.receiptNo ?? '', receipt?.receiptSecret ?? ''))
      .toSorted(Buffer.compare);
    expect(list.status).toBe('True');
    expect(list.message).toContain(`dining has 3 entries (digest ${hash('sha256', Buffer.concat(entries), 'hex')})`);
    const created = () => stack.events().flatMap(({ reason, message }) => (reason === 'JobCreated' ? [message] : []));
    await eventually(() => created().length > 1, { what: 'the events of the Jobs' });
    expect(created()).toEqual(['compare was created.', 'draw was created.']);
    await eventuallyHolds(
      () =>
        expect(stack.snapshot().conditions).toContainEqual(
          expect.objectContaining({ type: 'RecordsConsistent', status: 'True', reason: 'RowsAgree' }),
        ),
      { what: 'RecordsConsistent' },
    );
    await eventually(() => !stack.processes().some(({ name }) => name.includes('draw')), {
      what: 'the end of its process',
    });
  });
}, 240_000);
