/** Winners of the demo, who bind the account in which they get their voucher: by the login of its channel, as a phone does it. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { accountOf } from '../channels/truth.ts';
import { citizenOf } from '../load/citizen.ts';
import { type KeptReceipt, keptReceipt } from '../load/kept-receipt.ts';

export const readReceipts = async (file: string): Promise<ReadonlyMap<string, KeptReceipt>> => {
  const kept = new Map<string, KeptReceipt>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const one = parseUntrusted(keptReceipt, line);
    if (one !== undefined) kept.set(one.receiptNo, one);
  }
  return kept;
};

const WITHIN_MS = 10_000;
const MOST_TRIES = 20;
const assertionBody = z.object({ assertion: z.string() });

interface Site {
  readonly intakeUrl: string;
  readonly loginUrl: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const go = (url: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { redirect: 'manual', ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]) });

const placeOf = (response: Response, what: string): URL => {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`${what} answered ${response.status} and no address`);
  return new URL(location, response.url);
};

/** @returns what the intake is sent */
const logIn = async (system: string, account: string, { loginUrl, signal }: Site) => {
  const nonce = randomBytes(24).toString('base64url');
  const challenge = createHash('sha256').update(nonce).digest('base64url');
  const begun = await go(`${loginUrl}/login/${system}?challenge=${challenge}`, signal);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const channelPage = placeOf(begun, `the login of ${system}`);
  channelPage.hash = '';
  channelPage.searchParams.set('account', account);
  const back = placeOf(await go(channelPage.href, signal), `the page of ${system}`);
  const done = await go(back.href, signal, { headers: { cookie, accept: 'application/json' } });
  const body = parseUntrusted(assertionBody, await done.text());
  if (body === undefined) throw new Error(`the login of ${system} answered ${done.status} without an assertion`);
  return { assertion: body.assertion, nonce };
};

const bindOne = async (receipt: KeptReceipt, site: Site): Promise<void> => {
  const { intakeUrl, seed, signal } = site;
  const { channel } = citizenOf(seed, receipt.citizen);
  const login = await logIn(channel, accountOf(channel, seed, receipt.citizen), site);
  const bound = await go(`${intakeUrl}/api/v1/registrations/${receipt.receiptNo}/account`, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-receipt-secret': receipt.receiptSecret },
    body: JSON.stringify(login),
  });
  if (!bound.ok) throw new Error(`the intake answered ${bound.status}: ${(await bound.text()).slice(0, 300)}`);
};

/** Winners at a time: as many phones as the login tier of a demo serves. */
const AT_ONCE = 4;

const bindPatiently = async (winner: KeptReceipt, site: Site): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await bindOne(winner, site);
    } catch (error) {
      if (site.signal.aborted || tries >= MOST_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
};

/** Some at a time, each again until it succeeds. @throws Error with the last failure of a winner who can't bind */
export const bindWinners = async (winners: Iterable<KeptReceipt>, site: Site): Promise<number> => {
  let bound = 0;
  const waiting = [...winners];
  const bindInTurns = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await bindPatiently(next, site);
      bound += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, bindInTurns));
  return bound;
};
