/**
 * The login tier's two requests. Nothing is stored: what a login must remember is in the browser's cookie (state.ts).
 *
 * | `GET /login/<system>?challenge=…`                    | answer |
 * |------------------------------------------------------|--------|
 * | settings unknown; a contingency level's page         | 503 STARTING; REGISTRATION_PAUSED |
 * | no such system                                       | 404 |
 * | load of this process; its share of the rate is used  | 503 OVERLOADED |
 * | no challenge                                         | 400 LOGIN_CHALLENGE_INVALID |
 * | the system's addresses can't be read                 | 503 LOGIN_UNAVAILABLE |
 * | anything else                                        | 302 to the system |
 *
 * | `GET /login/<system>/callback`                       | answer |
 * |------------------------------------------------------|--------|
 * | not begun in this browser, or over ten minutes ago   | 400 LOGIN_STATE_INVALID |
 * | its share of the rate is used, or many wait          | 503 OVERLOADED: the same address again |
 * | the system refuses; has no number; is in trouble     | 403 LOGIN_REFUSED; LOGIN_UNSUITABLE; 503 LOGIN_UNAVAILABLE |
 * | the person, or the account                           | 200 with the assertion |
 *
 * Begins are the tier's arrivals. There is no check of the window: accounts are bound after it, too.
 */
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import type { ArrivalOutcome, LiveSettings } from '../../contract/app-contract.ts';
import { callbackPath, loginPath } from '../../contract/outside/login.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { Answer } from '../http/answer.ts';
import { createArrivalMetrics } from '../http/arrival-metrics.ts';
import { cookieIn } from '../http/cookies.ts';
import { ApiError } from '../http/errors.ts';
import {
  apiErrorOf,
  comesAgainAfter,
  createAnswers,
  type Handler,
  type HookDeps,
  only,
  outcomeOf,
} from '../http/handlers.ts';
import { createListener } from '../http/listener.ts';
import type { LoadGuard } from '../http/load-guard.ts';
import { overloaded, pausedBy, soon, starting } from '../http/refusals.ts';
import type { LoginMetrics } from './metrics.ts';
import { assertionAnswer, loginProblem } from './page.ts';
import type { LoginAnswer } from './ports.ts';
import { type LoginSection, loginSectionOf } from './section.ts';
import type { SignAssertion } from './sign.ts';
import { LOGIN_WITHIN_SECONDS, type LoginStates } from './state.ts';
import type { Entrance, Entrances } from './systems.ts';

export interface LoginDeps extends HookDeps {
  readonly campaignId: string;
  readonly settings: LiveSettingsSource;
  readonly entrances: Pick<Entrances, 'find'>;
  readonly states: LoginStates;
  readonly sign: SignAssertion;
  readonly guard: LoadGuard;
  readonly registry: Registry;
  readonly metrics: LoginMetrics;
  readonly connections?: { readonly turnedAway: number };
  /** Agreed wall milliseconds: when assertions begin and end. */
  readonly now: () => number;
  readonly wallClockMs: () => number;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** The process ends. */
  readonly signal: AbortSignal;
  /** Why a system did not log someone in, without personal data. */
  readonly onTrouble: (system: string, reason: string) => void;
}

const CHALLENGE = /^[\w-]{43}$/;
const LONGEST_QUERY = 4_096;

const CODE_OF = {
  refused: 'LOGIN_REFUSED',
  unsuitable: 'LOGIN_UNSUITABLE',
  retry: 'LOGIN_UNAVAILABLE',
} as const satisfies Record<Exclude<LoginAnswer['kind'], 'logged_in'>, string>;

const queryOf = ({ url = '' }: IncomingMessage): URLSearchParams => {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 || url.length > LONGEST_QUERY ? '' : url.slice(at + 1));
};

const cookieName = (system: string): string => `voucher-login-${system}`;
interface Asked {
  readonly settings: LiveSettings;
  readonly section: LoginSection;
  readonly entrance: Entrance;
  /** Of this pod. */
  readonly perSecond: number;
  readonly redirectUri: string;
}

