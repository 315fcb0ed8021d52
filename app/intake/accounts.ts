/**
 * Binds the account in which a citizen's voucher is issued: with the registration, or later with receipt and secret until
 * `spec.issuance.bindBy`, which does not apply to those who moved up. The account is claimed before `bound` is stored, so that no other citizen binds it meanwhile.
 */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { AccountAssertion } from '../../contract/outside/login.ts';
import { accountHashOf } from '../core/receipt.ts';
import { sealingAad } from '../core/sealing.ts';
import { ApiError } from '../http/errors.ts';
import { checkJsonHead, readJson } from '../http/read-json.ts';
import { soon } from '../http/refusals.ts';
import type { Assertions } from './assertions.ts';
import { type BindDecision, decideBinding, nextBinding, OF_BINDING } from './binding-rules.ts';
import { factsOf } from './change-rules.ts';
import type { ReceiptRequestDeps, ReceiptRequests, Subject } from './receipt-request.ts';
import { sealPersonal } from './register.ts';
import { parseAccount } from './registration-body.ts';
import { bindableUntilMs, receiptBindableUntilMs } from './sections.ts';

export interface BoundAccount {
  readonly receiptNo: string;
  readonly channel: string;
  readonly accountBound: true;
}

export interface Accounts {
  /** Before a registration with an account is stored. @throws ApiError */
  claim(of: Subject, assertion: AccountAssertion): Promise<void>;
  /** After it is stored. @throws ApiError */
  bindTo(of: Subject, assertion: AccountAssertion): Promise<void>;
  /** Of a repeated registration: whether an account is bound. Binds this one, if it still can. @throws ApiError */
  rebind(of: Subject, assertion: AccountAssertion | undefined): Promise<boolean>;
  /** @throws ApiError */
  bind(request: IncomingMessage, sentReceiptNo: string, sentSecret: string): Promise<BoundAccount>;
}

/** With registrations, while a shard has no leader for seconds. The rest is asked to repeat, and bound then. */
const MOST_UNDER_WAY = 256;

export const createAccounts = (
  deps: ReceiptRequestDeps,
  requests: ReceiptRequests,
  assertions: Assertions,
): Accounts => {
  const { campaignId, citizenKey, receiptJournal } = deps;
  const { again } = requests;
  let underWay = 0;
  const hashOf = ({ channel, account }: AccountAssertion): string =>
    accountHashOf(citizenKey, campaignId, channel, account);
  const unavailable = (): ApiError => new ApiError('JOURNAL_UNAVAILABLE', { retryAfterSeconds: soon(deps.random()) });

  const checkOffered = (settings: LiveSettings): void => {
    if (bindableUntilMs(settings) === undefined) throw new ApiError('LOGIN_NOT_OFFERED');
  };

  const claim: Accounts['claim'] = async (of, assertion) => {
    // First: whoever replays the assertion must not get the account.
    if (!(await assertions.use('account', assertion, of.receipt))) throw unavailable();
    if (!(await assertions.take(hashOf(assertion), of.citizenHash))) throw unavailable();
  };

  const boundOf = (of: Subject, { channel, account }: AccountAssertion, attempt: number): EventEnvelope => {
    const fields = Buffer.from(JSON.stringify({ account }), 'utf8');
    const aad = sealingAad(campaignId, of.receipt);
    const { keyId, sealed } = sealPersonal(deps.sealer, fields, aad, 'CHANGE_UNCONFIRMED');
    return {
      ...requests.factOf(of, 'bound', attempt, { keyId, channel, sealed }),
      accountHash: accountHashOf(citizenKey, campaignId, channel, account),
    };
  };

  const lastBound = async (of: Subject) => {
    const last = await receiptJournal.last(of, 'bound');
    if (last === undefined) throw again();
    return last === 'none' ? undefined : last;
  };

  const append = async (
    of: Subject,
    assertion: AccountAssertion,
    decision: BindDecision,
    checkAgain: () => void,
  ): Promise<void> => {
    if (decision.kind === 'refused') throw new ApiError(decision.code);
    if (decision.kind === 'done') return;
    const event = boundOf(of, assertion, decision.attempt);
    checkAgain();
    const outcome = await receiptJournal.append(event, decision.after);
    if (outcome.kind === 'unavailable') throw outcome.reason === 'full' ? requests.full() : again();
    if (outcome.kind === 'overtaken') {
      // By an earlier try of this one, or by another account.
      const now = await lastBound(of);
      if (now === undefined) throw again();
      if (now.event.accountHash !== event.accountHash) throw new ApiError('CHANGED_MEANWHILE');
    }
    assertions.used('account');
  };

  const bindTo: Accounts['bindTo'] = async (of, assertion) => {
    if (underWay >= MOST_UNDER_WAY) throw unavailable();
    underWay += 1;
    try {
      await append(of, assertion, nextBinding(await lastBound(of), hashOf(assertion)), () => undefined);
    } finally {
      underWay -= 1;
    }
  };

  return {
    claim,
    bindTo,
    async rebind(of, assertion) {
      return requests.bounded(of.receipt, async () => {
        const last = await lastBound(of);
        if (last !== undefined) return true;
        if (assertion === undefined) return false;
        await claim(of, assertion);
        await bindTo(of, assertion);
        return true;
      });
    },
    async bind(request, sentReceiptNo, sentSecret) {
      const arrivedAtMs = deps.now();
      const { receiptNo, settings, checkAgain } = requests.admit(sentReceiptNo, sentSecret, checkOffered);
      checkJsonHead(request);
      const sent = parseAccount(await readJson(request));
      const assertion = await assertions.checked('account', sent, settings, arrivedAtMs);
      return requests.bounded(receiptNo, async () => {
        const registration = await requests.registrationOf(receiptNo);
        const receipt = await requests.look(registration, OF_BINDING);
        const untilMs = receiptBindableUntilMs(settings, factsOf(receipt));
        const checkTime = (): void => {
          if (deps.now() >= untilMs) throw new ApiError('BINDING_OVER');
        };
        const decision = decideBinding(hashOf(assertion), assertion.channel, receipt);
        if (decision.kind === 'append') {
          checkTime();
          await claim(registration, assertion);
        }
        await append(registration, assertion, decision, () => {
          checkAgain();
          checkTime();
        });
        return { receiptNo, channel: assertion.channel, accountBound: true };
      });
    },
  };
};
