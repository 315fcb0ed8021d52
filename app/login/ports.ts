/** What the login tier asks of a system. */
import type { AccountAssertion, IdentityAssertion } from '../../contract/outside/login.ts';

/** What an assertion says of the person who logged in. Personal. */
export type LoggedIn =
  | Pick<IdentityAssertion, 'kind' | 'name' | 'idType' | 'idNumber'>
  | Pick<AccountAssertion, 'kind' | 'channel' | 'account'>;

/**
 * - `refused`: this login is not completed: the citizen declined, or the code is not valid any more. Another one may be
 * - `unsuitable`: the person has no resident identity number there
 * - `retry`: trouble at the system, or our credentials are refused
 *
 * Reasons hold no personal data and no code.
 */
export type LoginAnswer =
  | { readonly kind: 'logged_in'; readonly who: LoggedIn }
  | { readonly kind: 'refused' | 'unsuitable' | 'retry'; readonly reason: string };

/** One login, from its begin to the system's answer. */
export interface Attempt {
  /** Binds the answer to the browser that began: 64 characters of [0-9a-f], because WeChat permits no others. */
  readonly state: string;
  /** Of PKCE. */
  readonly codeVerifier: string;
  /** Of OpenID Connect. */
  readonly nonce: string;
  readonly redirectUri: string;
}

export interface LoginSystem {
  readonly name: string;
  /** Where the browser goes. @throws Error while the system can't be asked for its addresses */
  begin(attempt: Attempt, signal: AbortSignal): Promise<URL>;
  /** Never rejects, except with the signal's reason. @param query of the callback */
  finish(attempt: Attempt, query: URLSearchParams, signal: AbortSignal): Promise<LoginAnswer>;
}
