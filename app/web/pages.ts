/**
 * The page that citizens meet: rendered here, sent by the intake. Every form works without JavaScript, and is answered by the handlers
 * of the API. A page that was the answer to a form is shown for that form only, so a reload sends the form again: with the same
 * Idempotency-Key, which makes it the same registration.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { Answer } from '../http/answer.ts';
import { ApiError, ERRORS } from '../http/errors.ts';
import { createAnswers, type Handler, type HookDeps, only } from '../http/handlers.ts';
import { soon } from '../http/refusals.ts';
import { assetAnswer, ownPage, redirect, sharedPage } from './answers.ts';
import { type Compressed, compressed } from './compressed.ts';
import type { Context, Page, Rendering } from './context.ts';
import { formOf } from './forms.ts';
import { createReceiptPages, type ReceiptHandlers } from './receipt-pages.ts';
import { createRegisterPage } from './register-page.ts';
import { textOf } from './template.ts';
import { cookieOf, type Viewer, viewerOf } from './viewer.ts';
import { formPage } from './views/form.ts';
import { helpPage } from './views/help.ts';
import { FORM, HELP, HOME, layout, RECEIPT } from './views/layout.ts';
import { problemPage } from './views/problem.ts';
import { phaseOf, preQueueAtMs, startPage } from './views/start.ts';
import { lookUpPage } from './views/status.ts';
import { WORDS, WRITING } from './words/words.ts';

export interface PageDeps extends HookDeps {
  readonly campaignId: string;
  readonly settings: LiveSettingsSource;
  readonly now: () => number;
  readonly random: () => number;
  /** Around what only reads a page: it is shed before forms are. */
  readonly read: (handler: Handler) => Handler;
  readonly handlers: ReceiptHandlers & { readonly register: Handler };
}

const queryOf = ({ url = '' }: IncomingMessage): string => url.slice(url.indexOf('?') + 1 || url.length);

const isDocument = ({ headers, url = '' }: IncomingMessage): boolean =>
  !url.startsWith('/api/') && (headers.accept ?? '').includes('text/html');

/** Documents of everyone, made once a second for each language and size. */
const createShared = (now: () => number, current: () => LiveSettings | undefined) => {
  const made = new Map<
    string,
    { readonly of: LiveSettings | undefined; readonly second: number; readonly content: Compressed }
  >();
  return (path: string, { language, isElder }: Viewer, render: () => string): Compressed => {
    const key = `${path} ${language} ${isElder}`;
    const [of, second] = [current(), Math.floor(now() / 1000)];
    const known = made.get(key);
    if (known?.of === of && known?.second === second) return known.content;
    const content = compressed(render(), 'quick');
    made.set(key, { of, second, content });
    return content;
  };
};

export const createPages = (deps: PageDeps) => {
  const { campaignId, handlers } = deps;
  const current = (): LiveSettings | undefined => deps.settings.current();

  const contextOf = ({ language, isElder }: Viewer, path: string): Context => ({
    campaignId,
    language,
    words: WORDS[language],
    writing: WRITING[language],
    isElder,
    settings: current(),
    nowMs: deps.now(),
    path,
  });

  const rendering: Rendering = {
    settings() {
      const settings = current();
      if (settings === undefined) throw new ApiError('STARTING', { retryAfterSeconds: soon(deps.random()) });
      return settings;
    },
    context: (request, path, chosen) => contextOf(viewerOf(request, chosen), path),
    document: (request, status, context, page, headers) =>
      ownPage(request, context.settings, status, layout(context, page), headers),
  };

  const problem = (request: IncomingMessage, error: ApiError): Answer => {
    const context = rendering.context(request, HOME);
    const { retryAfterSeconds, headers } = error.details;
    const retry = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    return rendering.document(request, ERRORS[error.code].status, context, problemPage(context, error), {
      ...retry,
      ...headers,
    });
  };
  const answer = createAnswers(deps, problem);

  const shared = createShared(deps.now, current);
  const sharedBy =
    (path: string, page: (context: Context, settings: LiveSettings) => Page): Handler =>
    (request) => {
      const settings = rendering.settings();
      const viewer = viewerOf(request);
      const render = (): string => {
        const context = contextOf(viewer, path);
        return textOf(layout(context, page(context, settings)));
      };
      return sharedPage(request, settings, shared(path, viewer, render));
    };

  /** With one tap to the other language or size: a cookie, and back to the same page. */
  const choosing =
    (path: string, handler: Handler): Handler =>
    (request, params) => {
      const cookie = cookieOf(formOf(queryOf(request)));
      return cookie === undefined ? handler(request, params) : redirect(path, { 'Set-Cookie': cookie });
    };

  const showForm: Handler = (request) => {
    const settings = rendering.settings();
    const context = rendering.context(request, FORM);
    const phase = phaseOf(settings, context.nowMs);
    const isEarly = phase === 'before' && context.nowMs < (preQueueAtMs(settings) ?? Number.POSITIVE_INFINITY);
    // There it says when registration opens, or how to look the result up.
    if (phase === 'closed' || isEarly) return redirect(HOME);
    return rendering.document(request, 200, context, formPage(context, settings, randomUUID()));
  };

  const showLookUp: Handler = (request) => {
    const context = rendering.context(request, RECEIPT);
    return rendering.document(request, 200, context, lookUpPage(context));
  };

  const asset: Handler = (request) => {
    const { url = '' } = request;
    const found = assetAnswer(request, url.split('?', 1)[0] ?? '', current());
    if (found === undefined) throw new ApiError('NOT_FOUND');
    return found;
  };

  const receipts = createReceiptPages(rendering, handlers);
  const shown = (path: string, get: Handler, others: Readonly<Record<string, Handler>> = {}): Handler =>
    only({ 'GET, HEAD': deps.read(choosing(path, get)), ...others });

  const routes: Readonly<Record<string, Handler>> = {
    [HOME]: shown(HOME, sharedBy(HOME, startPage)),
    [HELP]: shown(HELP, sharedBy(HELP, helpPage)),
    [FORM]: shown(FORM, showForm, { POST: createRegisterPage(rendering, handlers.register) }),
    [RECEIPT]: shown(RECEIPT, showLookUp, { POST: receipts.look }),
    [`${RECEIPT}/:change`]: only({ 'GET, HEAD': () => redirect(RECEIPT), POST: receipts.change }),
  };

  return {
    /** By path, in the syntax of Express. Errors are pages. */
    routes: {
      ...Object.fromEntries(
        Object.entries(routes).map(([path, handler]): [string, Handler] => [
          path,
          (request, params) => answer(handler, request, params),
        ]),
      ),
    } satisfies Readonly<Record<string, Handler>>,
    assets: { '/assets/:name': only({ 'GET, HEAD': asset }) } satisfies Readonly<Record<string, Handler>>,
    /** For a browser that asks for a page that does not exist; undefined: for a program. */
    missing: (request: IncomingMessage): Answer | undefined =>
      isDocument(request) ? problem(request, new ApiError('NOT_FOUND')) : undefined,
  };
};
