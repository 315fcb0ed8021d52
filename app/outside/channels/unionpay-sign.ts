/**
 * Signatures of UnionPay's open platform (云闪付). Pure. The text is that of signing-text.ts.
 *
 * | request      | signature |
 * |--------------|-----------|
 * | backendToken | hex SHA-256 of the text, in which `secret` is one of the parameters; the secret itself is not sent |
 * | coupon.download | base64 SHA256withRSA with the merchant's key |
 * | with a backendToken | none: the token is the credential |
 *
 * Answers are not signed, as far as public code and recorded answers show: what protects them is TLS.
 */
import { hash, type KeyObject } from 'node:crypto';
import { signRsa } from './rsa.ts';
import { type Parameters, signingText } from './signing-text.ts';

export const signWithSecret = (parameters: Parameters, secret: string): string =>
  hash('sha256', signingText({ ...parameters, secret }), 'hex');

export const signWithKey = (parameters: Parameters, privateKey: KeyObject): string =>
  signRsa(privateKey, signingText(parameters));
