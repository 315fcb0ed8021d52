/** An error as a page. */
import { type ApiError, ERRORS } from '../../http/errors.ts';
import type { Context, Page } from '../context.ts';
import { html, NOTHING } from '../template.ts';
import { problemMessage } from '../words/errors.ts';
import type { Filled } from './fields.ts';
import { HOME } from './layout.ts';

/** Of an error, what a form says above its fields. */
export const problemOf = (
  { language, words }: Context,
  { code, details }: ApiError,
): NonNullable<Filled['problem']> => {
  const detail = details.detail?.[language];
  const again =
    details.retryAfterSeconds === undefined ? '' : words.problem.retryAfter(String(details.retryAfterSeconds));
  const rest = [detail, again].filter((text) => text !== undefined && text !== '').join(' ');
  return { title: problemMessage(code, language), ...(rest === '' ? {} : { detail: rest }) };
};

export const problemPage = (context: Context, error: ApiError): Page => {
  const { words } = context;
  const { title, detail } = problemOf(context, error);
  const isOurs = ERRORS[error.code].status >= 500;
  return {
    title,
    main: html`<h1>${title}</h1>${detail === undefined ? NOTHING : html`<p>${detail}</p>`}${
      isOurs ? html`<p>${words.problem.safe}</p>` : NOTHING
    }<p><a class="button second" href="${HOME}">${words.problem.home}</a></p>`,
  };
};