export const createLogin = (deps: LoginDeps) => {
  const { campaignId, guard, states, metrics, monotonicMs } = deps;
  const arrivals = createArrivalMetrics(deps.registry, {
    now: deps.wallClockMs,
    monotonicMs,
    inFlight: () => guard.inFlight,
    turnedAway: () => deps.connections?.turnedAway ?? 0,
  });
  const retry = (code: 'LOGIN_UNAVAILABLE'): ApiError => new ApiError(code, { retryAfterSeconds: soon(deps.random()) });

  const ask = (name: string): Asked => {
    const settings = deps.settings.current();
    const section = settings === undefined ? undefined : loginSectionOf(settings.sections);
    if (settings === undefined || section === undefined) throw starting(deps.random());
    const spec = section.systems.find((system) => system.name === name);
    if (spec === undefined) throw new ApiError('NOT_FOUND');
    if (settings.page !== undefined) throw pausedBy(settings.page, deps.random());
    const entrance = deps.entrances.find(name);
    // Its keys can't be read.
    if (entrance === undefined) throw retry('LOGIN_UNAVAILABLE');
    return {
      settings,
      section,
      entrance,
      perSecond: spec.requestsPerSecond / Math.max(1, settings.loginPods ?? 1),
      redirectUri: new URL(callbackPath(name), section.url).href,
    };
  };

  const setCookie = (system: string, url: string, value: string, seconds: number): string =>
    [
      `${cookieName(system)}=${value}`,
      `Path=${loginPath(system)}`,
      `Max-Age=${seconds}`,
      'HttpOnly',
      'SameSite=Lax',
      ...(url.startsWith('https:') ? ['Secure'] : []),
    ].join('; ');

  const begin = async (request: IncomingMessage, name: string): Promise<Answer> => {
    const { section, entrance, perSecond, redirectUri } = ask(name);
    const challenge = queryOf(request).get('challenge') ?? '';
    if (!CHALLENGE.test(challenge)) throw new ApiError('LOGIN_CHALLENGE_INVALID');
    if (guard.isOverloaded() || !entrance.mayBegin(perSecond, monotonicMs())) throw overloaded(deps.random());
    const { cookie, ...attempt } = await states.begin(name, challenge, deps.now());
    const to = await entrance.system.begin({ ...attempt, redirectUri }, deps.signal).catch(() => {
      deps.onTrouble(name, 'its addresses can’t be read');
      throw retry('LOGIN_UNAVAILABLE');
    });
    return {
      status: 302,
      headers: {
        Location: to.href,
        'Set-Cookie': setCookie(name, section.url, cookie, LOGIN_WITHIN_SECONDS),
        'Cache-Control': 'no-store',
        'Referrer-Policy': 'no-referrer',
      },
      body: '',
    };
  };

  /** Counts the arrival at once, and how it was answered. */
  const startLogin: Handler = async (request, { system = '' }) => {
    const startedAtMs = monotonicMs();
    let outcome: ArrivalOutcome = 'accepted';
    arrivals.arrived();
    try {
      return await begin(request, system);
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      outcome = outcomeOf(error);
      const again = comesAgainAfter(error);
      if (again !== undefined) arrivals.askedAgain(again);
      throw thrown;
    } finally {
      arrivals.answered(outcome, (monotonicMs() - startedAtMs) / 1_000);
    }
  };

  const finish: Handler = async (request, { system: name = '' }) => {
    const { section, entrance, perSecond, redirectUri } = ask(name);
    const query = queryOf(request);
    const state = query.get('state') ?? '';
    const resumed = await states.resume(name, cookieIn(request, cookieName(name)), state, deps.now());
    if (resumed === undefined) {
      metrics.login(name, 'state');
      throw new ApiError('LOGIN_STATE_INVALID');
    }
    const { challenge, ...attempt } = resumed;
    const leave = guard.enter();
    try {
      const asked = entrance.ask(perSecond, monotonicMs(), () =>
        entrance.system.finish({ ...attempt, redirectUri }, query, deps.signal),
      );
      if (asked === undefined) throw overloaded(deps.random());
      const answer = await asked;
      metrics.login(name, answer.kind);
      if (answer.kind !== 'logged_in') {
        deps.onTrouble(name, answer.reason);
        throw answer.kind === 'retry' ? retry('LOGIN_UNAVAILABLE') : new ApiError(CODE_OF[answer.kind]);
      }
      const assertion = await deps.sign(answer.who, { campaignId, system: name, challenge }, deps.now());
      const shown = assertionAnswer(request, assertion, section.page);
      return { ...shown, headers: { ...shown.headers, 'Set-Cookie': setCookie(name, section.url, '', 0) } };
    } finally {
      leave();
    }
  };

  return createListener({
    routes: {
      [loginPath(':system')]: only({ GET: startLogin }),
      [callbackPath(':system')]: only({ GET: finish }),
    },
    elsewhere: () => {
      throw new ApiError('NOT_FOUND');
    },
    answer: createAnswers(deps, loginProblem),
  }).listener;
};
