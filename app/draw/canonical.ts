/**
 * The one text of a value whose digest is published, as RFC 8785 (JSON Canonicalization Scheme) defines it: no white space, members in
 * ascending order of their names. The draw's files hold text, whole numbers, lists and objects only, so two rules are stricter: a number
 * is a safe integer, and names are ASCII. In Python:
 *
 *   json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()
 */
import { hash } from 'node:crypto';

const PRINTABLE = /^[ -~]*$/;

const member = (name: string, value: unknown): string => {
  if (!PRINTABLE.test(name)) throw new Error('a name in canonical JSON is not ASCII');
  return `${JSON.stringify(name)}:${canonicalJson(value)}`;
};

/** @throws Error for what has no canonical form here */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Error('a text in canonical JSON has half of a surrogate pair');
    return JSON.stringify(value);
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, one]) => member(name, one)).join(',')}}`;
  }
  throw new Error(`canonical JSON has no ${value === null ? 'null' : typeof value} here`);
};

/** SHA-256 of the canonical text, hex. */
export const digestOf = (value: unknown): string => hash('sha256', canonicalJson(value));
