/**
 * The order of a registration: head, gate, body, assertions, memory, limits, admission, journal, account. A repeat of an accepted request gets its receipt even
 * where it would be rejected; another body under the same key gets 422, and uses no admission.
 */
import type { IncomingMessage } from 'node:http';
import type { StoredPosition } from '../../journal/publishing.ts';
import { ApiError, ERRORS } from '../http/errors.ts';
import type { LoadGuard } from '../http/load-guard.ts';
import { readJson } from '../http/read-json.ts';
import { soon, tooMany } from '../http/refusals.ts';
import type { Caller, LimitedBy, Limits, Taken } from '../limits/limits.ts';
import type { Tracing } from '../tracing/spans.ts';
import type { Accounts } from './accounts.ts';
import type { Asserted, Assertions } from './assertions.ts';
import { createGate, type GateDeps, type Knock } from './gate.ts';
import { createRecall, type RecallDeps } from './recall.ts';
import type { Subject } from './receipt-request.ts';
import { type Claim, claimOf, publishClaim, type RegisterDeps, type Registered } from './register.ts';
import type { Doorkeeper } from './waiting-room/desk.ts';

export interface AcceptDeps extends RegisterDeps, RecallDeps, Omit<GateDeps, 'isOverloaded'> {
  readonly guard: LoadGuard;
  /** Absent: no traces. */
  readonly tracing?: Tracing;
}

/** Logins that registrations carry. */
export interface Logins {
  readonly assertions: Assertions;
  readonly accounts: Pick<Accounts, 'claim' | 'bindTo' | 'rebind'>;
}

/** What may keep a registration out that is valid. */
export interface Doors {
  readonly door: Doorkeeper;
  readonly limits: Pick<Limits, 'take'>;
  readonly onLimited: (by: LimitedBy) => void;
}

/** Certainly not stored by this request, but perhaps by an earlier one. */
const NOT_STORED = new Set(['JOURNAL_FULL', 'JOURNAL_BUSY']);
/** The citizen's own mistakes that show only after admission. */
const OWN_MISTAKES = new Set(['ASSERTION_USED', 'ACCOUNT_TAKEN']);

const isLimited = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 'ADMISSION_LIMITED';

const NOTHING_ASSERTED: Asserted = {};
const NOTHING_TAKEN: Taken = { giveBack: () => undefined };

export interface Acceptor {
  /** @throws ApiError */
  knock(request: IncomingMessage, caller: Caller): Knock;
  /** @throws ApiError */
  accept(request: IncomingMessage, knock: Knock): Promise<Registered>;
}

