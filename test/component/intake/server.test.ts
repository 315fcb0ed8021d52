/** Bytes on a socket: what a client library would hide. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLoadGuard } from '../../../app/http/load-guard.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ACKNOWLEDGED, bodyOf, type ServedIntake, settingsOf, startTestIntake } from '../../helpers/intake.ts';
import { answered, dial as dialTo, type Line } from '../../helpers/line.ts';

let intake: ServedIntake;
const sockets: Socket[] = [];
beforeEach(async () => {
  intake = await startTestIntake(createLoadGuard({ maxInFlight: 2 }));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await intake.stop();
});

const dial = (): Line => {
  const line = dialTo(intake.port);
  sockets.push(line.socket);
  return line;
};

const head = (length: number | string): string =>
  `POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
  `Idempotency-Key: 0123456789abcdef\r\n${typeof length === 'number' ? `Content-Length: ${length}` : length}\r\n\r\n`;
const HALF = `${head(500)}{"name":`;
const whole = (index: number): string => {
  const body = JSON.stringify(bodyOf(index));
  return head(Buffer.byteLength(body)) + body;
};

describe('a shed request', () => {
  it('is answered before its body comes, and the connection goes on', async () => {
    intake.world.settings = undefined;
    const line = dial();
    const body = JSON.stringify(bodyOf(1));
    line.socket.write(head(Buffer.byteLength(body)));
    await answered(line, 1);
    expect(line.received).toContain('503');
    intake.world.settings = settingsOf();
    line.socket.write(body + whole(2));
    await answered(line, 2);
    expect(line.received).toContain('HTTP/1.1 201');
  });

  it('is one above the bound on work in flight', async () => {
    const ack = Promise.withResolvers<PublishOutcome>();
    intake.world.publish = () => ack.promise;
    const [first, second, third] = [dial(), dial(), dial()];
    first.socket.write(whole(1));
    second.socket.write(whole(2));
    await eventually(() => intake.published.length === 2, { what: 'two publishes' });
    third.socket.write(whole(3));
    await answered(third, 1);
    expect(third.received).toContain('OVERLOADED');
    ack.resolve(ACKNOWLEDGED);
    await answered(first, 1);
    expect(first.received).toContain('HTTP/1.1 201');
  });

  it('is never one because others upload slowly', async () => {
    for (let i = 0; i < 5; i += 1) dial().socket.write(HALF);
    const line = dial();
    line.socket.write(whole(1));
    await answered(line, 1);
    expect(line.received).toContain('HTTP/1.1 201');
  });
});

describe('an oversized body', () => {
  it('is refused by its stated length without a byte of it, and the connection ends', async () => {
    const line = dial();
    line.socket.write(head(50_000_000));
    await eventually(() => line.ended, { what: 'the end of the connection' });
    expect(line.received).toContain('HTTP/1.1 413');
  });

  it('is refused in chunks as soon as it is too much', async () => {
    const line = dial();
    line.socket.write(head('Transfer-Encoding: chunked'));
    line.socket.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
    await answered(line, 1);
    expect(line.received).toContain('HTTP/1.1 413');
  });
});

describe('a body in a thousand pieces', () => {
  it('is refused', async () => {
    const line = dial();
    const piece = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    const pieces = Array.from({ length: 1_000 }, () => piece(' ')).join('');
    line.socket.setNoDelay(true);
    line.socket.write(`${head('Transfer-Encoding: chunked')}${pieces}${piece(JSON.stringify(bodyOf(1)))}0\r\n\r\n`);
    await answered(line, 1);
    expect(line.received).toContain('HTTP/1.1 413');
  });
});

describe('a body that never ends', () => {
  it('is cut after the request time-out', async () => {
    const line = dial();
    line.socket.write(HALF);
    await eventually(() => line.ended, { what: 'the cut' });
    expect(intake.published).toHaveLength(0);
  });
});

describe('the last place at the door', () => {
  it('is not taken by uploads that never end, or whose senders hang up', async () => {
    // One token, and none comes back while the test runs.
    intake.world.settings = settingsOf({ traffic: { admissionPerSecond: 0.0001, intakePods: 1, burstSeconds: 1 } });
    const halfAnUpload = async (hangUp: boolean): Promise<void> => {
      const { socket } = dial();
      await new Promise<void>((written) => socket.write(HALF, () => written()));
      if (hangUp) socket.resetAndDestroy();
    };
    await Promise.all(Array.from({ length: 10 }, (_, n) => halfAnUpload(n % 2 === 0)));
    expect((await intake.post(bodyOf(1))).status).toBe(201);
  });
});

describe('a registration', () => {
  it('says what clocks said when it arrived, not when its body was there', async () => {
    const slowly = async (atArrival: boolean): Promise<void> => {
      intake.world.isClockAgreed = atArrival;
      const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), expect: '100-continue' };
      const upload = request(`${intake.url}/api/v1/registrations`, { method: 'POST', headers });
      upload.flushHeaders();
      // The server has met the head by then.
      await once(upload, 'continue');
      intake.world.isClockAgreed = !atArrival;
      const response = once(upload, 'response');
      upload.end(JSON.stringify(bodyOf(1)));
      await response;
      upload.destroy();
    };
    await slowly(false);
    await slowly(true);
    expect(intake.published.map(({ clock }) => clock)).toEqual([undefined, 'agreed']);
  });

  it('goes on when the citizen hangs up', async () => {
    const ack = Promise.withResolvers<PublishOutcome>();
    intake.world.publish = () => ack.promise;
    const line = dial();
    line.socket.write(whole(1));
    await eventually(() => intake.published.length === 1, { what: 'the publish' });
    line.socket.destroy();
    await eventually(() => line.ended, { what: 'the end of the connection' });
    ack.resolve(ACKNOWLEDGED);
    const accepted = async (): Promise<boolean> =>
      (await intake.registry.metrics()).includes('voucher_intake_arrivals_total{outcome="accepted"} 1');
    await eventually(accepted, { what: 'the count' });
  });
});

describe('an idle connection', () => {
  it('is kept longer than a balancer keeps it', async () => {
    const { headers } = await intake.get('/api/v1/campaigns/test-campaign');
    expect(headers.get('keep-alive')).toContain('timeout=620');
  });
});

describe('draining', () => {
  it('answers what is under way, says goodbye, and takes nobody new', async () => {
    const ack = Promise.withResolvers<PublishOutcome>();
    intake.world.publish = () => ack.promise;
    const line = dial();
    line.socket.write(whole(1));
    await eventually(() => intake.published.length === 1, { what: 'the publish' });
    let drained = false;
    const done = intake.server.drain(10_000).then(() => {
      drained = true;
    });
    const late = dial();
    await eventually(() => late.ended, { what: 'the refusal of a new connection' });
    expect(drained).toBe(false);
    ack.resolve(ACKNOWLEDGED);
    await done;
    // The server has closed it; what it wrote may still be on its way.
    await eventually(() => line.ended, { what: 'the end of the connection' });
    expect(line.received).toContain('HTTP/1.1 201');
    expect(line.received).toContain('"state":"received"');
  });

  it('ends kept connections with their next answer', async () => {
    intake.world.draining = true;
    const line = dial();
    line.socket.write(whole(1));
    await eventually(() => line.ended, { what: 'the end of the connection' });
    expect(line.received).toMatch(/HTTP\/1\.1 201[\s\S]*Connection: close/);
  });

  it('cuts what does not end in time', async () => {
    intake.world.publish = () => new Promise(() => undefined);
    const line = dial();
    line.socket.write(whole(1));
    await eventually(() => intake.published.length === 1, { what: 'the publish' });
    await intake.server.drain(50);
    await eventually(() => line.ended, { what: 'the cut' });
  });
});
