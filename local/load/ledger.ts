/**
 * What was promised to citizens, written by the one who received the promise. Append-only JSON lines, one write a tick
 * for all that came together; an acknowledgement counts only after the kernel has its line, so a kill -9 of this
 * process loses nothing that it counted.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

export type LedgerEntry =
  | {
      readonly type: 'acknowledged';
      readonly receiptNo: string;
      /** SHA-256 of the Idempotency-Key, hex, 16 characters. */
      readonly keyHash: string;
      /** Index of the citizen; identity numbers are never written. */
      readonly citizen: number;
      readonly sentAt: number;
      readonly answeredAt: number;
      readonly status: number;
      /** 1 for the first try of this key. */
      readonly attempt: number;
      /** Why it was sent: for the first time, again with the same key, or again with another key. */
      readonly intent: SendIntent;
    }
  /** Given up without an answer, so the registration may or may not exist. */
  | { readonly type: 'unsettled'; readonly keyHash: string; readonly citizen: number; readonly intent: SendIntent }
  /** The generator came to its end: every send before has its line. */
  | { readonly type: 'end'; readonly sent: number; readonly acknowledged: number };

export type SendIntent = 'first' | 'same_key' | 'other_key';

export interface Ledger {
  /** Resolves when the line is written. */
  append(entry: LedgerEntry): Promise<void>;
  close(): Promise<void>;
}

export const keyHashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16);

/** `file` must not exist: a ledger is never continued by another run. */
export const openLedger = async (file: string): Promise<Ledger> => {
  const handle: FileHandle = await open(file, 'ax');
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
      // The batch is taken only when the write before it is done: lines stay whole and in order.
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
