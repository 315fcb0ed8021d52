/** The database's probe while others hold connections to it: the kubelet's must get through, or a database that is well is restarted. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startProbeServer } from '../../../app/store/probe.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { eventually } from '../../helpers/eventually.ts';

let probe: Listening;
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
  probe = await startProbeServer(async () => 'well', '127.0.0.1', 0);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await probe.close();
});

const hold = async (count: number, says: string): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    const socket = connect(probe.port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(says);
  }
};

const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${probe.port}/live`)).status === 200;

describe('the probe of a database', () => {
  it.each([
    ['say nothing', ''],
    ['never end their head', 'GET /live HTTP/1.1\r\nHost: a\r\n'],
    ['have had their answer', 'GET /live HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['never end their body', 'POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'],
  ])('answers the kubelet while a hundred connections %s', async (_, says) => {
    await hold(100, says);
    expect(await eventually(answers, { what: 'an answer' })).toBe(true);
  });
});
