/** The intake's routes, each a function from a request to an answer, and the one hook for errors. */
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import type { ArrivalOutcome, LocalizedText } from '../../contract/app-contract.ts';
import { SITE_HEALTH_PATH } from '../../contract/sites.ts';
import { jsonAnswer } from '../http/answer.ts';
import { ApiError, ERRORS } from '../http/errors.ts';
import {
  apiErrorOf,
  comesAgainAfter,
  createAnswers,
  type Handler,
  type HookDeps,
  only,
  outcomeOf,
} from '../http/handlers.ts';
import { starting } from '../http/refusals.ts';
import { createDevices } from '../limits/device.ts';
import { type Caller, createLimits } from '../limits/limits.ts';
import { loginsShown } from '../login/section.ts';
import { openApiText } from '../openapi/document.ts';
import { type AcceptDeps, createAcceptor } from './accept.ts';
import { createAccounts } from './accounts.ts';
import { type AssertionDeps, createAssertions } from './assertions.ts';
import { createChanges } from './change.ts';
import { drawText } from './draw-text.ts';
import type { Knock } from './gate.ts';
import { createIntakeMetrics } from './metrics.ts';
import { oneEntryText } from './one-entry.ts';
import { privacyShown } from './privacy-text.ts';
import { createReceiptRequests, type ReceiptRequestDeps } from './receipt-request.ts';
import { createReceiptState, editableUntil } from './receipt-state.ts';
import { offeredChannels } from './sections.ts';
import { createSiteHealth, type SiteHealthDeps } from './site-health.ts';
import { staticPage } from './static-page.ts';
import { createDesk, type DeskDeps } from './waiting-room/desk.ts';
import { createWatch } from './watched.ts';

export interface IntakeDeps extends AcceptDeps, ReceiptRequestDeps, HookDeps, DeskDeps, Omit<AssertionDeps, 'onUse'> {
  readonly registry: Registry;
  /** This process's own clock, right or wrong, for the operator to compare. */
  readonly wallClockMs: () => number;
  readonly connections?: { readonly turnedAway: number };
  /** Random, of this process: so no client can choose keys that share a place in its meters. */
  readonly seed: string;
  readonly siteHealth: Omit<SiteHealthDeps, 'monotonicMs'>;
}

/** With a withdrawal, in both languages: what it does not do. */
const WITHDRAWN: LocalizedText = {
  'zh-CN':
    '此登记已撤回，不参加摇号。如您还有其他登记，请用各自的回执分别撤回。撤回后再用同一证件号码登记的，也不参加摇号。',
  en: 'This registration is withdrawn and does not enter the draw. If you have registered more than once, withdraw each registration with its own receipt. A later registration with the same identity number does not enter the draw.',
};

/** Of the draw, hex. */
const ENTRY = /^[0-9a-f]{64}$/;

const PREFIX = '/api/v1';
export const REGISTRATIONS = `${PREFIX}/registrations`;
export const SERVING = `${PREFIX}/queue/serving`;

/** Of a ticket or an admission of the waiting room. */
const isHolder = ({ presented: { pass, waits } }: Knock): boolean => pass !== undefined || waits !== undefined;

const secretIn = ({ headers }: IncomingMessage): string => String(headers['x-receipt-secret'] ?? '');

