/** An intake between fakes: the journal answers when and as the test says. Without a socket, or on a real one. */

import { randomUUID } from 'node:crypto';
import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Registry } from 'prom-client';
import { SealingPausedError } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import type { LoadGuard } from '../../app/http/load-guard.ts';
import { citizenConnections, type HttpServer, listen } from '../../app/http/server.ts';
import type { IntakeDeps } from '../../app/intake/api.ts';
import { createIntake } from '../../app/intake/create-intake.ts';
import type { ReceiptLookup } from '../../app/intake/ports.ts';
import { createAssertionCheck } from '../../app/login/check.ts';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { Found } from '../../contract/dependency.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { Held } from '../../journal/claims.ts';
import type {
  AcceptanceLookup,
  AppendOutcome,
  PublishOutcome,
  StoredFact,
  StoredPosition,
} from '../../journal/publishing.ts';
import { citizenOf } from '../../local/load/citizen.ts';
import type { Connections } from '../../runtime/connections.ts';
import { documented } from './documented-answers.ts';
import { createFakeQueue, type FakeQueue } from './fake-queue.ts';

export const NOW_MS = Date.parse('2026-10-01T12:00:00.000Z');
export const CANARY_KEY = secretKey(Buffer.alloc(32, 2));

export const ACKNOWLEDGED: PublishOutcome = {
  kind: 'acknowledged',
  shard: 0,
  sequence: 1,
  duplicate: false,
  attempts: 1,
};

export const settingsOf = (over: Partial<LiveSettings> = {}): LiveSettings => ({
  v: 1,
  generation: 1,
  title: { 'zh-CN': '测试消费券', en: 'Test vouchers' },
  window: { opensAt: '2026-10-01T00:00:00Z', closesAt: '2026-10-09T00:00:00Z' },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  draw: { unverified: 'exclude' },
  vouchers: [
    {
      name: 'dining',
      title: { 'zh-CN': '餐饮', en: 'Dining' },
      faceValueFen: 5000,
      minimumSpendFen: 10000,
      quota: 10,
      validDays: 7,
    },
  ],
  traffic: { admissionPerSecond: 1000, intakePods: 1, burstSeconds: 2 },
  ...over,
});

/** What a phone would send for citizen `index`. */
export const bodyOf = (index: number): Record<string, unknown> => {
  const { name, idNumber, phone, channel } = citizenOf(1, index);
  return {
    name,
    idType: 'CN_ID',
    idNumber,
    phone,
    channel,
    category: 'dining',
    consent: { policyVersion: '1', sensitive: true },
    locale: 'zh-CN',
  };
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

const answerOf = (status: number, headers: Headers, text: string): Answer => ({
  status,
  headers,
  text,
  json: text.startsWith('{') ? JSON.parse(text) : {},
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
}

/** Through all of Express, without a socket. */
const withoutSocket =
  (listener: RequestListener) =>
  ({ method, path, headers, body = '' }: Sent): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const request = Object.assign(new IncomingMessage(new Socket()), {
        method,
        url: path,
        // As the parser returns them: lower case and trimmed.
        headers: Object.fromEntries(
          new Headers(method === 'POST' || method === 'PATCH' ? { ...length, ...headers } : headers),
        ),
      });
      let head: readonly [number, Headers] = [0, new Headers()];
      const response = Object.assign(new ServerResponse(request), {
        writeHead(status: number, written: Readonly<Record<string, string | number>>) {
          head = [status, new Headers(Object.entries(written).map(([name, value]) => [name, String(value)]))];
          return response;
        },
        end(body: string | Uint8Array) {
          resolve(answerOf(...head, Buffer.from(body).toString('utf8')));
          return response;
        },
        destroy() {
          reject(new Error('hung up'));
          return response;
        },
      });
      request.push(body);
      request.push(null);
      // In a turn of its own, as from a socket.
      setImmediate(listener, request, response);
    });

const overSocket =
  (url: string) =>
  async ({ path, body, ...rest }: Sent): Promise<Answer> => {
    const response = await fetch(url + path, { ...rest, ...(body === undefined ? {} : { body }) });
    return answerOf(response.status, response.headers, await response.text());
  };