export const createAcceptor = (
  deps: AcceptDeps,
  { assertions, accounts }: Logins,
  { door, limits, onLimited }: Doors,
): Acceptor => {
  const { guard, tracing } = deps;
  const gate = createGate({ ...deps, isOverloaded: (conduct) => guard.isOverloaded('write', conduct) }, door);
  const recall = createRecall(deps);

  /** Publishes under way, by receipt: a repeat waits for the first, so that they do not conflict in the journal. */
  const underWay = new Map<string, Promise<Registered>>();

  /** A refused request keeps its refusal, even if its body is wrong as well. But a wrong body gets no ticket. */
  const claimWith = async (request: IncomingMessage, knock: Knock): Promise<Claim> => {
    try {
      return claimOf(deps, knock, await readJson(request));
    } catch (error) {
      const { refusal } = knock;
      // A body that is too large also ends the connection.
      const hides = refusal !== undefined && error instanceof ApiError && error.code !== 'BODY_TOO_LARGE';
      throw hides && !(isLimited(refusal) && door.isOn()) ? refusal : error;
    }
  };

  const held = async (knock: Knock, claim: Claim, where?: StoredPosition): Promise<Registered> => {
    try {
      return await recall.accepted(knock, claim, where);
    } catch (error) {
      const isMismatch = error instanceof ApiError && error.code === 'IDEMPOTENCY_MISMATCH';
      if (isMismatch && recall.pay(knock)) gate.giveBack(knock);
      throw error;
    }
  };

  const subjectOf = ({ kind }: Knock, { receipt, citizenHash }: Claim): Subject => ({
    kind,
    receipt: receipt.receiptNo,
    citizenHash,
  });

  /** What the request's assertions prove, or why it is refused for them. */
  const assertedBy = async (
    { settings, arrivedAtMs }: Knock,
    { registration }: Claim,
  ): Promise<Asserted | ApiError> => {
    if (registration.identity === undefined && registration.account === undefined) return NOTHING_ASSERTED;
    try {
      return await assertions.ofRegistration(registration, settings, arrivedAtMs);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  };

  /** Assertion and account belong to this receipt before it is stored. @throws ApiError */
  const claimAsserted = async (knock: Knock, claim: Claim, { identity, account }: Asserted): Promise<void> => {
    const { receiptNo } = claim.receipt;
    if (identity !== undefined && !(await assertions.use('identity', identity, receiptNo)))
      throw new ApiError('JOURNAL_UNAVAILABLE', { retryAfterSeconds: soon(deps.random()) });
    if (account !== undefined) await accounts.claim(subjectOf(knock, claim), account);
  };

  /** A repeat: its account may not be bound yet, because the answer or the journal was lost in between. */
  const withAccount = async (
    knock: Knock,
    claim: Claim,
    asserted: Asserted | ApiError,
    registered: Registered,
  ): Promise<Registered> => {
    if (claim.registration.account === undefined || registered.isAccountBound !== undefined) return registered;
    const account = asserted instanceof ApiError ? undefined : asserted.account;
    return { ...registered, isAccountBound: await accounts.rebind(subjectOf(knock, claim), account) };
  };

  const store = async (knock: Knock, claim: Claim): Promise<Registered> => {
    // Only now: a slow upload occupies a connection, and must not count as work.
    const leave = guard.enter();
    try {
      if (recall.isAstray(claim)) return await held(knock, claim);
      const outcome = await publishClaim(deps, knock, claim);
      if (outcome.kind === 'held') return await held(knock, claim, outcome);
      recall.remember(knock, claim, { at: outcome.at, fingerprint: claim.fingerprint });
      return { ...claim.receipt, receivedAt: outcome.at, repeated: false };
    } finally {
      leave();
    }
  };

  /**
   * Claims and accounts are in one stream each, so they are slow while that has no leader. They do not count as work of this process: the
   * concurrency limit would shed registrations without a login for it.
   */
  const publishNow = async (knock: Knock, claim: Claim, asserted: Asserted): Promise<Registered> => {
    if (!recall.isAstray(claim)) await claimAsserted(knock, claim, asserted);
    const registered = await store(knock, claim);
    if (registered.repeated) return registered;
    if (asserted.identity !== undefined) assertions.used('identity');
    if (asserted.account === undefined) return registered;
    await accounts.bindTo(subjectOf(knock, claim), asserted.account);
    return { ...registered, isAccountBound: true };
  };

  const publish = async (knock: Knock, claim: Claim, asserted: Asserted): Promise<Registered> => {
    const { receiptNo } = claim.receipt;
    const publishing = publishNow(knock, claim, asserted);
    underWay.set(receiptNo, publishing);
    try {
      return await publishing;
    } finally {
      if (underWay.get(receiptNo) === publishing) underWay.delete(receiptNo);
    }
  };

  /** @throws ApiError TOO_MANY_REQUESTS: the journal is not asked for an earlier acceptance, because that costs as much as one */
  const takeFrom = ({ kind, caller, settings: { traffic } }: Knock, { citizenHash, registration }: Claim): Taken => {
    if (kind === 'canary') return NOTHING_TAKEN;
    const taken = limits.take(caller, { citizenHash, phone: registration.phone }, traffic);
    if (taken.refused === undefined) return taken;
    onLimited(taken.refused.by);
    throw tooMany(taken.refused.waitMs, deps.random());
  };

  const acceptNow = async (request: IncomingMessage, knock: Knock): Promise<Registered> => {
    if (knock.refusal !== undefined && !recall.isOpenTo(knock)) throw recall.unasked(knock.refusal);
    const claim = await claimWith(request, knock);
    const asserted = await assertedBy(knock, claim);
    await underWay.get(claim.receipt.receiptNo)?.catch(() => undefined);
    const known = recall.fromMemory(knock, claim);
    if (known !== undefined) return withAccount(knock, claim, asserted, known);
    const instead = async (refusal: ApiError): Promise<Registered> =>
      withAccount(knock, claim, asserted, await recall.instead(knock, claim, refusal));
    if (asserted instanceof ApiError) return instead(knock.refusal ?? asserted);
    if (knock.refusal !== undefined) return instead(knock.refusal);
    const taken = takeFrom(knock, claim);
    const refusal = gate.admit(knock);
    if (refusal !== undefined) {
      taken.giveBack();
      return instead(refusal);
    }
    try {
      return await withAccount(knock, claim, asserted, await publish(knock, claim, asserted));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      gate.notStored(knock);
      // The citizen will come again, and did nothing wrong.
      if (ERRORS[error.code].status >= 500) taken.giveBack();
      if (OWN_MISTAKES.has(error.code)) gate.giveBack(knock);
      if (!NOT_STORED.has(error.code)) throw error;
      return instead(error);
    }
  };

  const accept: Acceptor['accept'] = async (request, knock) => {
    try {
      return await acceptNow(request, knock);
    } catch (error) {
      throw isLimited(error) ? await door.queued(error, knock.presented) : error;
    }
  };

  const traced =
    (of: Tracing): Acceptor['accept'] =>
    async (request, knock) => {
      const span = of.root('intake.accept');
      if (span === undefined) return accept(request, knock);
      try {
        const registered = await accept(request, { ...knock, span });
        span.end(registered.repeated ? 'repeated' : 'stored');
        return registered;
      } catch (error) {
        span.end(error instanceof ApiError ? error.code : 'error');
        throw error;
      }
    };

  return { knock: gate.knock, accept: tracing === undefined ? accept : traced(tracing) };
};
