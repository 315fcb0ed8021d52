/** An intake that sends traces to a collector on a real socket: what arrives there, and what trouble of the collector costs. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createTracing } from '../../../app/tracing/otel.ts';
import type { Tracing } from '../../../app/tracing/spans.ts';
import { bodyOf, calmGuard, testIntake } from '../../helpers/intake.ts';
import { personalDataScan } from '../../helpers/personal-data-scan.ts';

const CITIZENS = 40;

let collector: Server;
let bodies: string[];
let answer: (response: ServerResponse) => void;
let tracing: Tracing;
let registry: Registry;

const tracingTo = (endpoint: string): Tracing => {
  registry = new Registry();
  return createTracing({ endpoint, ratio: 1, role: 'intake', podName: 'intake-0', campaignId: 'spring', registry });
};

beforeEach(async () => {
  bodies = [];
  answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  collector = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    bodies.push(`${request.url} ${Buffer.concat(parts).toString('utf8')}`);
    answer(response);
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  tracing = tracingTo(`http://127.0.0.1:${(collector.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await tracing.close();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

/** @returns the statuses of so many registrations, and everything of theirs that is no personal data but identifies them */
const register = async (citizens = CITIZENS) => {
  const intake = testIntake(calmGuard(), [], { tracing });
  const answers = await Promise.all(Array.from({ length: citizens }, (_, index) => intake.post(bodyOf(index))));
  const ids = intake.published.flatMap(({ receipt, citizenHash }) => [receipt, citizenHash]);
  return { statuses: new Set(answers.map(({ status }) => status)), ids };
};

const counted = async (outcome: string): Promise<number> => {
  const { values } = (await registry.getSingleMetric('voucher_trace_spans_total')?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
};

describe('what a collector gets', () => {
  it('is a span of each request and of its publish, with the pod and the campaign', async () => {
    expect((await register()).statuses).toEqual(new Set([201]));
    await tracing.close();
    const text = bodies.join('\n');
    expect(bodies.every((body) => body.startsWith('/v1/traces '))).toBe(true);
    expect(text.match(/"name":"intake\.accept"/g)).toHaveLength(CITIZENS);
    expect(text.match(/"name":"journal\.publish"/g)).toHaveLength(CITIZENS);
    for (const word of ['voucher-intake', 'intake-0', 'spring']) expect(text).toContain(word);
    expect(await counted('exported')).toBe(2 * CITIZENS);
  });

  it('contains no name, number or phone of a citizen, no receipt and no citizen hash', async () => {
    const { ids } = await register();
    await tracing.close();
    const scan = personalDataScan(1, CITIZENS);
    const text = bodies.join('\n');
    scan.text('spans', text);
    expect(scan.scannedBytes).toBeGreaterThan(10_000);
    expect(scan.findings).toEqual([]);
    expect(ids.length).toBeGreaterThanOrEqual(2 * CITIZENS);
    expect(ids.filter((id) => text.includes(id))).toEqual([]);
  });

  it('would contain them if a span had such a name: the zero above can fail', async () => {
    const { name, idNumber } = bodyOf(3);
    tracing.root(`accept ${String(name)} ${String(idNumber)}`)?.end('stored');
    await tracing.close();
    const scan = personalDataScan(1, CITIZENS);
    scan.text('spans', bodies.join('\n'));
    expect(scan.findings.map(({ field }) => field).toSorted()).toEqual(['idNumber', 'name']);
  });
});

describe('a collector', () => {
  it('that never answers leaves every registration its answer', async () => {
    answer = () => undefined;
    expect((await register(120)).statuses).toEqual(new Set([201]));
    expect(await counted('ended')).toBe(240);
    expect(await counted('exported')).toBe(0);
  });

  it('that is not there leaves every registration its answer', async () => {
    await tracing.close();
    tracing = tracingTo('http://127.0.0.1:1');
    expect((await register(120)).statuses).toEqual(new Set([201]));
    await tracing.close();
    expect(await counted('exported')).toBe(0);
  });

  it('gets nothing of a request that is not in the sample, and a client cannot put itself into it', async () => {
    await tracing.close();
    registry = new Registry();
    const { port } = collector.address() as AddressInfo;
    const options = { endpoint: `http://127.0.0.1:${port}`, ratio: 0, role: 'intake', podName: 'p', campaignId: 'c' };
    tracing = createTracing({ ...options, registry });
    const intake = testIntake(calmGuard(), [], { tracing });
    const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
    expect((await intake.post(bodyOf(1), { traceparent })).status).toBe(201);
    await tracing.close();
    expect(bodies).toEqual([]);
  });
});
