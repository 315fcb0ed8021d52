/** What the SDK of a peer does to the process must not reach other tests. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bind } from '../../../runtime/bind.ts';
import { AlipaySdk } from '../../helpers/alipay-sdk.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('the SDK of Alipay', () => {
  it('leaves sockets as they are: one error ends two of them', async () => {
    expect(AlipaySdk).toEqual(expect.any(Function));
    const server = createServer((socket) => socket.on('error', () => undefined));
    servers.push(server);
    const port = await bind(server, { host: '127.0.0.1', port: 0 });
    const sockets: Socket[] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    const errors = sockets.map((socket) => once(socket, 'error'));
    const error = new Error('both');
    for (const socket of sockets) socket.destroy(error);
    expect((await Promise.all(errors)).flat()).toEqual([error, error]);
  });
});
