/**
 * Who was accepted gets the receipt whatever gate has shut since: a repeat is found in this process's memory, or in the
 * journal, which is the truth. The receipt itself is derived (core/receipt.ts); what must be found out is whether it stands.
 *
 * Before it says CLOSED, the database is asked as well, for one that an earlier release stored under another subject: a row is proof,
 * and no row is none, so a database that is away or behind changes nothing.
 *
 * Asking the journal is bounded, because whoever was never accepted may ask as well:
 *
 * | the key                        | room for a question | what is done |
 * |--------------------------------|---------------------|--------------|
 * | accepted by this process       | –                   | answered from memory, also in an overload |
 * | unknown here                   | yes                 | the body is read, and the journal asked |
 * | unknown here                   | no                  | refused without its body; see `unasked` |
 *
 * A pod asks as often as it lets citizens in, within 20 and 50 times a second, with the depth below: as many as come back with
 * lost answers in the second of closing. No more, because a question costs twice a refusal, and refusals are what an
 * overloaded process lives by: asked without that bound, it answered a sixth of the registrations that it can carry.
 * Worked example: 1,200/s at 40 pods are 30 questions a second and pod, 150 at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptanceLookup, Acceptances, StoredPosition } from '../../journal/publishing.ts';
import { ApiError } from './errors.ts';
import { type Knock, overloaded, shareOf, soon } from './gate.ts';
import type { ReceiptStore } from './ports.ts';
import type { Claim, Registered } from './register.ts';
import { TokenBucket } from './token-bucket.ts';

type Acceptance = Omit<Extract<AcceptanceLookup, { kind: 'accepted' }>, 'kind'>;

interface Remembered extends Acceptance {
  readonly receiptNo: string;
}

/** A request that came in time may be uploading for 5 s and under way for 3 s. */
const JUST_CLOSED_MS = 10_000;
const ASK_AGAIN_AFTER_MS = 1_000;
/** A quarter of a kilobyte each. */
const MOST_REMEMBERED = 8_192;
const LEAST_PER_SECOND = 20;
const MOST_PER_SECOND = 50;
const BURST_SECONDS = 5;
/** More wait for their turn: a nats-server that has 10,000 requests of its API in hand drops them all, of every campaign. */
const MOST_AT_ONCE = 4;
const MOST_WAITING = 64;

export interface RecallDeps {
  readonly acceptances: Acceptances;
  readonly receipts: ReceiptStore;
  /** Ends look-ups when the process ends. */
  readonly signal: AbortSignal;
  readonly monotonicMs: () => number;
  readonly random: () => number;
}

export interface Recall {
  /** Whether a request with a refusal is worth its body. */
  isOpenTo(knock: Knock): boolean;
  /** The answer to a request that the journal was not asked about, or could not be: never that it is too late. */
  unasked(refusal: ApiError): ApiError;
  remember(knock: Knock, claim: Claim, acceptance: Acceptance): void;
  fromMemory(knock: Knock, claim: Claim): Registered | undefined;
  /** The receipt of a request with a refusal. @throws ApiError: the refusal, where the journal holds nothing */
  instead(knock: Knock, claim: Claim, refusal: ApiError): Promise<Registered>;
  /** The journal has said that it holds the claim, and perhaps where: since when, and of the same body. @throws ApiError */
  standing(knock: Knock, claim: Claim, where?: StoredPosition): Promise<Registered>;
  /** Whether the claim stands in the journal where a publish would not meet it. */
  isAstray(claim: Claim): boolean;
  /** Pays for a mismatch out of the questions, so that it costs no admission; false: there is no room. */
  pay(knock: Knock): boolean;
}

/** Its first may have come in time, to another pod, and not be in the journal yet. */
const isJustClosed = ({ arrivedAtMs, settings }: Knock, { code }: ApiError): boolean =>
  code === 'CLOSED' && arrivedAtMs - Date.parse(settings.window.closesAt) < JUST_CLOSED_MS;

