/**
 * Assertions of the login tier in requests of citizens: checked, counted, and used once.
 *
 * | the request carries                                | refused with |
 * |----------------------------------------------------|--------------|
 * | one, in a campaign without spec.login; an account, without spec.issuance | 422 LOGIN_NOT_OFFERED |
 * | one that does not count (app/login/check.ts)       | 422 ASSERTION_INVALID, …_EXPIRED, …_OTHER_CAMPAIGN, …_WRONG_NONCE |
 * | an identity with another name or number            | 422 ASSERTION_DIFFERS |
 * | an account of another channel than it registers for | 422 ACCOUNT_CHANNEL |
 * | one that another receipt used                      | 409 ASSERTION_USED |
 * | an account that another citizen has                | 409 ACCOUNT_TAKEN |
 */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { AccountAssertion, IdentityAssertion } from '../../contract/outside/login.ts';
import type { Claims, Held } from '../../journal/claims.ts';
import { type ApiError, type ErrorCode, fieldErrors } from '../http/errors.ts';
import { type AssertionFault, type CheckAssertion, isOfPerson, type SentAssertion } from '../login/check.ts';
import { loginKeyIn } from '../login/section.ts';
import type { Registration } from './registration-body.ts';
import { bindableUntilMs } from './sections.ts';

type Kind = 'identity' | 'account';

/** For metrics. */
export interface AssertionUse {
  readonly kind: Kind;
  readonly outcome: 'used' | 'not_offered' | AssertionFault | 'differs' | 'channel' | 'used_before' | 'account_taken';
}

export interface AssertionDeps {
  readonly check: CheckAssertion;
  readonly claims: Claims;
  readonly onUse: (use: AssertionUse) => void;
}

/** What the assertions of a registration prove. */
export interface Asserted {
  readonly identity?: IdentityAssertion;
  readonly account?: AccountAssertion;
}

const CODE_OF: Readonly<Record<AssertionFault, ErrorCode>> = {
  invalid: 'ASSERTION_INVALID',
  expired: 'ASSERTION_EXPIRED',
  other_campaign: 'ASSERTION_OTHER_CAMPAIGN',
  wrong_nonce: 'ASSERTION_WRONG_NONCE',
};

export const createAssertions = ({ check, claims, onUse }: AssertionDeps) => {
  const refuse = (kind: Kind, outcome: AssertionUse['outcome'], code: ErrorCode): ApiError => {
    onUse({ kind, outcome });
    return fieldErrors([{ field: kind, code }]);
  };

  /** @throws ApiError */
  const checked = async <K extends Kind>(kind: K, sent: SentAssertion, settings: LiveSettings, atMs: number) => {
    const key = loginKeyIn(settings.sections);
    const isOffered = key !== undefined && (kind === 'identity' || bindableUntilMs(settings) !== undefined);
    if (!isOffered) throw refuse(kind, 'not_offered', 'LOGIN_NOT_OFFERED');
    const found = await check(kind, sent, key, atMs);
    if (found.kind === 'fault') throw refuse(kind, found.fault, CODE_OF[found.fault]);
    return found.assertion;
  };

  const held = (result: Held, kind: Kind, outcome: AssertionUse['outcome'], code: ErrorCode): boolean => {
    if (result === 'taken') throw refuse(kind, outcome, code);
    return result === 'ours';
  };

  return {
    checked,
    used: (kind: Kind): void => onUse({ kind, outcome: 'used' }),

    /** @throws ApiError */
    async ofRegistration(registration: Registration, settings: LiveSettings, atMs: number): Promise<Asserted> {
      const { identity, account, channel } = registration;
      const person = identity === undefined ? undefined : await checked('identity', identity, settings, atMs);
      if (person !== undefined && !isOfPerson(person, registration, atMs))
        throw refuse('identity', 'differs', 'ASSERTION_DIFFERS');
      const owned = account === undefined ? undefined : await checked('account', account, settings, atMs);
      if (owned !== undefined && owned.channel !== channel) throw refuse('account', 'channel', 'ACCOUNT_CHANNEL');
      return {
        ...(person === undefined ? {} : { identity: person }),
        ...(owned === undefined ? {} : { account: owned }),
      };
    },

    /** Uses it for this receipt, for good. @returns false: the bucket does not answer @throws ApiError */
    async use(kind: Kind, { jti }: { readonly jti: string }, receipt: string): Promise<boolean> {
      return held(await claims.holdAssertion(jti, receipt), kind, 'used_before', 'ASSERTION_USED');
    },

    /** Takes the account for this citizen, for good. @returns false: the bucket does not answer @throws ApiError */
    async take(accountHash: string, citizenHash: string): Promise<boolean> {
      return held(await claims.holdAccount(accountHash, citizenHash), 'account', 'account_taken', 'ACCOUNT_TAKEN');
    },
  };
};
export type Assertions = ReturnType<typeof createAssertions>;