export const createApi = (deps: IntakeDeps) => {
  const { campaignId, guard } = deps;
  const paused = staticPage(deps.settings);
  const metrics = createIntakeMetrics(deps.registry, {
    now: deps.wallClockMs,
    monotonicMs: deps.monotonicMs,
    inFlight: () => guard.inFlight,
    turnedAway: () => deps.connections?.turnedAway ?? 0,
  });
  const requests = createReceiptRequests(deps);
  const assertions = createAssertions({ ...deps, onUse: metrics.asserted });
  const accounts = createAccounts(deps, requests, assertions);
  const desk = createDesk(deps);
  const devices = createDevices(deps.citizenKey, campaignId);
  const limits = createLimits({ ...deps, deviceOf: devices.of });
  const doors = { door: desk.door, limits, onLimited: metrics.limited };
  const acceptor = createAcceptor(deps, { assertions, accounts }, doors);
  const watch = createWatch(deps, limits);
  const changes = createChanges(deps, requests);

  /** Counts the arrival at once: those under way are there, too. */
  const knockOf = (request: IncomingMessage, caller: Caller): Knock => {
    let isCanary = false;
    try {
      const knock = acceptor.knock(request, caller);
      isCanary = knock.kind === 'canary';
      if (isHolder(knock)) metrics.cameBack();
      return knock;
    } finally {
      if (!isCanary) metrics.arrived();
    }
  };

  /** How its end counts as demand. The excess of one client is none: it counts as one that was expected. */
  const countEnd = (error: ApiError, { conduct }: Caller, knock: Knock | undefined): void => {
    if (knock?.kind === 'canary') return;
    // Each of a holder's requests was expected when it came (knockOf), and so is the next one.
    if (knock !== undefined && isHolder(knock)) return;
    const retryAfterSeconds = comesAgainAfter(error);
    if (error.code === 'TOO_MANY_REQUESTS' || conduct === 'noisy') metrics.cameBack();
    else if (retryAfterSeconds !== undefined) metrics.askedAgain(retryAfterSeconds);
  };

  const register: Handler = async (request) => {
    const startedAtMs = deps.monotonicMs();
    const traffic = deps.settings.current()?.traffic;
    const caller = limits.callerOf(request, traffic);
    let knock: Knock | undefined;
    let outcome: ArrivalOutcome = 'accepted';
    try {
      knock = knockOf(request, caller);
      const registered = await acceptor.accept(request, knock);
      const { receiptNo, receiptSecret, receivedAt, repeated, isAccountBound } = registered;
      const statusUrl = `${REGISTRATIONS}/${receiptNo}`;
      const body = { receiptNo, receiptSecret, state: 'received', receivedAt, statusUrl, accountBound: isAccountBound };
      const answer = jsonAnswer(repeated ? 200 : 201, body, 'no-store');
      const needsCookie = traffic?.limits !== undefined && caller.device === undefined;
      return needsCookie ? { ...answer, headers: { ...answer.headers, 'Set-Cookie': devices.give() } } : answer;
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      outcome = outcomeOf(error);
      limits.refused(caller, error.code, traffic);
      countEnd(error, caller, knock);
      throw thrown;
    } finally {
      metrics.answered(knock?.kind === 'canary' ? 'canary' : outcome, (deps.monotonicMs() - startedAtMs) / 1000);
    }
  };

  /** A new ticket is an attempt that was shed. */
  const giveTicket: Handler = (request, params) => {
    const startedAtMs = deps.monotonicMs();
    const onTicket = (): void => {
      metrics.arrived();
      metrics.answered('shed', (deps.monotonicMs() - startedAtMs) / 1000);
    };
    return desk.ticket(onTicket)(request, params);
  };

  const stateOf = createReceiptState(deps);
  const showReceipt: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(200, await stateOf(receiptNo, secretIn(request), deps.signal), 'no-store');

  const counted =
    (change: 'change' | 'withdrawal' | 'account', handler: Handler): Handler =>
    async (request, params) => {
      try {
        const answer = await handler(request, params);
        metrics.changed(change, 'done');
        return answer;
      } catch (thrown) {
        metrics.changed(change, ERRORS[apiErrorOf(thrown).code].status < 500 ? 'refused' : 'unavailable');
        throw thrown;
      }
    };

  const change: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(200, await changes.change(request, receiptNo, secretIn(request)), 'no-store');

  const withdraw: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(202, { ...(await changes.withdraw(receiptNo, secretIn(request))), detail: WITHDRAWN }, 'no-store');

  const bindAccount: Handler = async (request, { receiptNo = '' }) =>
    jsonAnswer(200, await accounts.bind(request, receiptNo, secretIn(request)), 'no-store');

  const showCampaign: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw starting(deps.random());
    if (params['campaignId'] !== campaignId) throw new ApiError('NOT_FOUND');
    const { title, window, identity, vouchers } = settings;
    const eligibility = { ...settings.eligibility, text: oneEntryText(settings) };
    const draw = { unverified: settings.draw.unverified, text: drawText(settings) };
    const privacy = privacyShown(settings);
    const logins = loginsShown(settings.sections);
    const serverTime = new Date(deps.now()).toISOString();
    // Below the two seconds within which an edit must be visible.
    return jsonAnswer(
      200,
      {
        campaignId,
        title,
        window,
        editableUntil: editableUntil(settings),
        identity,
        eligibility,
        draw,
        ...(privacy === undefined ? {} : { privacy }),
        vouchers,
        channels: offeredChannels(settings),
        ...(logins.length === 0 ? {} : { logins }),
        serverTime,
      },
      'public, max-age=1',
    );
  };

  /** From memory: what the operator has published. */
  const showDraw: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw starting(deps.random());
    if (params['campaignId'] !== campaignId) throw new ApiError('NOT_FOUND');
    return jsonAnswer(200, { campaignId, ...settings.published }, 'public, max-age=1');
  };

  /**
   * A proof is made from the whole list, which is as large as the memory of several pods. So citizens are sent to the files that it is
   * computed from, which they need to verify the result in any case (docs/adr/0038-promotions-and-where-proofs-come-from.md).
   */
  const showProof: Handler = (_request, params) => {
    const settings = deps.settings.current();
    if (settings === undefined) throw starting(deps.random());
    const { campaignId: named, entry = '' } = params;
    const { bundleUrl } = settings.draw;
    if (named !== campaignId || !ENTRY.test(entry) || settings.announced === undefined || bundleUrl === undefined)
      throw new ApiError('NOT_FOUND');
    const { headers, ...answer } = jsonAnswer(303, { campaignId, entry, bundle: bundleUrl }, 'public, max-age=60');
    // An object store answers for files, not for folders.
    return { ...answer, headers: { ...headers, Location: `${bundleUrl}result.json` } };
  };

  let document: string | undefined;
  /** Made at the first request: it takes some milliseconds, and most pods are never asked for it. */
  const showDocument: Handler = () => {
    document ??= openApiText();
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'public, max-age=300' };
    return { status: 200, headers, body: document };
  };

  return {
    serving: desk.serving,
    /** By path, in the syntax of Express. */
    routes: {
      [REGISTRATIONS]: only({ POST: register }),
      [`${REGISTRATIONS}/:receiptNo`]: only({
        'GET, HEAD': watch('status', showReceipt),
        PATCH: watch('write', counted('change', change)),
      }),
      [`${REGISTRATIONS}/:receiptNo/withdrawal`]: only({ POST: watch('write', counted('withdrawal', withdraw)) }),
      [`${REGISTRATIONS}/:receiptNo/account`]: only({ POST: watch('write', counted('account', bindAccount)) }),
      [SERVING]: only({ 'GET, HEAD': watch('poll', desk.serving.handler) }),
      [`${PREFIX}/queue/tickets`]: only({ POST: watch('ticket', giveTicket) }),
      [`${PREFIX}/queue/admissions`]: only({ POST: watch('poll', desk.admission) }),
      [`${PREFIX}/campaigns/:campaignId`]: only({ 'GET, HEAD': watch('poll', showCampaign) }),
      [`${PREFIX}/draws/:campaignId`]: only({ 'GET, HEAD': watch('poll', showDraw) }),
      [`${PREFIX}/draws/:campaignId/proof/:entry`]: only({ 'GET, HEAD': watch('poll', showProof) }),
      '/openapi.json': only({ 'GET, HEAD': watch('static', showDocument) }),
      // Never shed: a site that has too much to do is no site that is lost.
      [SITE_HEALTH_PATH]: only({
        'GET, HEAD': createSiteHealth({ ...deps.siteHealth, monotonicMs: deps.monotonicMs }),
      }),
    } satisfies Readonly<Record<string, Handler>>,
    watch,
    /** The page of a contingency level; undefined: there is none, or the path is not a page's. */
    paused,
    /** Any other path. */
    elsewhere: (() => {
      throw new ApiError('NOT_FOUND');
    }) satisfies Handler,
    answer: createAnswers(deps),
  };
};
