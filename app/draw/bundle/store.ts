/**
 * Puts a bundle into an object store with the interface of S3. An object is stored as a whole or not at all, and result.json is put last:
 * where it is, the bundle is complete.
 *
 * | at the place                                   | result                                     |
 * |------------------------------------------------|--------------------------------------------|
 * | no result.json                                 | all files are put, `written`               |
 * | the same result.json                           | nothing is put, `exists`                   |
 * | another result.json                            | nothing is put, an error                   |
 *
 * Each request is signed with the digest of its whole body (no chunks, which not every store reads), and has its MD5, which some stores
 * require. The body is sent from memory, where the lists are anyway.
 */
import { hash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { request } from 'undici';
import { z } from 'zod';
import { parseUntrusted } from '../../../contract/untrusted.ts';
import { type BackoffLimits, backoffMs } from '../../../runtime/backoff.ts';
import { readText } from '../../../runtime/read-text.ts';
import { canonicalJson } from '../canonical.ts';
import type { BundleWriter } from './write.ts';

const storeSchema = z.object({
  url: z.url(),
  region: z.string().min(1),
  bucket: z.string().min(1),
  prefix: z.string().optional(),
  style: z.enum(['Path', 'VirtualHost']),
});
export type StorePlace = z.infer<typeof storeSchema>;

/** @throws Error */
export const readStorePlace = (json: string): StorePlace => {
  const place = parseUntrusted(storeSchema, json);
  if (place === undefined) throw new Error('spec.draw.bundleStore can not be read by this release');
  return place;
};

export interface StoreKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface StoreDeps {
  readonly place: StorePlace;
  readonly keys: StoreKeys;
  readonly campaignId: string;
  readonly signal: AbortSignal;
  /** Waits before a request is repeated. @throws the signal's reason */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
  readonly onRetry?: (problem: string) => void;
}

/** The store refuses, or does not answer. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

const TRIES = 6;
const LIMITS: BackoffLimits = { initialMs: 500, maxMs: 10_000 };
/** 640 MB at 5 MB/s. */
const ANSWER_WITHIN_MS = 180_000;
const MOST_ERROR_BYTES = 64 * 1_024;
const MOST_RESULT_BYTES = 4 * 2 ** 20;

/** `https://s3.example.org/bucket/folder/spring-2027/` @throws Error for a url that is none */
export const addressOf = ({ url, bucket, prefix, style }: StorePlace, campaignId: string): string => {
  const base = new URL(url);
  if (style === 'VirtualHost') base.hostname = `${bucket}.${base.hostname}`;
  const parts = [...(style === 'Path' ? [bucket] : []), ...(prefix === undefined ? [] : [prefix]), campaignId];
  return `${base.origin}${base.pathname.replace(/\/+$/, '')}/${parts.join('/')}/`;
};

/** `SignatureDoesNotMatch` */
const codeIn = (text: string): string => /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1] ?? 'no code';

interface Answer {
  readonly status: number;
  readonly text: string;
}

const isRepeatable = (status: number): boolean => status >= 500 || status === 429 || status === 408;

export const openStore = ({
  place,
  keys,
  campaignId,
  signal,
  wait,
  random = Math.random,
  onRetry,
}: StoreDeps): BundleWriter => {
  const address = addressOf(place, campaignId);

  const send = async (method: 'GET' | 'PUT', file: string, body: Uint8Array | undefined): Promise<Answer> => {
    const sha256 = hash('sha256', body ?? '');
    const headers = {
      'x-amz-content-sha256': sha256,
      ...(body === undefined ? {} : { 'content-md5': hash('md5', body, 'base64') }),
    };
    const signed = await new AwsV4Signer({
      ...keys,
      method,
      url: `${address}${file}`,
      headers,
      region: place.region,
      service: 's3',
    }).sign();
    const type = file.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    const answer = await request(signed.url, {
      method,
      headers: { ...Object.fromEntries(signed.headers), ...(body === undefined ? {} : { 'content-type': type }) },
      body: body ?? null,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    const most = answer.statusCode === 200 ? MOST_RESULT_BYTES : MOST_ERROR_BYTES;
    return { status: answer.statusCode, text: await readText(answer.body, most) };
  };

  /** @throws StoreError after the last try */
  const ask = async (method: 'GET' | 'PUT', file: string, body?: Uint8Array): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(method, file, body).catch((error: unknown) => {
        signal.throwIfAborted();
        return error instanceof Error ? error.message : String(error);
      });
      if (typeof answer !== 'string' && !isRepeatable(answer.status)) return answer;
      const problem = typeof answer === 'string' ? answer : `status ${answer.status}, ${codeIn(answer.text)}`;
      if (attempt === TRIES)
        throw new StoreError(`spec.draw.bundleStore: the store did not take ${file} in ${TRIES} tries: ${problem}`);
      onRetry?.(problem);
      await wait(backoffMs(attempt, LIMITS, random()), signal);
    }
  };

  const refused = (what: string, { status, text }: Answer): StoreError =>
    new StoreError(
      `spec.draw.bundleStore: the store refuses to ${what} (status ${status}, ${codeIn(text)}): check url, region, bucket and the keys in its Secret`,
    );

  /** Undefined: there is none. */
  const readResult = async (): Promise<string | undefined> => {
    const answer = await ask('GET', 'result.json');
    // Without the permission to list, a store answers 403 for an object that is not there; a wrong key has a code of its own.
    if (answer.status === 404 || (answer.status === 403 && codeIn(answer.text) === 'AccessDenied')) return undefined;
    if (answer.status !== 200) throw refused('give result.json', answer);
    return answer.text;
  };
  let before: Promise<string | undefined> | undefined;
  const put = async (file: string, body: Uint8Array): Promise<void> => {
    before ??= readResult();
    if ((await before) !== undefined) return;
    const answer = await ask('PUT', file, body);
    if (answer.status < 200 || answer.status > 299) throw refused(`take ${file}`, answer);
  };

  return {
    async voucher({ voucher, entries, bitmap, waitlist }) {
      await put(`${voucher}/entries.bin`, entries);
      await put(`${voucher}/winners.bin`, bitmap);
      await put(`${voucher}/waitlist.bin`, waitlist);
    },
    async end({ commitment, sources, result }) {
      const text = canonicalJson(result);
      before ??= readResult();
      const found = await before;
      if (found !== undefined && found !== text)
        throw new StoreError(`${address} has the bundle of another result: remove it, or state another prefix`);
      if (found === text) return 'exists';
      await put('commitment.json', Buffer.from(canonicalJson(commitment)));
      await put('sources.json', Buffer.from(canonicalJson(sources)));
      await put('result.json', Buffer.from(text));
      return 'written';
    },
    // Files without result.json are no bundle, and the next try writes the same ones.
    abort: async () => undefined,
  };
};
