/** A citizen whose answer was lost, on the whole product: the receipt comes after closing, from any pod, though the database stands still. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { citizenOf } from '../../../local/load/citizen.ts';
import type { Stack } from '../../../local/stack.ts';
import { type Answered, receiptOf, register, registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { LATER, openStackFor, type StackCampaign, withStack } from '../../helpers/with-stack.ts';

const CITIZENS = 20;
const CAMPAIGN: StackCampaign = { intake: { min: 2, max: 2, capacityPerReplica: 500 } };
const OPEN_MS = 8_000;

const signalRole = (stack: Stack, role: string, signal: NodeJS.Signals): void => {
  for (const { id } of stack.processes().filter((one) => one.role === role)) process.kill(Number(id), signal);
};

/** Of citizen `index`, with a phone that was corrected afterwards. */
const corrected = async (url: string, index: number, key: string): Promise<unknown> => {
  const { name, idNumber, channel, locale } = citizenOf(1, index);
  const { body } = await request(`${url}/api/v1/registrations`, {
    method: 'POST',
    reset: true,
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify({
      name,
      idType: 'CN_ID',
      idNumber,
      phone: '13800138000',
      channel,
      category: 'dining',
      consent: { policyVersion: '1', sensitive: true },
      locale,
    }),
  });
  return body.json();
};

describe('a repeat', () => {
  it('gets its receipt after closing, while the database stands still, and nobody else gets one', async () => {
    await withStack({ ...CAMPAIGN, ...LATER }, new AbortController().signal, async (stack) => {
      signalRole(stack, 'records', 'SIGSTOP');
      try {
        await openStackFor(stack, CAMPAIGN, OPEN_MS);
        const keys = Array.from({ length: CITIZENS }, () => randomUUID());
        const first: Answered[] = [];
        for (const [index, key] of keys.entries()) first.push(await registerPatiently(stack.url, index, key));
        const receipts = first.map(receiptOf);
        expect(receipts.every((receipt) => receipt !== undefined)).toBe(true);
        const codeOf = async (index: number): Promise<unknown> => {
          const { body } = await register(stack.url, index, randomUUID());
          return (body as { readonly code?: string }).code;
        };
        await eventually(async () => (await codeOf(0)) === 'CLOSED', {
          everyMs: 500,
          what: 'the closing',
        });
        // New connections: both pods are met.
        for (let round = 0; round < 4; round += 1) {
          const again = await Promise.all(keys.map((key, index) => register(stack.url, index, key)));
          expect(again.map(({ status }) => status)).toEqual(keys.map(() => 200));
          expect(again.map(receiptOf)).toEqual(receipts);
          expect(again.map(({ body }) => (body as { receivedAt: string }).receivedAt)).toEqual(
            first.map(({ body }) => (body as { receivedAt: string }).receivedAt),
          );
          expect(await corrected(stack.url, round, keys[round] ?? '')).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
        }
        // With the key of somebody else, and with a new one.
        expect(await register(stack.url, CITIZENS + 1, keys[0] ?? '')).toMatchObject({ status: 403 });
        expect(await codeOf(1)).toBe('CLOSED');
      } finally {
        signalRole(stack, 'records', 'SIGCONT');
      }
    });
  });
});
