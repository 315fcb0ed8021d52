/** The page of a contingency level that stops admission: rendered once, in both languages, and sent from memory. */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { LiveSettingsSource } from '../../journal/publishing.ts';
import type { Answer } from '../http/answer.ts';
import { sharedPage } from '../web/answers.ts';
import { type Compressed, compressed } from '../web/compressed.ts';
import { textOf } from '../web/template.ts';
import { pausedDocument } from '../web/views/paused.ts';

type Page = NonNullable<LiveSettings['page']>;

/** 503, so that intermediaries do not keep it as a page of the campaign. */
const answerOf = (request: IncomingMessage, settings: LiveSettings, page: Page, content: Compressed): Answer => {
  const { headers, body } = sharedPage(request, settings, content);
  return {
    status: 503,
    headers: { ...headers, 'Cache-Control': 'public, max-age=1', 'Retry-After': String(page.retryAfterSeconds) },
    body,
  };
};

const isPage = ({ method, url = '' }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD' || method === 'POST') && !/^\/(?:api|assets)\//.test(url);

/** Answers every page while a level has one; undefined: no level has. */
export const staticPage = (settings: LiveSettingsSource): ((request: IncomingMessage) => Answer | undefined) => {
  let made: { readonly from: LiveSettings; readonly content: Compressed } | undefined;
  return (request) => {
    const current = settings.current();
    if (current?.page === undefined || !isPage(request)) return undefined;
    if (made?.from !== current) {
      made = { from: current, content: compressed(textOf(pausedDocument(current, current.page)), 'quick') };
    }
    return answerOf(request, current, current.page, made.content);
  };
};
