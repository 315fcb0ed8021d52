/** An intake on a real socket between fakes: the journal answers when and as the test says. */

import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { SealingPausedError } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { createIntake } from '../../app/intake/create-intake.ts';
import type { LoadGuard } from '../../app/intake/load-guard.ts';
import type { ReceiptLookup } from '../../app/intake/ports.ts';
import { type HttpServer, intakeConnections, listen } from '../../app/intake/server.ts';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { AcceptanceLookup, PublishOutcome, StoredPosition } from '../../journal/publishing.ts';
import { citizenOf } from '../../local/load/citizen.ts';

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

export const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  const json: Record<string, unknown> = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, json };
};

export interface TestIntake {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  readonly registry: Registry;
  readonly published: readonly EventEnvelope[];
  /** What was told to the log as (code, error). */
  readonly serverErrors: readonly { readonly code: string; readonly error: unknown }[];
  /** Change what the world does. */
  world: {
    nowMs: number;
    isClockAgreed: boolean;
    settings: LiveSettings | undefined;
    publish: (event: EventEnvelope) => Promise<PublishOutcome>;
    /** What the journal holds: what it acknowledged first under a receipt, unless the test says otherwise. */
    accepted: (receipt: string, held?: StoredPosition) => Promise<AcceptanceLookup>;
    /** Receipts that lie where a publish does not meet them. */
    astray: Set<string>;
    find: (receipt: string) => Promise<ReceiptLookup>;
    draining: boolean;
    sealing: 'works' | 'paused' | 'broken';
  };
  post(body: unknown, headers?: Record<string, string | undefined>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

/** As the journal would answer that holds these. */
export const acceptedIn = (events: readonly EventEnvelope[], receipt: string): AcceptanceLookup => {
  const stored = events.find((event) => event.receipt === receipt);
  if (stored === undefined) return { kind: 'absent' };
  const { fingerprint } = stored.data;
  return { kind: 'accepted', at: stored.at, fingerprint: typeof fingerprint === 'string' ? fingerprint : undefined };
};

/** Counts what is in flight, and judges no machine by how late its event loop runs. */
export const calmGuard = (maxInFlight = 512): LoadGuard => {
  let inFlight = 0;
  return {
    enter() {
      inFlight += 1;
      return () => {
        inFlight -= 1;
      };
    },
    get inFlight() {
      return inFlight;
    },
    isOverloaded: () => inFlight >= maxInFlight,
    close: () => undefined,
  };
};

/** @param journal what the journal holds; several intakes with one list are pods before one journal */
export const startTestIntake = async (
  guard: LoadGuard = calmGuard(),
  journal: EventEnvelope[] = [],
  maxConnections?: number,
): Promise<TestIntake> => {
  const published: EventEnvelope[] = [];
  const connections = intakeConnections(maxConnections);
  const world: TestIntake['world'] = {
    nowMs: NOW_MS,
    isClockAgreed: true,
    settings: settingsOf(),
    publish: async () => ACKNOWLEDGED,
    accepted: async (receipt) => acceptedIn(journal, receipt),
    astray: new Set(),
    find: async () => ({ kind: 'absent' }),
    draining: false,
    sealing: 'works',
  };
  const serverErrors: { code: string; error: unknown }[] = [];
  const registry = new Registry();
  const app = createIntake({
    campaignId: 'test-campaign',
    site: 'default',
    citizenKey: secretKey(Buffer.alloc(32, 1)),
    canaryKey: CANARY_KEY,
    journal: {
      async publish(event) {
        published.push(event);
        const outcome = await world.publish(event);
        if (outcome.kind === 'unavailable') return outcome;
        if (journal.some(({ receipt }) => receipt === event.receipt)) return { ...outcome, duplicate: true };
        journal.push(event);
        return outcome;
      },
    },
    acceptances: {
      find: (receipt, _citizenHash, held) => world.accepted(receipt, held),
      isAstray: (receipt) => world.astray.has(receipt),
    },
    settings: { current: () => world.settings },
    sealer: {
      seal(plaintext) {
        // As a careless library might: the message quotes what it was given.
        if (world.sealing === 'paused') throw new SealingPausedError('paused');
        if (world.sealing === 'broken') throw new Error(`can't seal ${Buffer.from(plaintext).toString('utf8')}`);
        return { keyId: '2026-10-01', sealed: 'c2VhbGVk' };
      },
    },
    receipts: { find: (receipt) => world.find(receipt) },
    registry,
    guard,
    connections,
    now: () => world.nowMs,
    isClockAgreed: () => world.isClockAgreed,
    wallClockMs: () => world.nowMs,
    monotonicMs: () => performance.now(),
    random: () => 0.5,
    isDraining: () => world.draining,
    signal: new AbortController().signal,
    onServerError: (code, error) => serverErrors.push({ code, error }),
  });
  const server = await listen(app, '127.0.0.1', 0, { connections });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    port: server.port,
    server,
    registry,
    published,
    serverErrors,
    world,
    async post(body, headers = {}) {
      const all = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers };
      const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return answerOf(
        await fetch(`${url}/api/v1/registrations`, {
          method: 'POST',
          headers: sent,
          body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
        }),
      );
    },
    get: async (path, headers = {}) => answerOf(await fetch(url + path, { headers })),
    async stop() {
      guard.close();
      await server.drain(0);
    },
  };
};
