/**
 * What citizens were promised, written by the process that received the promise. Append-only JSON lines. All entries of
 * one tick are one write, and an acknowledgement counts only after the kernel has its line: a kill -9 loses nothing that
 * was counted.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';

/** Why a registration was sent: the first time, again with the same key, or again with another key. */
const intent = z.enum(['first', 'same_key', 'other_key']);
export type SendIntent = z.infer<typeof intent>;

export const ledgerEntry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('acknowledged'),
    receiptNo: z.string(),
    /** SHA-256 of the Idempotency-Key, hex, 16 characters. */
    keyHash: z.string(),
    /** Index of the citizen; identity numbers are never written. */
    citizen: z.int().nonnegative(),
    sentAt: z.number(),
    answeredAt: z.number(),
    status: z.int(),
    /** 1 for the first attempt with this key. */
    attempt: z.int().positive(),
    intent,
  }),
  /** The citizen gave up without an answer: the registration may or may not exist. */
  z.object({ type: z.literal('unsettled'), keyHash: z.string(), citizen: z.int().nonnegative(), intent }),
  /** The generator reached its end: every send before has its line. */
  z.object({ type: z.literal('end'), sent: z.int(), acknowledged: z.int() }),
]);
export type LedgerEntry = Readonly<z.infer<typeof ledgerEntry>>;

export interface Ledger {
  append(entry: LedgerEntry): Promise<void>;
  close(): Promise<void>;
}

export const keyHashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16);

/** `file` must not exist: no run continues the ledger of another. */
export const openLedger = async (file: string): Promise<Ledger> => {
  const handle = await open(file, 'ax');
  let waiting: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let scheduled: Promise<void> | undefined;

  const writeAll = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    scheduled = undefined;
    await handle.appendFile(lines.join(''));
  };

  return {
    append(entry) {
      waiting.push(`${JSON.stringify(entry)}\n`);
      // A batch waits for the write before it: lines stay whole and in order.
      scheduled ??= writing.then(writeAll);
      writing = scheduled;
      return scheduled;
    },
    async close() {
      await writing;
      await handle.datasync();
      await handle.close();
    },
  };
};
