/** The few requests that these tools send to the API server, with a client certificate and without a library. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';

export interface ApiAccess {
  readonly url: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

export const apiAccess = async (url: string, pki: string, user: string): Promise<ApiAccess> => {
  const [ca, cert, key] = await Promise.all([
    readFile(join(pki, 'ca.crt')),
    readFile(join(pki, `${user}.crt`)),
    readFile(join(pki, `${user}.key`)),
  ]);
  return { url, ca, cert, key };
};

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** JSON objects unless stated. */
  readonly accept?: string;
  readonly timeoutMs?: number;
  /** Impersonates this user; the certificate's user needs that permission. */
  readonly as?: string;
}

/** Rejects when the server can't be reached, not for an HTTP status. */
export const callApi = (access: ApiAccess, call: ApiCall, signal?: AbortSignal): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(call.timeoutMs ?? 5_000);
    const outgoing = request(
      new URL(call.path, access.url),
      {
        method: call.method,
        ca: access.ca,
        cert: access.cert,
        key: access.key,
        headers: {
          ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
          ...(call.accept === undefined ? {} : { accept: call.accept }),
          ...(call.as === undefined ? {} : { 'impersonate-user': call.as }),
        },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
