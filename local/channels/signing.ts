/** RSA signatures of local channels. Signing runs outside the event loop: with 2,048 bits it takes about thirty times as long as checking. */
import { constants, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';

const ALGORITHM = 'RSA-SHA256';
const padding = constants.RSA_PKCS1_PADDING;

/** Base64. */
export const signText = (text: string, key: KeyObject): Promise<string> =>
  new Promise((resolve, reject) => {
    sign(ALGORITHM, Buffer.from(text), { key, padding }, (error, signature) => {
      if (error === null) resolve(signature.toString('base64'));
      else reject(error);
    });
  });

export const isSigned = (text: string, signature: string, key: KeyObject): boolean =>
  verify(ALGORITHM, Buffer.from(text), { key, padding }, Buffer.from(signature, 'base64'));

let stranger: Promise<KeyObject> | undefined;
/** A key that no client knows. */
export const strangerKey = (): Promise<KeyObject> => {
  stranger ??= promisify(generateKeyPair)('rsa', { modulusLength: 2_048 }).then(({ privateKey }) => privateKey);
  return stranger;
};

/** `a=1&b=2`, by the names' order in ASCII, without what has no value. */
export const sortedPairs = (values: Readonly<Record<string, unknown>>): string =>
  Object.keys(values)
    .sort()
    .filter((name) => values[name] !== undefined && values[name] !== '')
    .map((name) => `${name}=${values[name]}`)
    .join('&');
