/**
 * Reads one round of drand from several relays at once. Relays need no trust: the first answer whose signature the chain's key verifies
 * is taken. Every other answer is named, so that an operator sees which relay is broken.
 */
import { request } from 'undici';
import { z } from 'zod';
import { digestSchema } from '../../../contract/decisions/draw-schema.ts';
import { parseUntrusted } from '../../../contract/untrusted.ts';
import { readText } from '../../../runtime/read-text.ts';
import { codeOf } from '../error-code.ts';
import { type DrandChain, type DrandRound, isSignatureOf, randomnessOf } from './drand.ts';

const answerSchema = z.object({
  round: z.int(),
  signature: z.string().regex(/^[0-9a-f]{96}$/),
  randomness: digestSchema.optional(),
});

const WITHIN_MS = 10_000;
/** An answer has about 250 bytes. */
const MOST_BYTES = 16 * 1_024;

export interface RelayProblem {
  readonly relay: string;
  readonly problem: string;
}

export interface ReadRound {
  /** Undefined: no relay had it. */
  readonly found?: DrandRound & { readonly relay: string };
  /** Of the relays that answered before the round was found, or of all. */
  readonly problems: readonly RelayProblem[];
}

export interface RelayOptions {
  /** Addresses such as https://api.drand.sh. */
  readonly relays: readonly string[];
  /** For one relay, 10 s unless stated. */
  readonly withinMs?: number;
}

const urlOf = (relay: string, { hash }: DrandChain, round: number): URL =>
  new URL(`${relay.replace(/\/+$/, '')}/${hash}/public/${round}`);

/** @returns the round, or why this relay's answer does not count */
const readFrom = async (
  url: URL,
  chain: DrandChain,
  round: number,
  signal: AbortSignal,
): Promise<DrandRound | string> => {
  // undici's `request` follows no redirect.
  const { statusCode, body } = await request(url, { signal, headers: { accept: 'application/json' } });
  const text = await readText(body, MOST_BYTES);
  if (statusCode !== 200) return `status ${statusCode}`;
  const answer = parseUntrusted(answerSchema, text);
  if (answer === undefined) return 'the answer is no round of drand';
  if (answer.round !== round) return `the answer is round ${answer.round}, not ${round}`;
  const { signature } = answer;
  if (!isSignatureOf(chain, round, signature)) return `the signature is not that of round ${round} of this chain`;
  const randomness = randomnessOf(signature);
  if (answer.randomness !== undefined && answer.randomness !== randomness)
    return 'the randomness is not the SHA-256 of the signature';
  return { round, signature, randomness };
};

/** Ends with the first verified answer, or when all relays have answered or their time is over. @throws the signal's reason */
export const readRound = async (
  chain: DrandChain,
  round: number,
  { relays, withinMs = WITHIN_MS }: RelayOptions,
  signal: AbortSignal,
): Promise<ReadRound> => {
  const problems: RelayProblem[] = [];
  const enough = new AbortController();
  const ask = async (relay: string): Promise<DrandRound & { readonly relay: string }> => {
    const timeout = AbortSignal.timeout(withinMs);
    let problem: string;
    try {
      const own = AbortSignal.any([signal, enough.signal, timeout]);
      const read = await readFrom(urlOf(relay, chain, round), chain, round, own);
      if (typeof read !== 'string') return { ...read, relay };
      problem = read;
    } catch (error) {
      const code = codeOf(error);
      const failed = code === undefined ? 'the answer can’t be read' : `connection failed: ${code}`;
      problem = timeout.aborted ? `no answer within ${withinMs} ms` : failed;
    }
    problems.push({ relay, problem });
    throw new Error(problem);
  };
  try {
    const found = await Promise.any(relays.map(ask));
    return { found, problems: [...problems] };
  } catch {
    signal.throwIfAborted();
    return { problems };
  } finally {
    enough.abort();
  }
};
