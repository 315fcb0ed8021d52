/** A registration of a running campaign as its pods report it to a collector: one trace from the intake to the database. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { registerPatiently } from '../../helpers/citizen-client.ts';
import { eventuallyHolds } from '../../helpers/eventually.ts';
import { personalDataScan } from '../../helpers/personal-data-scan.ts';
import { withStack } from '../../helpers/with-stack.ts';

const exported = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Span = z.infer<typeof exported>['resourceSpans'][number]['scopeSpans'][number]['spans'][number];

const CITIZENS = [1, 2, 3];

it('a registration is one trace: accepted and published by an intake, recorded by a worker; without personal data', async () => {
  const bodies: string[] = [];
  const collector = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    bodies.push(Buffer.concat(parts).toString('utf8'));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const tracing = { endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, ratio: 1 };
  const spans = (): readonly Span[] =>
    bodies.flatMap((body) =>
      exported
        .parse(JSON.parse(body))
        .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans)),
    );
  const pods = { min: 1, max: 1, capacityPerReplica: 500 };
  try {
    await withStack(
      { intake: pods, records: pods },
      AbortSignal.timeout(280_000),
      async (stack) => {
        for (const citizen of CITIZENS) await registerPatiently(stack.url, citizen);
        await eventuallyHolds(
          () => {
            const found = spans();
            const of = (name: string): readonly Span[] => found.filter((one) => one.name === name);
            const whole = of('intake.accept').filter(({ traceId, spanId }) => {
              const publish = of('journal.publish').find(({ parentSpanId }) => parentSpanId === spanId);
              const record = of('records').find(({ parentSpanId }) => parentSpanId === publish?.spanId);
              return publish?.traceId === traceId && record?.traceId === traceId;
            });
            expect(whole.length).toBeGreaterThanOrEqual(CITIZENS.length);
          },
          { timeoutMs: 60_000, what: 'a whole trace of each registration' },
        );
      },
      { tracing },
    );
    const scan = personalDataScan(1, 10);
    scan.text('spans', bodies.join('\n'));
    expect(scan.findings).toEqual([]);
    expect(scan.scannedBytes).toBeGreaterThan(1_000);
  } finally {
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  }
});
