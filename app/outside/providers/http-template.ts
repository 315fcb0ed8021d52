/** Body and code lists of a configurable provider (spec.verification.providers[].http), which has no fault (contract/outside/provider-faults.ts). Pure. */
import { isPlaceholder, mapStrings, PLACEHOLDER } from '../../../contract/outside/provider-faults.ts';
import type { HttpProvider } from '../../../contract/types/verification.ts';
import type { IdentityQuestion, ProviderAnswer } from '../../verification/ports.ts';

/** Values are put into the strings of the parsed JSON, never into its text: a name with a quotation mark can't change the request. */
export const bodyTemplate = (body: string): ((question: IdentityQuestion) => string) => {
  const template = JSON.parse(body);
  return (question) =>
    JSON.stringify(
      mapStrings(template, (text) =>
        text.replace(PLACEHOLDER, (whole, placeholder: string) =>
          isPlaceholder(placeholder) ? question[placeholder] : whole,
        ),
      ),
    );
};

/** RFC 6901. */
export const jsonPointer = (pointer: string): ((json: unknown) => unknown) => {
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
 */
export const codeLists = (http: HttpProvider): ((value: unknown) => ProviderAnswer) => {
  const meanings = new Map(meaningOf(http));
  return (value) => {
    const code = codeText(value);
    const meaning = code === undefined ? undefined : meanings.get(code);
    // The value itself is not repeated: it could be personal data.
    if (code === undefined || meaning === undefined) return { kind: 'retry', reason: 'not understood: no known code' };
    return meaning === 'quota' ? { kind: 'quota' } : { kind: meaning, code };
  };
};
