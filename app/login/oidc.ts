/**
 * The city's login by OpenID Connect: code flow with PKCE, by openid-client, which checks issuer, audience, signature, nonce, state and times
 * of the identity token.
 *
 * | the system answers                                    | result |
 * |-------------------------------------------------------|--------|
 * | an identity token, or userinfo, with name and number  | logged in |
 * | one without them, or with another kind of document    | unsuitable |
 * | an error at the callback, such as access_denied       | refused |
 * | invalid_grant: the code is used, or too old           | refused |
 * | a token that fails a check                            | refused |
 * | another error, nothing, garbage                       | retry |
 *
 * Its addresses and keys are read at the first login, and again after an hour or a failure.
 */
import * as oidc from 'openid-client';
import { z } from 'zod';
import type { LoginSystem as LoginSystemSpec } from '../../contract/types/login.ts';
import type { Attempt, LoginAnswer, LoginSystem } from './ports.ts';

export interface OidcDeps {
  /** Undefined: a public client. */
  readonly clientSecret: string | undefined;
  readonly monotonicMs: () => number;
}

const ANSWER_WITHIN_SECONDS = 5;
const KNOWN_FOR_MS = 3_600_000;
/** The only kind of document that registrations take. */
const RESIDENT = 'CN_ID';

const codeOf = (error: unknown): string => {
  const found = z
    .object({ error: z.string() })
    .or(z.object({ code: z.string() }))
    .safeParse(error);
  const code = found.success ? ('error' in found.data ? found.data.error : found.data.code) : '';
  // One of the callback comes from the browser.
  return /^[A-Za-z_]{1,60}$/.test(code) ? code : 'no readable answer';
};

/** Errors of a login, not of the system. Others are trouble: credentials, addresses, time-outs. */
const isOfLogin = (error: unknown): boolean => {
  if (error instanceof oidc.AuthorizationResponseError)
    return !/^(server_error|temporarily_unavailable)$/.test(error.error);
  if (error instanceof oidc.ResponseBodyError) return error.error === 'invalid_grant';
  const code = codeOf(error);
  return code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' || code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED';
};

export const createOidcSystem = (spec: LoginSystemSpec, { clientSecret, monotonicMs }: OidcDeps): LoginSystem => {
  const { name, clientId, scope = 'openid', prompt, claims } = spec;
  const issuer = new URL(spec.url ?? '');
  let known: { readonly config: Promise<oidc.Configuration>; readonly untilMs: number } | undefined;

  const configOf = (): Promise<oidc.Configuration> => {
    if (known !== undefined && known.untilMs > monotonicMs()) return known.config;
    const config = oidc.discovery(
      issuer,
      clientId,
      undefined,
      clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret),
      {
        timeout: ANSWER_WITHIN_SECONDS,
        // The spec permits it for systems within the cluster; `kubectl voucher doctor` warns of others.
        execute: issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [],
      },
    );
    const asked = { config, untilMs: monotonicMs() + KNOWN_FOR_MS };
    known = asked;
    config.catch(() => {
      if (known === asked) known = undefined;
    });
    return config;
  };

  const personOf = (found: Readonly<Record<string, unknown>>): LoginAnswer | undefined => {
    const [personName, idNumber] = [found[claims.name], found[claims.idNumber]];
    if (typeof personName !== 'string' || typeof idNumber !== 'string') return undefined;
    const idType = claims.idType === undefined ? RESIDENT : found[claims.idType];
    if (idType !== RESIDENT) return { kind: 'unsuitable', reason: `claim ${claims.idType} is not ${RESIDENT}` };
    return { kind: 'logged_in', who: { kind: 'identity', name: personName, idType, idNumber } };
  };

  const exchange = async (attempt: Attempt, query: URLSearchParams): Promise<LoginAnswer> => {
    const config = await configOf();
    const callback = new URL(attempt.redirectUri);
    callback.search = query.toString();
    const tokens = await oidc.authorizationCodeGrant(config, callback, {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.codeVerifier,
      idTokenExpected: true,
    });
    const token = tokens.claims();
    if (token === undefined) return { kind: 'retry', reason: 'no identity token' };
    const person = personOf(token);
    if (person !== undefined) return person;
    if (config.serverMetadata().userinfo_endpoint !== undefined) {
      const info = personOf(await oidc.fetchUserInfo(config, tokens.access_token, token.sub));
      if (info !== undefined) return info;
    }
    return { kind: 'unsuitable', reason: `no claims ${claims.name} and ${claims.idNumber}` };
  };

  return {
    name,
    async begin({ state, codeVerifier, nonce, redirectUri }) {
      const config = await configOf();
      return oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(prompt === undefined ? {} : { prompt }),
      });
    },
    async finish(attempt, query, signal) {
      try {
        return await exchange(attempt, query);
      } catch (error) {
        signal.throwIfAborted();
        return { kind: isOfLogin(error) ? 'refused' : 'retry', reason: codeOf(error) };
      }
    },
  };
};
