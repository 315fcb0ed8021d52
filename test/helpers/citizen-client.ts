/** One citizen's phone: registers and asks for a receipt's state, over plain HTTP. */
import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { z } from 'zod';
import { citizenOf } from '../../local/load/citizen.ts';
import { eventually } from './eventually.ts';

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | undefined;
}

const receipt = z.object({ receiptNo: z.string(), receiptSecret: z.string() });
export type Receipt = z.infer<typeof receipt>;

/** The receipt of an accepted registration, or undefined. */
export const receiptOf = ({ status, body }: Answered): Receipt | undefined => {
  const parsed = receipt.safeParse(body);
  return (status === 200 || status === 201) && parsed.success ? parsed.data : undefined;
};

const answered = async (response: Awaited<ReturnType<typeof request>>): Promise<Answered> => {
  const retryAfter = response.headers['retry-after'];
  return {
    status: response.statusCode,
    body: await response.body.json(),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
};

/** `citizen` is an index of local/load/citizen.ts; every call opens a new connection, as a new phone would. */
export const register = async (
  url: string,
  citizen: number,
  idempotencyKey: string,
  options: { readonly seed?: number; readonly category?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answered> => {
  const { name, idNumber, phone, channel, locale } = citizenOf(options.seed ?? 1, citizen);
  return answered(
    await request(`${url}/api/v1/registrations`, {
      method: 'POST',
      reset: true,
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, ...options.headers },
      body: JSON.stringify({
        name,
        idType: 'CN_ID',
        idNumber,
        phone,
        channel,
        category: options.category ?? 'dining',
        consent: { policyVersion: '1', sensitive: true },
        locale,
      }),
    }),
  );
};

/** Retries with the same key after a rejection or a missing answer, as a phone does, until there is a receipt. */
export const registerPatiently = (
  url: string,
  citizen: number,
  idempotencyKey: string = randomUUID(),
): Promise<Answered> =>
  eventually(
    async () => {
      const answer = await register(url, citizen, idempotencyKey);
      if (receiptOf(answer) === undefined) throw new Error(`answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer;
    },
    { what: 'a receipt' },
  );

export const receiptState = async (url: string, { receiptNo, receiptSecret }: Receipt): Promise<Answered> =>
  answered(
    await request(`${url}/api/v1/registrations/${receiptNo}`, {
      reset: true,
      headers: { 'x-receipt-secret': receiptSecret },
    }),
  );