const registered = ({ receipt, fingerprint }: Claim, acceptance: Acceptance): Registered => {
  if (acceptance.fingerprint !== undefined && acceptance.fingerprint !== fingerprint) {
    throw new ApiError('IDEMPOTENCY_MISMATCH');
  }
  return { ...receipt, receivedAt: acceptance.at, repeated: true };
};

export const createRecall = ({ acceptances, receipts, signal, monotonicMs, random }: RecallDeps): Recall => {
  /** By Idempotency-Key, the one that was used last at the end. */
  const memory = new Map<string, Remembered>();
  const bucket = new TokenBucket();
  let asking = 0;
  const waiting: (() => void)[] = [];

  const remember: Recall['remember'] = ({ idempotencyKey }, { receipt }, { at, fingerprint }) => {
    memory.delete(idempotencyKey);
    memory.set(idempotencyKey, { receiptNo: receipt.receiptNo, at, fingerprint });
    if (memory.size <= MOST_REMEMBERED) return;
    for (const oldest of memory.keys()) {
      memory.delete(oldest);
      break;
    }
  };

  const budget = ({ settings }: Knock): readonly [number, number, number] => [
    monotonicMs(),
    Math.min(MOST_PER_SECOND, Math.max(LEAST_PER_SECOND, shareOf(settings.traffic))),
    BURST_SECONDS,
  ];
  const pay = (knock: Knock): boolean => bucket.take(...budget(knock));

  const ask = async (
    knock: Knock,
    claim: Claim,
    where?: StoredPosition,
  ): Promise<Registered | Exclude<AcceptanceLookup['kind'], 'accepted'>> => {
    if (asking < MOST_AT_ONCE) asking += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      const found = await acceptances.find(claim.receipt.receiptNo, claim.citizenHash, where);
      if (found.kind !== 'accepted') return found.kind;
      remember(knock, claim, found);
      return registered(claim, found);
    } finally {
      const next = waiting.shift();
      if (next === undefined) asking -= 1;
      else next();
    }
  };

  const inDatabase = async (knock: Knock, claim: Claim): Promise<Registered | undefined> => {
    const found = await receipts.find(claim.receipt.receiptNo, signal);
    if (found.kind !== 'found' && found.kind !== 'superseded') return undefined;
    // Rows keep no fingerprint.
    const acceptance = { at: found.receivedAt, fingerprint: undefined };
    remember(knock, claim, acceptance);
    return registered(claim, acceptance);
  };

  const unasked = (refusal: ApiError): ApiError => (refusal.code === 'CLOSED' ? overloaded(random()) : refusal);
  const unavailable = (): ApiError => new ApiError('JOURNAL_UNAVAILABLE', { retryAfterSeconds: soon(random()) });

  return {
    remember,
    pay,
    unasked,
    isAstray: ({ receipt }) => acceptances.isAstray(receipt.receiptNo),
    isOpenTo: (knock) =>
      memory.has(knock.idempotencyKey) || (waiting.length < MOST_WAITING && bucket.hasOne(...budget(knock))),
    fromMemory(knock, claim) {
      const known = memory.get(knock.idempotencyKey);
      // Another citizen may have used the same key.
      if (known === undefined || known.receiptNo !== claim.receipt.receiptNo) return undefined;
      remember(knock, claim, known);
      return registered(claim, known);
    },
    async instead(knock, claim, refusal) {
      if (waiting.length >= MOST_WAITING || !pay(knock)) throw unasked(refusal);
      let found = await ask(knock, claim);
      if (found === 'absent' && isJustClosed(knock, refusal)) {
        await delay(ASK_AGAIN_AFTER_MS);
        found = await ask(knock, claim);
      }
      if (typeof found === 'object') return found;
      const row = found === 'absent' && refusal.code === 'CLOSED' ? await inDatabase(knock, claim) : undefined;
      if (row !== undefined) return row;
      throw found === 'unavailable' && refusal.code === 'CLOSED' ? unavailable() : refusal;
    },
    async standing(knock, claim, where) {
      const found = await ask(knock, claim, where);
      if (typeof found === 'object') return found;
      throw unavailable();
    },
  };
};
