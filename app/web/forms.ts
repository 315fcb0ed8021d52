/** Forms as browsers send them (`application/x-www-form-urlencoded`), and what they mean for the API. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../http/errors.ts';
import { readBody } from '../http/read-json.ts';

export type Form = Readonly<Record<string, string>>;

/** A name of 50 Chinese characters has 450 bytes in a form, two assertions some 2 kB. */
const MOST_BYTES = 8_192;
const MOST_FIELDS = 32;
const TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** The first of fields with one name counts. @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, BAD_JSON */
export const readForm = async (request: IncomingMessage): Promise<Form> => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (!TYPE.test(type) || encoding.toLowerCase() !== 'identity') throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
  const bytes = await readBody(request, MOST_BYTES);
  if (!isUtf8(bytes)) throw new ApiError('BAD_JSON');
  return formOf(bytes.toString('utf8'));
};

export const formOf = (text: string): Form => {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.size < MOST_FIELDS && !form.has(name)) form.set(name, value);
  }
  return Object.fromEntries(form);
};

/** Absent fields are left out, so that the API says that they are missing. */
const given = (form: Form, ...names: readonly string[]): Form =>
  Object.fromEntries(
    names.flatMap((name) => (form[name] === undefined || form[name] === '' ? [] : [[name, form[name]]])),
  );

const assertion = (form: Form, kind: 'identity' | 'account') => {
  const [sent = '', nonce = ''] = [form[`${kind}Assertion`], form[`${kind}Nonce`]];
  return sent === '' ? {} : { [kind]: { assertion: sent, nonce } };
};

/** `policyVersion` is of the page that the citizen read. */
export const registrationBody = (form: Form): unknown => ({
  ...given(form, 'name', 'idType', 'idNumber', 'phone', 'channel', 'category', 'locale'),
  consent: { ...given(form, 'policyVersion'), ...(form['consent'] === 'yes' ? { sensitive: true } : {}) },
  ...assertion(form, 'identity'),
  ...assertion(form, 'account'),
});

export const correctionBody = (form: Form): unknown => given(form, 'name', 'idType', 'idNumber', 'phone');
export const channelBody = (form: Form): unknown => given(form, 'channel');
export const accountBody = (form: Form): unknown => given(form, 'assertion', 'nonce');
