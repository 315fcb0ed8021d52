/**
 * Citizens who register through the real intake, each with the assertion of a channel's login. What is acknowledged is a file of 16 bytes
 * a citizen, the words of the receipt number: zeros are a citizen without an answer, so that a run that was stopped goes on there.
 */

import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { RECEIPT_WORDS, readReceipt } from '../../../app/draw/receipt-words.ts';
import { createAssertionSigner } from '../../../app/login/sign.ts';
import { accountOf } from '../../../local/channels/truth.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import { registrationClient } from '../../../local/load/http-client.ts';

export const RECEIPT_BYTES = RECEIPT_WORDS * 4;

interface Crowd {
  readonly count: number;
  readonly seed: number;
  readonly origin: string;
  readonly campaignId: string;
  readonly categories: readonly string[];
  /** Of the login tier, PKCS 8 in PEM. */
  readonly privateKey: string;
  readonly receiptsFile: string;
  readonly signal: AbortSignal;
  readonly onProgress: (acknowledged: number) => void;
}

const AT_ONCE = 24;
const AGAIN_AFTER_MS = 500;
const CONNECTIONS = { connections: AT_ONCE, requestsPerConnection: 200, timeoutMs: 10_000 } as const;

/** Until every citizen has a receipt. @throws Error for a citizen who is refused, and the signal's reason */
export const registerAll = async (crowd: Crowd): Promise<void> => {
  const { count, seed, origin, campaignId, categories, receiptsFile, signal, onProgress } = crowd;
  const sign = await createAssertionSigner(crowd.privateKey);
  const file = await open(receiptsFile, 'a+').then(async (created) => {
    await created.close();
    return open(receiptsFile, 'r+');
  });
  const client = registrationClient({ origin, ...CONNECTIONS });
  try {
    const known = Buffer.alloc(count * RECEIPT_BYTES);
    await file.read(known, 0, known.length, 0);
    const isKnown = (index: number): boolean =>
      known.subarray(index * RECEIPT_BYTES, (index + 1) * RECEIPT_BYTES).some((byte) => byte !== 0);
    let acknowledged = 0;
    for (let index = 0; index < count; index += 1) if (isKnown(index)) acknowledged += 1;
    let next = 0;
    let failure: unknown;
    const accountFor = async (index: number, channel: 'wechat' | 'alipay' | 'unionpay') => {
      const nonce = randomBytes(24).toString('base64url');
      const challenge = createHash('sha256').update(nonce).digest('base64url');
      const who = { kind: 'account' as const, channel, account: accountOf(channel, seed, index) };
      return { assertion: await sign(who, { campaignId, system: channel, challenge }, Date.now()), nonce };
    };
    const register = async (index: number): Promise<void> => {
      const citizen = citizenOf(seed, index);
      const category = categories[index % categories.length] ?? '';
      const account = await accountFor(index, citizen.channel);
      for (;;) {
        signal.throwIfAborted();
        if (failure !== undefined) return;
        // The same key each time: a repeated request is the same registration.
        const key = `chengdu-soak-${String(seed).padStart(4, '0')}-${String(index).padStart(8, '0')}`;
        const answer = await client.register({ citizen, category, idempotencyKey: key, account });
        if (answer.kind === 'receipt') {
          const words = new Uint32Array(RECEIPT_WORDS);
          if (!readReceipt(answer.receiptNo, words)) throw new Error('the intake answered with no receipt number');
          const bytes = Buffer.alloc(RECEIPT_BYTES);
          for (const [at, word] of words.entries()) bytes.writeUInt32BE(word, at * 4);
          await file.write(bytes, 0, RECEIPT_BYTES, index * RECEIPT_BYTES);
          acknowledged += 1;
          onProgress(acknowledged);
          return;
        }
        if (answer.kind === 'refused') throw new Error(`citizen ${index} is refused: ${answer.status} ${answer.code}`);
        // As the page does: it waits as long as it was asked to.
        await delay(answer.kind === 'busy' ? answer.retryAfterMs : AGAIN_AFTER_MS, undefined, { signal });
      }
    };
    const worker = async (): Promise<void> => {
      while (next < count && failure === undefined) {
        const index = next;
        next += 1;
        if (!isKnown(index)) await register(index);
      }
    };
    onProgress(acknowledged);
    await Promise.all(
      Array.from({ length: AT_ONCE }, () =>
        worker().catch((error: unknown) => {
          failure ??= error;
        }),
      ),
    );
    if (failure !== undefined) throw failure;
    await file.sync();
  } finally {
    await file.close();
    await client.close();
  }
};
