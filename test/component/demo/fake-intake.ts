/** An intake that keeps its promises in memory and misbehaves as a test tells it to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const body = z.strictObject({
  name: z.string(),
  idType: z.literal('CN_ID'),
  idNumber: z.string().length(18),
  phone: z.string().length(11),
  channel: z.enum(['wechat', 'alipay', 'unionpay']),
  category: z.string().min(1),
  consent: z.strictObject({ policyVersion: z.string(), sensitive: z.literal(true) }),
  locale: z.enum(['zh-CN', 'en']),
});

export type Mood =
  | { readonly kind: 'accept' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'refuse' }
  /** Takes the registration and cuts the line instead of answering. */
  | { readonly kind: 'take_and_drop' }
  | { readonly kind: 'never_answer' };

export interface Taken {
  readonly receipt: string;
  readonly citizenHash: string;
}

export interface FakeIntake {
  readonly url: string;
  /** Every registration, one per receipt, in order of arrival. */
  readonly taken: Map<string, Taken>;
  readonly keysOf: Map<string, Set<string>>;
  posts(): number;
  /** Requests that each connection served. */
  requestsPerConnection(): readonly number[];
  close(): Promise<void>;
}

const sha = (text: string): Buffer => createHash('sha256').update(text).digest();

export const startFakeIntake = async (moodOf: (post: number) => Mood): Promise<FakeIntake> => {
  const taken = new Map<string, Taken>();
  const keysOf = new Map<string, Set<string>>();
  const served = new Map<object, number>();
  let posts = 0;

  const handle = (request: IncomingMessage, response: ServerResponse, text: string): void => {
    const mood = moodOf(posts);
    posts += 1;
    served.set(request.socket, (served.get(request.socket) ?? 0) + 1);
    const key = request.headers['idempotency-key'];
    const { idNumber } = body.parse(JSON.parse(text));
    if (typeof key !== 'string' || request.url !== '/api/v1/registrations') throw new Error('not a registration');
    const citizenHash = sha(idNumber).toString('hex');
    const receipt = [...sha(`${citizenHash} ${key}`).subarray(0, 26)]
      .map((byte) => ALPHABET.charAt(byte % ALPHABET.length))
      .join('');
    const take = (): void => {
      taken.set(receipt, { receipt, citizenHash });
      keysOf.set(citizenHash, (keysOf.get(citizenHash) ?? new Set()).add(key));
    };
    switch (mood.kind) {
      case 'accept': {
        const status = taken.has(receipt) ? 200 : 201;
        take();
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ receiptNo: receipt }));
        return;
      }
      case 'busy':
        response.writeHead(503, { 'retry-after': '0.02' }).end();
        return;
      case 'refuse':
        response
          .writeHead(422, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify({ code: 'NAME_INVALID' }));
        return;
      case 'take_and_drop':
        take();
        request.socket.destroy();
        return;
      case 'never_answer':
        return;
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      try {
        handle(request, response, Buffer.concat(chunks).toString('utf8'));
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    keysOf,
    posts: () => posts,
    requestsPerConnection: () => [...served.values()],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** What an honest journal and database of this intake hold: the first receipt of a citizen stands. */
export const contentOf = ({ taken }: FakeIntake) => {
  const rows = [...taken.values()].map((row) => ({ ...row, kind: 'citizen' }));
  const standing = new Map<string, (typeof rows)[number]>();
  for (const row of rows) if (!standing.has(row.citizenHash)) standing.set(row.citizenHash, row);
  const registrations = [...standing.values()];
  const superseded = rows.filter((row) => !registrations.includes(row));
  return { journal: rows, unreadable: 0, registrations, superseded };
};
