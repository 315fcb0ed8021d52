/** POST /register: the form of a registration, answered by the receipt, or by the form with what was typed and what is wrong. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import { ApiError, ERRORS, type ErrorCode, type FieldError } from '../http/errors.ts';
import { apiErrorOf, type Handler } from '../http/handlers.ts';
import { parseRegistration } from '../intake/registration-body.ts';
import type { Context, Rendering } from './context.ts';
import { type Form, readForm, registrationBody } from './forms.ts';
import { innerRequest } from './inner.ts';
import { originOf } from './origin.ts';
import { cookieOf } from './viewer.ts';
import { formPage, type Place } from './views/form.ts';
import { FORM, RECEIPT } from './views/layout.ts';
import { problemOf } from './views/problem.ts';
import { statusPage } from './views/status.ts';

interface Registered {
  readonly receiptNo: string;
  readonly receiptSecret: string;
  readonly receivedAt: string;
  readonly accountBound?: boolean;
}

const SHOWN_AGAIN = [
  'name',
  'idNumber',
  'phone',
  'category',
  'channel',
  'consent',
  'identityAssertion',
  'identityNonce',
];

/** Sent once more only to be shown in the other language or size. */
const ONLY_SHOWN = 'shown';

/** The key was used for other content, or is none. */
const NEEDS_NEW_KEY = new Set<ErrorCode>([
  'IDEMPOTENCY_MISMATCH',
  'IDEMPOTENCY_KEY_REQUIRED',
  'IDEMPOTENCY_KEY_INVALID',
]);
/** The form can't help: the whole page says so. */
const NO_FORM = new Set<ErrorCode>(['CLOSED', 'NOT_OPEN', 'REGISTRATION_PAUSED', 'STARTING', 'INTERNAL']);

/** Valid ones, for fields whose own error is known already. */
const placeholders = ({ vouchers }: LiveSettings): Form => ({
  name: '张三',
  phone: '13900000000',
  category: vouchers[0]?.name ?? '',
  consent: 'yes',
});

const ORDER = ['name', 'idNumber', 'phone', 'category', 'channel', 'consent'];
const placeIn = ({ field }: FieldError): number => ORDER.indexOf(field.split('.')[0] ?? '');

/**
 * The API checks a number only once all fields are there. A citizen gets all errors at once, in the order of the form: what is wrong
 * already is filled in, and the rest is checked again.
 */
export const allErrors = (
  form: Form,
  known: readonly FieldError[],
  settings: LiveSettings,
  nowMs: number,
): readonly FieldError[] => {
  const valid = placeholders(settings);
  const names = known.map(({ field }) => field.split('.')[0] ?? '').filter((name) => valid[name] !== undefined);
  const mended = { ...form, ...Object.fromEntries(names.map((name) => [name, valid[name] ?? ''])) };
  try {
    parseRegistration(registrationBody(mended), settings, nowMs);
    return known;
  } catch (error) {
    const more = error instanceof ApiError ? (error.details.fields ?? []) : [];
    const others = more.filter(({ field }) => !known.some((one) => one.field === field));
    return [...known, ...others].toSorted((one, other) => placeIn(one) - placeIn(other));
  }
};

const keyOf = (form: Form): string => form['idempotencyKey'] ?? '';

const placeOf = ({ details: { members = {}, retryAfterSeconds } }: ApiError): Place | undefined => {
  const { position } = members;
  return typeof position === 'number'
    ? { position, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
    : undefined;
};

export const createRegisterPage = (rendering: Rendering, register: Handler): Handler => {
  const again = (context: Context, form: Form): Context => ({
    ...context,
    again: { action: FORM, fields: { ...form, [ONLY_SHOWN]: 'yes' } },
  });

  const received = (
    request: IncomingMessage,
    context: Context,
    registered: Registered,
    headers: Record<string, string>,
  ) => {
    const { receiptNo, receiptSecret: secret, receivedAt, accountBound } = registered;
    const receipt = { receiptNo, secret, origin: originOf(request) };
    const shown = { ...context, path: RECEIPT, again: { action: RECEIPT, fields: { receiptNo, secret } } };
    const page = statusPage(shown, rendering.settings(), {
      state: { receiptNo, state: 'received', confirmed: false, receivedAt },
      receipt,
      notice: accountBound === false ? 'accountNotBound' : 'registered',
    });
    return rendering.document(request, 200, shown, page, headers);
  };

  const refused = (request: IncomingMessage, context: Context, form: Form, error: ApiError) => {
    const { fields: first = [], retryAfterSeconds, headers } = error.details;
    const fields = first.length === 0 ? first : allErrors(form, first, rendering.settings(), context.nowMs);
    const values = Object.fromEntries(
      SHOWN_AGAIN.flatMap((name) => (form[name] === undefined ? [] : [[name, form[name]]])),
    );
    const filled = { values, errors: fields, ...(fields.length > 0 ? {} : { problem: problemOf(context, error) }) };
    const key = NEEDS_NEW_KEY.has(error.code) ? randomUUID() : keyOf(form);
    const shown = again(context, { ...form, idempotencyKey: key });
    const page = formPage(shown, rendering.settings(), key, filled, placeOf(error));
    return rendering.document(request, ERRORS[error.code].status, shown, page, {
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...headers,
    });
  };

  return async (request) => {
    const form = await readForm(request);
    const context = rendering.context(request, FORM, { lang: form['lang'], size: form['size'] });
    const cookie = cookieOf({ lang: form['lang'], size: form['size'] });
    const { lang: _lang, size: _size, [ONLY_SHOWN]: only, ...fields } = form;
    if (only !== undefined) {
      const page = formPage(again(context, fields), rendering.settings(), keyOf(form), { values: fields, errors: [] });
      return rendering.document(
        request,
        200,
        again(context, fields),
        page,
        cookie === undefined ? {} : { 'Set-Cookie': cookie },
      );
    }
    const headers = { 'idempotency-key': keyOf(form) };
    const inner = innerRequest(request, {
      method: 'POST',
      url: '/api/v1/registrations',
      headers,
      body: registrationBody(form),
    });
    try {
      const { body, headers: sent } = await register(inner, {});
      const setCookie = sent['Set-Cookie'];
      return received(
        request,
        context,
        JSON.parse(String(body)) as Registered,
        setCookie === undefined ? {} : { 'Set-Cookie': setCookie },
      );
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      if (NO_FORM.has(error.code)) throw thrown;
      return refused(request, context, form, error);
    }
  };
};
