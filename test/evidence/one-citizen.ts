/**
 * One citizen posts with five keys and five times with one key, on different pods, while the leader of a journal shard
 * is killed: every receipt that was returned resolves, and one registration stands.
 */
import { randomUUID } from 'node:crypto';
import { readDatabase } from '../../local/ledger-check/read-database.ts';
import { type Receipt, receiptOf, receiptState, register } from '../helpers/citizen-client.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { withStack } from '../helpers/with-stack.ts';

/** Resent with the same key until it is answered, as the page does. */
const registered = async (url: string, citizen: number, key: string, signal: AbortSignal): Promise<Receipt> => {
  for (;;) {
    signal.throwIfAborted();
    const receipt = receiptOf(
      await register(url, citizen, key).catch(() => ({ status: 0, body: undefined, retryAfter: undefined })),
    );
    if (receipt !== undefined) return receipt;
  }
};

export const scenario: Scenario = {
  issue: '02',
  run: ({ signal, args }) =>
    withStack({ intake: { min: 3, max: 3, capacityPerReplica: 500 } }, signal, async (stack) => {
      const rounds = Number(args[0] ?? 6);
      const raw: unknown[] = [];
      let holds = true;
      for (let round = 0; round < rounds; round += 1) {
        const sameKey = randomUUID();
        const keys = [...Array.from({ length: 5 }, () => randomUUID()), ...Array.from({ length: 5 }, () => sameKey)];
        const nats = stack.processes().filter(({ role }) => role === 'nats');
        const killed = nats[round % nats.length];
        const sending = keys.map((key) =>
          registered(stack.url, round, key, AbortSignal.any([signal, AbortSignal.timeout(60_000)])),
        );
        if (killed !== undefined) stack.kill(killed);
        const receipts = await Promise.all(sending);
        const distinct = new Set(receipts.map(({ receiptNo }) => receiptNo));
        const states = await eventually(
          async () => {
            const found = await Promise.all(receipts.map(async (receipt) => receiptState(stack.url, receipt)));
            const bodies = found.map(({ body }) => body as { state?: string; confirmed?: boolean });
            const settled = bodies.filter(({ state, confirmed }) => state === 'superseded' || confirmed === true);
            return settled.length === receipts.length ? bodies.map(({ state }) => state) : undefined;
          },
          { what: 'every receipt to resolve' },
        );
        const { registrations } = await readDatabase(stack.ledgerCheck, stack.campaignId, signal);
        const standing = registrations.length;
        const standingOfRound = receipts
          .filter((_, i) => states?.[i] !== 'superseded')
          .map(({ receiptNo }) => receiptNo);
        const ok = distinct.size === 6 && new Set(standingOfRound).size === 1 && standing === round + 1;
        holds &&= ok;
        raw.push({
          round,
          killed: killed?.name,
          receipts: receipts.length,
          distinct: distinct.size,
          states,
          standing,
          ok,
        });
      }
      return { kind: 'ran', holds, summary: { rounds, everyReceiptResolved: holds }, raw };
    }),
};
