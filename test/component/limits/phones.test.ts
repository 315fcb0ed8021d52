/** Connections as phones make them, on real sockets: idle, slow, pipelined, half closed. Citizens are served meanwhile. */
import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { bodyOf, calmGuard, type ServedIntake, startTestIntake } from '../../helpers/intake.ts';
import { answered, answers, dial as dialTo, type Line } from '../../helpers/line.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const PLACES = 500;
let intake: ServedIntake;
let lines: Line[] = [];
beforeEach(async () => {
  intake = await startTestIntake(calmGuard(), [], PLACES);
});
afterEach(async () => {
  for (const { socket } of lines) socket.destroy();
  lines = [];
  await intake.stop();
});

const dial = (): Line => {
  const line = dialTo(intake.port);
  lines.push(line);
  return line;
};
const GET = 'GET /api/v1/campaigns/test-campaign HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (index: number): string => {
  const body = JSON.stringify(bodyOf(index));
  return (
    `POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
    `Idempotency-Key: 0123456789abcdef${index}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
};

let citizens = 0;
const registerOne = async (): Promise<void> => {
  citizens += 1;
  const line = dial();
  line.socket.write(post(citizens));
  await answered(line, 1, `the receipt of citizen ${citizens}`);
  expect(line.received).toContain('HTTP/1.1 201');
  line.socket.destroy();
};

describe('ten thousand idle connections', () => {
  it('never hold more than their places and memory, and citizens are served', async () => {
    const ROUNDS = 20;
    const memory = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed + process.memoryUsage().external;
    };
    let before = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const idle = Array.from({ length: PLACES }, dial);
      for (const { socket } of idle) socket.write(GET);
      await eventually(() => idle.every((line) => answers(line) > 0 || line.ended), {
        what: `answers of round ${round}`,
      });
      await registerOne();
      const kept = lines.filter(({ ended }) => !ended);
      await eventually(() => lines.filter(({ ended }) => !ended).length <= PLACES, { what: 'the end of the others' });
      lines = kept;
      if (round === 1) before = memory();
    }
    // Both ends are in this process: 9,000 more leave less than two kilobytes each, and the answers that the test keeps.
    await eventually(() => memory() - before < 32 * 1_024 * 1_024, { what: 'the memory of closed connections' });
  });
});

describe('slow clients', () => {
  it.each([
    ['heads', 'POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a'],
    ['bodies', post(1).slice(0, -100), ' '],
  ])('that drip their %s are cut in bounded time, and citizens are served meanwhile', async (_name, start, drop) => {
    const slow = Array.from({ length: PLACES / 2 }, dial);
    for (const { socket } of slow) socket.write(start);
    const drip = setInterval(() => {
      for (const { socket, ended } of slow) if (!ended) socket.write(drop);
    }, 100);
    try {
      await eventually(
        async () => {
          await registerOne();
          return slow.every(({ ended }) => ended);
        },
        { what: 'the end of all slow clients' },
      );
    } finally {
      clearInterval(drip);
    }
  });
});

describe('a client that sends 1,200 requests without waiting', () => {
  it('gets a thousand answers, and 503 to the rest; others are served', async () => {
    const line = dial();
    line.socket.write(GET.repeat(1_200));
    await registerOne();
    await answered(line, 1_200);
    const statuses = line.received.match(/HTTP\/1\.1 \d+/g) ?? [];
    expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 200', 'HTTP/1.1 503']));
    expect(statuses.slice(1_000)).toEqual(Array.from({ length: 200 }, () => 'HTTP/1.1 503'));
    line.socket.write(GET);
    await eventually(() => line.ended || answers(line) > 1_200, { what: 'an answer of 503, or the end' });
  });
});

describe('a client that ends its side after the request', () => {
  it('gets its answer', async () => {
    const line = dial();
    line.socket.end(post(5_000));
    await answered(line);
    expect(line.received).toContain('HTTP/1.1 201');
    await eventually(() => line.ended, { what: 'the end of the connection' });
  });
});

describe('a phone that left its network', () => {
  /** Local port, remote port, and the timer of each connection; 02 is that of TCP keep-alive. */
  const timers = (): readonly string[] =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .slice(1)
      .map((row) => row.trim().split(/\s+/))
      .filter(
        ([, local = '', , state]) =>
          state === '01' && local.endsWith(`:${intake.port.toString(16).toUpperCase().padStart(4, '0')}`),
      )
      .map(([, , , , , timer = '']) => timer.split(':')[0] ?? '');

  it('is asked for by the kernel while its connection is idle', async () => {
    // Other systems do not show it.
    if (!existsSync('/proc/net/tcp')) return;
    const line = dial();
    line.socket.write(GET);
    await answered(line);
    await eventually(() => timers().includes('02'), { what: 'the timer of keep-alive' });
  });
});
