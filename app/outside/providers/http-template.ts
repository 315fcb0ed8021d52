/** Body and code lists of a configurable provider (spec.verification.providers[].http). Pure. */
import type { HttpProvider } from '../../../contract/verification-types.ts';
import { ConfigError } from '../../config.ts';
import type { IdentityQuestion, ProviderAnswer } from '../../verification/ports.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const PLACEHOLDERS = ['name', 'idType', 'idNumber', 'requestId'] as const;
const PLACEHOLDER = /\{\{(.*?)\}\}/g;

const isPlaceholder = (text: string): text is (typeof PLACEHOLDERS)[number] =>
  PLACEHOLDERS.some((placeholder) => placeholder === text);

/** Applies `change` to every string but the keys. */
const mapStrings = (json: Json, change: (text: string) => string): Json => {
  if (typeof json === 'string') return change(json);
  if (Array.isArray(json)) return json.map((item) => mapStrings(item, change));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, mapStrings(value, change)]));
};

const parsed = (provider: string, body: string): Json => {
  try {
    return JSON.parse(body);
  } catch {
    throw new ConfigError(
      `provider ${provider}: http.body is not JSON; placeholders such as {{name}} belong inside strings`,
    );
  }
};

/**
 * Values are put into the strings of the parsed JSON, never into its text: a name with a quotation mark can't change the request.
 *
 * @throws ConfigError when the template is not JSON or has an unknown placeholder
 */
export const bodyTemplate = (provider: string, body: string): ((question: IdentityQuestion) => string) => {
  const template = parsed(provider, body);
  mapStrings(template, (text) => {
    for (const [whole, placeholder = ''] of text.matchAll(PLACEHOLDER)) {
      if (isPlaceholder(placeholder)) continue;
      const known = PLACEHOLDERS.map((name) => `{{${name}}}`).join(', ');
      throw new ConfigError(`provider ${provider}: http.body has the unknown placeholder ${whole}; use ${known}`);
    }
    return text;
  });
  return (question) =>
    JSON.stringify(
      mapStrings(template, (text) =>
        text.replace(PLACEHOLDER, (whole, placeholder: string) =>
          isPlaceholder(placeholder) ? question[placeholder] : whole,
        ),
      ),
    );
};

/** RFC 6901. @throws ConfigError when it is no pointer */
export const jsonPointer = (provider: string, pointer: string): ((json: unknown) => unknown) => {
  if (!/^(\/([^~]|~[01])*)+$/.test(pointer))
    throw new ConfigError(`provider ${provider}: http.codeAt is no JSON pointer; write it like /result/code`);
  const path = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (json) =>
    path.reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
      json,
    );
};

type Meaning = 'match' | 'mismatch' | 'no_record' | 'quota';

const meaningOf = ({ match, mismatch, noRecord = [], quotaExceeded = [] }: HttpProvider): [string, Meaning][] => [
  ...match.map((code): [string, Meaning] => [code, 'match']),
  ...mismatch.map((code): [string, Meaning] => [code, 'mismatch']),
  ...noRecord.map((code): [string, Meaning] => [code, 'no_record']),
  ...quotaExceeded.map((code): [string, Meaning] => [code, 'quota']),
];

const codeText = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;

/**
 * | code in the response            | answer                       |
 * |---------------------------------|------------------------------|
 * | in one of the lists             | that of the list             |
 * | in none, or no text, number or boolean | retry, never a verdict |
 *
 * @throws ConfigError when a code is in two lists
 */
export const codeLists = (provider: string, http: HttpProvider): ((value: unknown) => ProviderAnswer) => {
  const meanings = new Map<string, Meaning>();
  for (const [code, meaning] of meaningOf(http)) {
    const other = meanings.get(code);
    if (other !== undefined && other !== meaning)
      throw new ConfigError(`provider ${provider}: http has the code ${code} in two lists; remove it from one`);
    meanings.set(code, meaning);
  }
  return (value) => {
    const code = codeText(value);
    const meaning = code === undefined ? undefined : meanings.get(code);
    // The value itself is not repeated: it could be personal data.
    if (code === undefined || meaning === undefined) return { kind: 'retry', reason: 'not understood: no known code' };
    return meaning === 'quota' ? { kind: 'quota' } : { kind: meaning, code };
  };
};
