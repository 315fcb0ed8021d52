/**
 * What makes a provider of spec.verification unusable, and what no rule of the schema can see: CEL parses neither JSON nor addresses. The
 * pods refuse to ask such a provider, the operator reports it, and so does `kubectl voucher doctor`. Pure.
 */
import type { HttpProvider, ProviderSpec } from '../types/verification.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const PLACEHOLDERS = ['name', 'idType', 'idNumber', 'requestId'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];
/** The name is the first group. */
export const PLACEHOLDER = /\{\{(.*?)\}\}/g;

export const isPlaceholder = (text: string): text is Placeholder =>
  PLACEHOLDERS.some((placeholder) => placeholder === text);

/** Applies `change` to every string but the keys. */
export const mapStrings = (json: Json, change: (text: string) => string): Json => {
  if (typeof json === 'string') return change(json);
  if (Array.isArray(json)) return json.map((item) => mapStrings(item, change));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, mapStrings(value, change)]));
};

/** RFC 6901, without the pointer to the whole document. */
const isPointer = (text: string): boolean => /^(\/([^~/]|~[01])*)+$/.test(text);

const parsed = (text: string): { readonly json: Json } | undefined => {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

const bodyFaults = (body: string): readonly string[] => {
  const template = parsed(body);
  if (template === undefined) return ['http.body is not JSON; placeholders such as {{name}} belong inside strings'];
  const unknown: string[] = [];
  mapStrings(template.json, (text) => {
    for (const [whole, name = ''] of text.matchAll(PLACEHOLDER)) if (!isPlaceholder(name)) unknown.push(whole);
    return text;
  });
  const known = PLACEHOLDERS.map((name) => `{{${name}}}`).join(', ');
  return unknown.map((whole) => `http.body has the unknown placeholder ${whole}; use ${known}`);
};

const twice = ({ match, mismatch, noRecord = [], quotaExceeded = [] }: HttpProvider): readonly string[] => {
  const codes = [match, mismatch, noRecord, quotaExceeded].flatMap((list) => [...new Set(list)]);
  return [...new Set(codes.filter((code, index) => codes.indexOf(code) !== index))];
};

const httpFaults = (http: HttpProvider): readonly string[] => [
  ...bodyFaults(http.body),
  ...(isPointer(http.codeAt) ? [] : ['http.codeAt is not a JSON pointer; write it like /result/code']),
  ...twice(http).map((code) => `http has the code ${code} in two lists; remove it from one`),
];

/** Each with its remedy; none for a provider that can be asked. */
export const providerFaults = ({ type, url, http }: ProviderSpec): readonly string[] => {
  const isHttp = type === 'Http';
  // The schema requires both; an older operator's ConfigMap may lack them.
  const missing = (field: string): string => `${field} is not set; a provider of type Http needs it`;
  return [
    ...(isHttp && url === undefined ? [missing('url')] : []),
    ...(isHttp && http === undefined ? [missing('http')] : []),
    ...(url === undefined || URL.canParse(url)
      ? []
      : ['url is not a valid address; write one that begins with https://']),
    ...(isHttp && http !== undefined ? httpFaults(http) : []),
  ];
};
