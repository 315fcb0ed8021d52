/** Thousands of real sockets against few places. */
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { startAdminServer } from '../../../app/admin-server.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';
import { startHealthServer } from '../../../operator/observability/health-server.ts';
import { sampleOf } from '../../../operator/signals/scrape.ts';
import { bind } from '../../../runtime/bind.ts';
import { createConnections } from '../../../runtime/connections.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ACKNOWLEDGED, bodyOf, calmGuard, type ServedIntake, startTestIntake } from '../../helpers/intake.ts';
import { answered, answers, dial as dialTo, type Line } from '../../helpers/line.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const dial = (port: number): Line => {
  const line = dialTo(port);
  closers.push(() => line.socket.destroy());
  return line;
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (index: number): string => {
  const body = JSON.stringify(bodyOf(index));
  return (
    `POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `Idempotency-Key: 0123456789abcdef${index}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
};

const told = async ({ registry }: ServedIntake) =>
  sampleOf('a', `${await registry.metrics()}process_start_time_seconds 1\n`);

describe('an intake with 200 places', () => {
  const LIMIT = 200;
  const start = async (places = LIMIT) => {
    const intake = await startTestIntake(calmGuard(), [], places);
    closers.push(() => intake.stop());
    return intake;
  };

  it('serves a citizen while thousands keep a connection each from one machine', async () => {
    const intake = await start();
    const kept: Line[] = [];
    for (let round = 0; round < 15; round += 1) {
      const lines = Array.from({ length: LIMIT }, () => dial(intake.port));
      for (const { socket } of lines) socket.write(get('/api/v1/campaigns/test-campaign'));
      await eventually(() => lines.every((line) => answers(line) > 0), { what: `answers of round ${round}` });
      kept.push(...lines);
      const citizen = dial(intake.port);
      citizen.socket.write(post(round));
      await answered(citizen, 1, `the receipt of citizen ${round}`);
      expect(citizen.received).toContain('HTTP/1.1 201');
    }
    await eventually(() => kept.filter(({ ended }) => !ended).length <= LIMIT, { what: 'the end of the idle ones' });
    // Those who gave way had their answers: nobody was sent away.
    expect((await told(intake)).sentAway).toBe(0);
  });

  it.each([
    ['say nothing', '', false],
    ['send half a head', 'POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nX-Slow: ', true],
    ['send half a body', post(1).slice(0, -20), false],
    ['have got their answer and send half a head', `${get('/nowhere')}POST /api/v1/regis`, false],
  ])('serves a citizen while as many as it can hold %s', async (_name, bytes, isDemand) => {
    const intake = await start();
    const slow = Array.from({ length: LIMIT }, () => dial(intake.port));
    for (const { socket } of slow) if (bytes !== '') socket.write(bytes);
    await eventually(
      async () => {
        const citizen = dial(intake.port);
        citizen.socket.write(post(2));
        await eventually(() => citizen.ended || answers(citizen) > 0, { what: 'an answer or an end' });
        return citizen.received.includes('HTTP/1.1 201') && slow.some(({ ended }) => ended);
      },
      { what: 'a receipt in the place of a slow one' },
    );
    if (isDemand) expect((await told(intake)).sentAway).toBeGreaterThan(0);
  });

  it('tells the scaler of those whom it can’t take: each is demand that was sent away', async () => {
    const FEW = 20;
    const intake = await start(FEW);
    const ack = Promise.withResolvers<PublishOutcome>();
    intake.world.publish = () => ack.promise;
    const busy = Array.from({ length: FEW }, (_, index) => dial(intake.port).socket.write(post(index)));
    await eventually(() => intake.published.length === busy.length, { what: 'a pod that is full of work' });
    const before = await told(intake);
    const late = Array.from({ length: 1_000 }, (_, index) => {
      const line = dial(intake.port);
      line.socket.write(post(FEW + index));
      return line;
    });
    await eventually(() => late.every(({ ended }) => ended), { what: 'the end of those who came too late' });
    const after = await told(intake);
    expect(after.counter - before.counter).toBe(late.length);
    expect(after.sentAway - before.sentAway).toBe(late.length);
    // None who was promised an answer gave way.
    ack.resolve(ACKNOWLEDGED);
    await eventually(() => intake.published.length === FEW, { what: 'no publish for those who were refused' });
    expect(late.every(({ received }) => received === '')).toBe(true);
  });

  it('lets one that does not read its answers go, and never holds more than its places', async () => {
    let nowMs = 0;
    const connections = createConnections({ limit: 4, monotonicMs: () => nowMs });
    const server: Server = createServer((_, response) => response.end(Buffer.alloc(8 << 20)));
    connections.attach(server);
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const port = await bind(server, { host: '127.0.0.1', port: 0 });
    const deaf = Array.from({ length: 4 }, () => {
      const line = dial(port);
      line.socket.pause();
      line.socket.write(get('/'));
      return line;
    });
    await eventually(() => connections.open === 4, { what: 'four lines' });
    nowMs = 5_000;
    const next = dial(port);
    next.socket.write(get('/'));
    await answered(next);
    expect(connections.open).toBeLessThanOrEqual(4);
    expect(connections.turnedAway).toBe(0);
    expect(deaf).toHaveLength(4);
  });
});

describe('the ports that only the cluster reaches', () => {
  it.each([
    [
      'of a tier',
      async () => {
        const admin = await startAdminServer(
          { registry: new Registry(), notReady: () => undefined, canary: () => undefined, dependencies: () => [] },
          '127.0.0.1',
          0,
        );
        closers.push(() => admin.close());
        return admin.port;
      },
    ],
    [
      'of the operator',
      async () => {
        const health = await startHealthServer(
          { registry: new Registry(), sickness: () => undefined, missing: () => undefined },
          '127.0.0.1',
          0,
        );
        closers.push(() => health.close());
        return health.port;
      },
    ],
  ])('%s answer a probe while hundreds keep a connection', async (_name, start) => {
    const port = await start();
    const kept = Array.from({ length: 64 }, () => dial(port));
    for (const { socket } of kept) socket.write(get('/livez'));
    await eventually(() => kept.every((line) => answers(line) > 0), { what: 'the answers of those who stay' });
    for (let probe = 0; probe < 200; probe += 1) {
      const line = dial(port);
      line.socket.write(get('/livez'));
      await answered(line, 1, `probe ${probe}`);
    }
  });
});
