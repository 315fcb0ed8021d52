/**
 * A repeat of an accepted request gets its receipt, even when registration is closed or paused by now. It is found in this process's
 * memory, or in the journal. The receipt itself is derived (core/receipt.ts); the look-up only shows whether it was accepted.
 *
 * Before CLOSED the database is asked as well, for a registration that an earlier release stored under another subject. A row is
 * proof, and a missing row is none, so a database that is unavailable or behind changes nothing.
 *
 * A copy that the journal stored too late for the list (`countsUntilMs`) is none, and neither is its row: a publish that got no
 * answer may wait in a server that is cut off, and be stored above the barrier.
 *
 * Questions to the journal are bounded, because requests that were never accepted cause them as well:
 *
 * | the key                        | room for a question | result |
 * |--------------------------------|---------------------|--------|
 * | accepted by this process       | –                   | answered from memory, also in an overload |
 * | unknown here                   | yes                 | the body is read, and the journal is asked |
 * | unknown here                   | no                  | refused without its body; see `unasked` |
 *
 * A pod may ask as often as it admits citizens, between 20 and 50 times a second, with the depth below: as many as repeat lost answers
 * in the second of closing. Not more, because a question costs twice a refusal: without the bound, an overloaded process answered only
 * a sixth of the registrations that it can handle. Worked example: 1,200/s at 40 pods are 30 questions a second and pod, 150 at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptanceLookup, Acceptances, StoredPosition } from '../../journal/publishing.ts';
import { atMost } from '../../runtime/at-most.ts';
import { ApiError } from '../http/errors.ts';
import { overloaded, soon } from '../http/refusals.ts';
import { TokenBucket } from '../http/token-bucket.ts';
import { type Knock, shareOf } from './gate.ts';
import type { ReceiptStore } from './ports.ts';
import { editableUntil } from './receipt-state.ts';
import type { Claim, Registered } from './register.ts';

type Acceptance = Omit<Extract<AcceptanceLookup, { kind: 'accepted' }>, 'kind'>;

interface Remembered extends Acceptance {
  readonly receiptNo: string;
}

/** A request that arrived in time may upload for 5 s and publish for 3 s. */
const JUST_CLOSED_MS = 10_000;
const ASK_AGAIN_AFTER_MS = 1_000;
/** A quarter of a kilobyte each. */
const MOST_REMEMBERED = 8_192;
const LEAST_PER_SECOND = 20;
const MOST_PER_SECOND = 50;
const BURST_SECONDS = 5;
/** More wait in line: a nats-server with 10,000 pending API requests drops all of them, of every campaign. */
const MOST_AT_ONCE = 4;
const MOST_WAITING = 64;

export interface RecallDeps {
  readonly acceptances: Acceptances;
  readonly receipts: ReceiptStore;
  readonly signal: AbortSignal;
  readonly monotonicMs: () => number;
  readonly random: () => number;
}

export interface Recall {
  /** Whether the body of a refused request should be read. */
  isOpenTo(knock: Knock): boolean;
  /** The answer when the journal was not asked: never CLOSED. */
  unasked(refusal: ApiError): ApiError;
  remember(knock: Knock, claim: Claim, acceptance: Acceptance): void;
  fromMemory(knock: Knock, claim: Claim): Registered | undefined;
  /** The receipt of a refused request. @throws ApiError: the refusal, where the journal has nothing */
  instead(knock: Knock, claim: Claim, refusal: ApiError): Promise<Registered>;
  /** For a claim that the journal has, perhaps at a known position: since when, and whether with the same body. @throws ApiError */
  accepted(knock: Knock, claim: Claim, where?: StoredPosition): Promise<Registered>;
  /** Whether the journal has the claim where a publish would not find it. */
  isAstray(claim: Claim): boolean;
  /** Counts a mismatch as a question, so that it uses no admission; false: there is no room. */
  pay(knock: Knock): boolean;
}

/** The freeze waits this long for what arrived in time; what is stored later may be above the barrier (operator/freeze). */
const STORED_WITHIN_MS = 17_000;
const countsUntilMs = ({ settings }: Knock): number => Date.parse(editableUntil(settings)) + STORED_WITHIN_MS;

/** The first request may have reached another pod in time, and not be in the journal yet. */
const isJustClosed = ({ arrivedAtMs, settings }: Knock, { code }: ApiError): boolean =>
  code === 'CLOSED' && arrivedAtMs - Date.parse(settings.window.closesAt) < JUST_CLOSED_MS;

const registered = ({ receipt, fingerprint }: Claim, acceptance: Acceptance): Registered => {
  if (acceptance.fingerprint !== undefined && acceptance.fingerprint !== fingerprint) {
    throw new ApiError('IDEMPOTENCY_MISMATCH');
  }
  return { ...receipt, receivedAt: acceptance.at, repeated: true };
};

export const createRecall = ({ acceptances, receipts, signal, monotonicMs, random }: RecallDeps): Recall => {
  /** By Idempotency-Key, the last used one at the end. */
  const memory = new Map<string, Remembered>();
  const bucket = new TokenBucket();
  const inTurn = atMost(MOST_AT_ONCE);
  /** Questions under way or in line. */
  let questions = 0;
  const isCrowded = (): boolean => questions >= MOST_AT_ONCE + MOST_WAITING;

  const remember: Recall['remember'] = ({ idempotencyKey }, { receipt }, { at, fingerprint }) => {
    memory.delete(idempotencyKey);
    memory.set(idempotencyKey, { receiptNo: receipt.receiptNo, at, fingerprint });
    const [oldest = ''] = memory.keys();
    if (memory.size > MOST_REMEMBERED) memory.delete(oldest);
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
    questions += 1;
    const asked = inTurn(() =>
      acceptances.find(claim.receipt.receiptNo, claim.citizenHash, countsUntilMs(knock), where),
    );
    const found = await asked.finally(() => {
      questions -= 1;
    });
    if (found.kind !== 'accepted') return found.kind;
    remember(knock, claim, found);
    return registered(claim, found);
  };

  const inDatabase = async (knock: Knock, claim: Claim): Promise<Registered | undefined> => {
    const found = await receipts.find(claim.receipt.receiptNo, signal);
    if (found.kind !== 'found') return undefined;
    // The row may be of a copy that was stored since the journal was asked.
    if (knock.arrivedAtMs > countsUntilMs(knock) && (await ask(knock, claim)) !== 'absent') return undefined;
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
    isOpenTo: (knock) => memory.has(knock.idempotencyKey) || (!isCrowded() && bucket.hasOne(...budget(knock))),
    fromMemory(knock, claim) {
      const known = memory.get(knock.idempotencyKey);
      // Another citizen may have used the same key.
      if (known === undefined || known.receiptNo !== claim.receipt.receiptNo) return undefined;
      remember(knock, claim, known);
      return registered(claim, known);
    },
    async instead(knock, claim, refusal) {
      if (isCrowded() || !pay(knock)) throw unasked(refusal);
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
    async accepted(knock, claim, where) {
      const found = await ask(knock, claim, where);
      if (typeof found === 'object') return found;
      throw unavailable();
    },
  };
};