export interface TestIntake {
  readonly registry: Registry;
  readonly published: readonly EventEnvelope[];
  /** Calls of the log as (code, error). */
  readonly serverErrors: readonly { readonly code: string; readonly error: unknown }[];
  /** Change the behaviour of the fakes. */
  world: {
    nowMs: number;
    isClockAgreed: boolean;
    settings: LiveSettings | undefined;
    publish: (event: EventEnvelope) => Promise<PublishOutcome>;
    /** Content of the journal: the first acknowledged message of each receipt, unless the test changes it. */
    accepted: (receipt: string, held?: StoredPosition) => Promise<AcceptanceLookup>;
    /** Whether the journal answers look-ups of a receipt's facts. */
    isReadable: boolean;
    /** Compares with the journal, unless the test changes it. */
    append: (event: EventEnvelope, after: number) => Promise<AppendOutcome>;
    /** Receipts that a publish does not find. */
    astray: Set<string>;
    find: (receipt: string) => Promise<ReceiptLookup>;
    draining: boolean;
    sealing: 'works' | 'paused' | 'broken';
    areKeysDestroyed: boolean;
    /** The bucket of claims. */
    claims: Map<string, string>;
    areClaimsAnswering: boolean;
    /** Of the waiting room, which is off unless the settings say otherwise. */
    readonly queue: FakeQueue;
    journalFound: Found;
  };
  post(body: unknown, headers?: Record<string, string | undefined>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  send(method: string, path: string): Promise<Answer>;
  /** A change with a receipt. */
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  withdraw(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A form, as browsers send it. */
  postForm(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  /** A POST with a receipt. */
  postTo(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface ServedIntake extends TestIntake {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  stop(): Promise<void>;
}

/** Answers as a journal with this content. */
export const acceptedIn = (events: readonly EventEnvelope[], receipt: string): AcceptanceLookup => {
  const stored = events.find((event) => event.receipt === receipt && event.type === 'received');
  if (stored === undefined) return { kind: 'absent' };
  const { fingerprint } = stored.data;
  return { kind: 'accepted', at: stored.at, fingerprint: typeof fingerprint === 'string' ? fingerprint : undefined };
};

/** The last of each type, as a journal with this content finds them. */
const factsIn = (events: readonly EventEnvelope[], receipt: string): readonly StoredFact[] => {
  const facts = new Map<string, StoredFact>();
  for (const [index, event] of events.entries()) {
    if (event.receipt === receipt && event.type !== 'received') facts.set(event.type, { event, sequence: index + 1 });
  }
  return [...facts.values()];
};

/** Counts writes in flight; ignores the delay of the event loop, and sheds nothing else. */
export const calmGuard = (maxInFlight = 512): LoadGuard => {
  let inFlight = 0;
  return {
    enter(of = 'write') {
      const one = of === 'write' ? 1 : 0;
      inFlight += one;
      return () => {
        inFlight -= one;
      };
    },
    get inFlight() {
      return inFlight;
    },
    isOverloaded: (of = 'write') => of === 'write' && inFlight >= maxInFlight,
    close: () => undefined,
  };
};

const createTestIntake = (
  guard: LoadGuard,
  journal: EventEnvelope[],
  connections?: Connections,
  real: Partial<IntakeDeps> = {},
) => {
  const published: EventEnvelope[] = [];
  const world: TestIntake['world'] = {
    nowMs: NOW_MS,
    isClockAgreed: true,
    settings: settingsOf(),
    publish: async () => ACKNOWLEDGED,
    accepted: async (receipt) => acceptedIn(journal, receipt),
    isReadable: true,
    append: async (event, after) => {
      const last = factsIn(journal, event.receipt).find((fact) => fact.event.type === event.type)?.sequence ?? 0;
      if (last !== after) return { kind: 'overtaken' };
      journal.push(event);
      return { kind: 'stored' };
    },
    astray: new Set(),
    find: async () => ({ kind: 'absent' }),
    draining: false,
    sealing: 'works',
    areKeysDestroyed: false,
    claims: new Map(),
    areClaimsAnswering: true,
    queue: createFakeQueue(),
    journalFound: { state: 'answers', seconds: 3_600 },
  };
  const hold = (key: string, holder: string): Held => {
    if (!world.areClaimsAnswering) return 'unavailable';
    if (!world.claims.has(key)) world.claims.set(key, holder);
    return world.claims.get(key) === holder ? 'ours' : 'taken';
  };
  const serverErrors: { code: string; error: unknown }[] = [];
  const registry = new Registry();
  const deps: IntakeDeps = {
    campaignId: 'test-campaign',
    site: 'default',
    citizenKey: secretKey(Buffer.alloc(32, 1)),
    areKeysDestroyed: () => world.areKeysDestroyed,
    canaryKey: CANARY_KEY,
    journal: {
      async publish(event) {
        published.push(event);
        const outcome = await world.publish(event);
        if (outcome.kind === 'unavailable') return outcome;
        const isStored = journal.some(({ receipt, type }) => receipt === event.receipt && type === event.type);
        if (isStored) return { ...outcome, duplicate: true };
        journal.push(event);
        return outcome;
      },
    },
    acceptances: {
      find: (receipt, _citizenHash, _untilMs, held) => world.accepted(receipt, held),
      isAstray: (receipt) => world.astray.has(receipt),
    },
    receiptJournal: {
      findRegistration: async (receipt) =>
        world.isReadable ? journal.find((event) => event.receipt === receipt && event.type === 'received') : undefined,
      findFacts: async ({ receipt }) => (world.isReadable ? factsIn(journal, receipt) : undefined),
      append: (event, after) => world.append(event, after),
      last: async ({ receipt }, type) =>
        world.isReadable ? (factsIn(journal, receipt).find(({ event }) => event.type === type) ?? 'none') : undefined,
    },
    check: createAssertionCheck('test-campaign'),
    claims: {
      holdAssertion: async (jti, receipt) => hold(`assertion.${jti}`, receipt),
      holdAccount: async (accountHash, citizenHash) => hold(`account.${accountHash}`, citizenHash),
    },
    queue: world.queue,
    siteHealth: { acknowledgedAtMs: () => undefined, probe: async () => undefined },
    journalFound: () => world.journalFound,
    settings: { current: () => world.settings },
    sealer: {
      seal(plaintext) {
        // Like a careless library: the message contains its input.
        if (world.sealing === 'paused') throw new SealingPausedError('paused');
        if (world.sealing === 'broken') throw new Error(`can't seal ${Buffer.from(plaintext).toString('utf8')}`);
        return { keyId: '2026-10-01', sealed: 'c2VhbGVk' };
      },
    },
    receipts: { find: (receipt) => world.find(receipt) },
    registry,
    guard,
    ...(connections === undefined ? {} : { connections }),
    now: () => world.nowMs,
    isClockAgreed: () => world.isClockAgreed,
    wallClockMs: () => world.nowMs,
    monotonicMs: () => performance.now(),
    random: () => 0.5,
    seed: 'a test',
    isDraining: () => world.draining,
    signal: new AbortController().signal,
    onServerError: (code, error) => serverErrors.push({ code, error }),
    ...real,
  };
  const listener = documented(createIntake(deps));
  /** @param exchange how a request reaches it */
  const clientOf = (exchange: (sent: Sent) => Promise<Answer>): TestIntake => ({
    registry,
    published,
    serverErrors,
    world,
    async post(body, headers = {}) {
      const all = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers };
      const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return exchange({
        method: 'POST',
        path: '/api/v1/registrations',
        headers: Object.fromEntries(sent),
        body: typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
      });
    },
    get: (path, headers = {}) => exchange({ method: 'GET', path, headers, body: undefined }),
    patch: (path, body, headers = {}) =>
      exchange({
        method: 'PATCH',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    postForm: (path, body, headers = {}) =>
      exchange({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: Buffer.from(body),
      }),
    postTo: (path, body, headers = {}) =>
      exchange({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    withdraw: (path, headers = {}) =>
      exchange({ method: 'POST', path: `${path}/withdrawal`, headers, body: undefined }),
    send: (method, path) => exchange({ method, path, headers: {}, body: undefined }),
  });
  return { deps, listener, clientOf };
};

/**
 * @param journal what the journal holds; several intakes with one list are pods before one journal
 * @param real dependencies that are no fakes
 */
export const testIntake = (
  guard: LoadGuard = calmGuard(),
  journal: EventEnvelope[] = [],
  real: Partial<IntakeDeps> = {},
): TestIntake => {
  const { listener, clientOf } = createTestIntake(guard, journal, undefined, real);
  return clientOf(withoutSocket(listener));
};

/** For what is made of them besides an intake. */
export const testIntakeDeps = (): IntakeDeps => ({
  ...createTestIntake(calmGuard(), []).deps,
  registry: new Registry(),
});

export const startTestIntake = async (
  guard: LoadGuard = calmGuard(),
  journal: EventEnvelope[] = [],
  maxConnections?: number,
  real: Partial<IntakeDeps> = {},
): Promise<ServedIntake> => {
  const connections = citizenConnections(maxConnections);
  const { listener, clientOf } = createTestIntake(guard, journal, connections, real);
  const server = await listen(listener, '127.0.0.1', 0, { connections });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    ...clientOf(overSocket(url)),
    url,
    port: server.port,
    server,
    async stop() {
      guard.close();
      await server.drain(0);
    },
  };
};
