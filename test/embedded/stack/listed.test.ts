/** From registration to the list of the draw, with the whole product: the campaign closes, is frozen, and its Job makes the list. */
import { hash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { entryOf } from '../../../app/draw/entry.ts';
import { receiptOf, registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never } from '../../helpers/real-journal.ts';
import { LATER, openStackFor, type StackCampaign, withStack } from '../../helpers/with-stack.ts';

const CAMPAIGN: StackCampaign = { intake: { min: 1, max: 2, capacityPerReplica: 500 } };
const OPEN_MS = 8_000;
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
    expect(stack.events().filter(({ reason }) => reason === 'JobCreated')).toHaveLength(1);
    expect(stack.processes().some(({ name }) => name.includes('draw'))).toBe(false);
  });
}, 240_000);
