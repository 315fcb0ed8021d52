/**
 * An intake's own canary: a test registration through the campaign's Service, as a phone would send it. Then its receipt is
 * requested until the database has the row. So Service, intake, journal, records and database are proven before the first citizen
 * registers. A canary is never counted (EVENT_KINDS) and replaces no citizen.
 */

import { randomInt, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { CANARY_WITHIN_MS, type CanaryReport } from '../../contract/app-contract.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import { readText } from '../../runtime/read-text.ts';
import { withCheckCharacter } from '../core/identity-number.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { CANARY_HEADER, signCanary } from './canary.ts';

export interface CanarySenderDeps {
  readonly serviceUrl: string;
  readonly canaryKey: SecretKey;
  readonly settings: LiveSettingsSource;
  /** Unix ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Ends with the process. */
  readonly signal: AbortSignal;
}

const ASK_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 5_000;
const MAX_ANSWER_BYTES = 16_384;

const receipt = z.object({ receiptSecret: z.string(), statusUrl: z.string().startsWith('/') });
const problem = z.object({ code: z.string().regex(/^[A-Z_]{1,40}$/) });
const status = z.object({ confirmed: z.boolean() });

/** Of no person, because no region's number begins with 10; and of an identity card, which every campaign accepts. */
const newIdentityNumber = (): string =>
  withCheckCharacter(
    `109999${1940 + randomInt(50)}${String(1 + randomInt(12)).padStart(2, '0')}${10 + randomInt(18)}${100 + randomInt(900)}`,
  );

const bodyFor = (category: string) => ({
  name: '金丝雀',
  idType: 'CN_ID',
  idNumber: newIdentityNumber(),
  phone: '13000000000',
  channel: 'wechat',
  category,
  consent: { policyVersion: 'canary', sensitive: true },
  locale: 'zh-CN',
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** On a new connection, so that the Service chooses the pod each time. */
const call = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: object | undefined,
  signal: AbortSignal,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const outgoing = request(url, { method, headers, agent: false, signal: within }, (response) => {
      readText(response, MAX_ANSWER_BYTES).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** Why there was no answer, without an address: `ECONNREFUSED`, or the time without an answer. */
const whyNoAnswer = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && code !== 'ABORT_ERR') return `the Service does not answer (${code})`;
  return `the Service did not answer within ${ANSWER_WITHIN_MS / 1000} s`;
};

const failed = (reason: string): CanaryReport => ({ result: 'failed', reason });

export const createCanarySender = (deps: CanarySenderDeps): (() => Promise<CanaryReport>) => {
  const { serviceUrl, canaryKey, settings, now, monotonicMs, signal } = deps;

  const isConfirmed = async (url: URL, secret: string): Promise<boolean> => {
    try {
      const { text } = await call(url, { 'x-receipt-secret': secret }, undefined, signal);
      return parseUntrusted(status, text)?.confirmed === true;
    } catch {
      return false;
    }
  };

  return async () => {
    const endAtMs = monotonicMs() + CANARY_WITHIN_MS;
    const category = settings.current()?.vouchers[0]?.name;
    if (category === undefined) return failed('the intake has not received the settings of the campaign yet');
    const key = randomUUID();
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key,
      [CANARY_HEADER]: signCanary(canaryKey, Math.floor(now() / 1000), key),
    };
    let answer: Answer;
    try {
      answer = await call(new URL('/api/v1/registrations', serviceUrl), headers, bodyFor(category), signal);
    } catch (error) {
      return failed(whyNoAnswer(error));
    }
    const accepted = parseUntrusted(receipt, answer.text);
    if (answer.status !== 201 || accepted === undefined) {
      const { code } = parseUntrusted(problem, answer.text) ?? {};
      return failed(`the Service answered ${answer.status}${code === undefined ? '' : ` ${code}`}`);
    }
    const url = new URL(accepted.statusUrl, serviceUrl);
    while (monotonicMs() < endAtMs) {
      if (await isConfirmed(url, accepted.receiptSecret)) return { result: 'confirmed', reason: '' };
      await delay(ASK_EVERY_MS, undefined, { signal });
    }
    return {
      result: 'accepted',
      reason: `it was accepted, but its row was not in the database ${CANARY_WITHIN_MS / 1000} s later: check the records pods and the database`,
    };
  };
};
