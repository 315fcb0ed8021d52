/**
 * The order of a registration: head, gate, body, memory, admission, journal. A repeat of an accepted request gets its receipt even
 * where it would be rejected; another body under the same key gets 422, and uses no admission.
 */
import type { IncomingMessage } from 'node:http';
import type { StoredPosition } from '../../journal/publishing.ts';
import { ApiError } from './errors.ts';
import { createGate, type GateDeps, type Knock } from './gate.ts';
import type { LoadGuard } from './load-guard.ts';
import { readJson } from './read-json.ts';
import { createRecall, type RecallDeps } from './recall.ts';
import { type Claim, claimOf, publishClaim, type RegisterDeps, type Registered } from './register.ts';

export interface AcceptDeps extends RegisterDeps, RecallDeps, Omit<GateDeps, 'isOverloaded'> {
  readonly guard: LoadGuard;
}

/** Certainly not stored by this request, but perhaps by an earlier one. */
const NOT_STORED = new Set(['JOURNAL_FULL', 'JOURNAL_BUSY']);

export interface Acceptor {
  /** @throws ApiError */
  knock(request: IncomingMessage): Knock;
  /** @throws ApiError */
  accept(request: IncomingMessage, knock: Knock): Promise<Registered>;
}

export const createAcceptor = (deps: AcceptDeps): Acceptor => {
  const { guard } = deps;
  const gate = createGate({ ...deps, isOverloaded: () => guard.isOverloaded() });
  const recall = createRecall(deps);

  /** Publishes under way, by receipt: a repeat waits for the first, so that they do not conflict in the journal. */
  const underWay = new Map<string, Promise<Registered>>();

  /** A refused request keeps its refusal, even if its body is wrong as well. */
  const claimWith = async (request: IncomingMessage, knock: Knock): Promise<Claim> => {
    try {
      return claimOf(deps, knock, await readJson(request));
    } catch (error) {
      const { refusal } = knock;
      // A body that is too large also ends the connection.
      const hides = refusal !== undefined && error instanceof ApiError && error.code !== 'BODY_TOO_LARGE';
      throw hides ? refusal : error;
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

  const publishNow = async (knock: Knock, claim: Claim): Promise<Registered> => {
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

  const publish = async (knock: Knock, claim: Claim): Promise<Registered> => {
    const { receiptNo } = claim.receipt;
    const publishing = publishNow(knock, claim);
    underWay.set(receiptNo, publishing);
    try {
      return await publishing;
    } finally {
      if (underWay.get(receiptNo) === publishing) underWay.delete(receiptNo);
    }
  };

  return {
    knock: gate.knock,
    async accept(request, knock) {
      if (knock.refusal !== undefined && !recall.isOpenTo(knock)) throw recall.unasked(knock.refusal);
      const claim = await claimWith(request, knock);
      await underWay.get(claim.receipt.receiptNo)?.catch(() => undefined);
      const known = recall.fromMemory(knock, claim);
      if (known !== undefined) return known;
      const refusal = knock.refusal ?? gate.admit(knock);
      if (refusal !== undefined) return recall.instead(knock, claim, refusal);
      try {
        return await publish(knock, claim);
      } catch (error) {
        if (!(error instanceof ApiError && NOT_STORED.has(error.code))) throw error;
        return recall.instead(knock, claim, error);
      }
    },
  };
};
