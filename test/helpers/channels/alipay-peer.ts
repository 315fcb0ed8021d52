/** Alipay's side: answers signed over the bytes of the response's value. */
import { createSign } from 'node:crypto';
import type { Scripted } from './scripted-server.ts';

/** `{"x_response":VALUE,"sign":"…"}`, where VALUE is the text as it is. */
export const signedBody = (method: string, value: string, privatePem: string): string => {
  const sign = createSign('RSA-SHA256').update(value, 'utf8').sign(privatePem, 'base64');
  return `{"${method.replaceAll('.', '_')}_response":${value},"sign":"${sign}"}`;
};

export const signedAnswer = (method: string, json: object, privatePem: string): Scripted => ({
  // Alipay writes slashes like this.
  body: signedBody(method, JSON.stringify(json).replaceAll('/', '\\/'), privatePem),
  headers: { 'Content-Type': 'text/html;charset=utf-8' },
});
