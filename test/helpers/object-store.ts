/**
 * An object store with the interface of S3, in memory. It checks signatures with an implementation of its own, written from the
 * specification of AWS Signature Version 4, so that a fault of the client's library is seen.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface ObjectStore {
  readonly url: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** By bucket and key: `draws/spring/result.json`. */
  readonly objects: Map<string, Buffer>;
  /** In the order in which they were stored. */
  readonly stored: string[];
  /** Answers of the next requests, before anything is stored: a status, or nothing at all. */
  readonly faults: (number | 'hang up')[];
  /** Why requests were refused. */
  readonly refusals: string[];
  close(): Promise<void>;
}

export const REGION = 'cn-test-1';
const KEYS = { accessKeyId: 'AKIDTEST', secretAccessKey: 'not/a+real=secret' };
const SKEW_MS = 15 * 60_000;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** @returns the code of an error; undefined: it is signed */
const problemOf = (request: IncomingMessage, body: Buffer, nowMs: number): string | undefined => {
  const { headers, method = '', url = '' } = request;
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
  const [, id, day = '', region = '', signed = '', signature] = form.exec(String(headers.authorization)) ?? [];
  if (id !== KEYS.accessKeyId) return 'InvalidAccessKeyId';
  if (region !== REGION) return 'AuthorizationHeaderMalformed';
  const time = String(headers['x-amz-date']);
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const atMs = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (!(Math.abs(nowMs - atMs) <= SKEW_MS) || !time.startsWith(day)) return 'RequestTimeTooSkewed';
  const digest = String(headers['x-amz-content-sha256']);
  // Chunks with signatures of their own are another form, which not every store reads.
  if (!/^[0-9a-f]{64}$/.test(digest) || headers['content-encoding'] !== undefined) return 'InvalidRequest';
  if (digest !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const md5 = headers['content-md5'];
  if (method === 'PUT' && md5 !== createHash('md5').update(body).digest('base64')) return 'BadDigest';
  const names = signed.split(';');
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => names.includes(name))) return 'AccessDenied';
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, ' ')}`),
    '',
    signed,
    digest,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = ['s3', 'aws4_request'].reduce(
    (made, part) => hmac(made, part),
    hmac(hmac(`AWS4${KEYS.secretAccessKey}`, day), region),
  );
  const expected = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  return expected === signature ? undefined : 'SignatureDoesNotMatch';
};

/** Requests name the bucket in their path. */
export const startObjectStore = async (): Promise<ObjectStore> => {
  const objects = new Map<string, Buffer>();
  const [stored, refusals]: [string[], string[]] = [[], []];
  const faults: (number | 'hang up')[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return;
    const fault = faults.shift();
    if (fault === 'hang up') {
      request.socket.destroy();
      return;
    }
    const answer = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
    };
    if (fault !== undefined) {
      answer(fault, 'SlowDown');
      return;
    }
    const problem = problemOf(request, body, Date.now());
    if (problem !== undefined) {
      refusals.push(problem);
      answer(403, problem);
      return;
    }
    const key = decodeURIComponent(request.url ?? '').slice(1);
    if (request.method === 'PUT') {
      objects.set(key, body);
      stored.push(key);
      response.writeHead(200).end();
      return;
    }
    const found = objects.get(key);
    if (found === undefined) answer(404, 'NoSuchKey');
    else response.writeHead(200).end(found);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    keys: KEYS,
    objects,
    stored,
    faults,
    refusals,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
