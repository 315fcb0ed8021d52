import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PortPool } from '../../../local/free-ports.ts';
import { type Balancer, type BalancerLimits, type Endpoint, startBalancer } from '../../../local/processes/balancer.ts';
import { eventually } from '../../helpers/eventually.ts';

const host = '127.0.0.1';
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const backend = async (serve: (socket: Socket) => void): Promise<Endpoint> => {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  ends.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { host, port: address.port };
};

const named = (name: string): Promise<Endpoint> => backend((socket) => socket.end(name));

const balance = async (endpoints: () => readonly Endpoint[], limits?: BalancerLimits): Promise<Balancer> => {
  const balancer = await startBalancer(endpoints, limits);
  ends.push(() => balancer.close());
  return balancer;
};

const call = ({ port }: Balancer): Promise<string> => text(connect({ host, port }).end());

describe('a balancer', () => {
  it('goes round its endpoints', async () => {
    const endpoints = [await named('a'), await named('b'), await named('c')];
    const balancer = await balance(() => endpoints);
    const answers: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) answers.push(await call(balancer));
    expect(answers).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('goes on to the next when one refuses', async () => {
    const dead = { host, port: await new PortPool().take() };
    const endpoints = [dead, dead, await named('alive')];
    const balancer = await balance(() => endpoints);
    expect([await call(balancer), await call(balancer)]).toEqual(['alive', 'alive']);
  });

  it.each([
    ['there is no endpoint', []],
    ['every endpoint refuses', [1, 2]],
  ])('ends the connection at once when %s', async (_name, dead) => {
    const pool = new PortPool();
    const endpoints = await Promise.all(dead.map(async () => ({ host, port: await pool.take() })));
    await expect(call(await balance(() => endpoints))).rejects.toThrow(/ECONNRESET/);
  });

  it('keeps a connection whose endpoint has left', async () => {
    const echo = await backend((socket) => socket.pipe(socket));
    let endpoints: readonly Endpoint[] = [echo];
    const { port } = await balance(() => endpoints);
    const client = connect({ host, port });
    client.write('before ');
    await once(client, 'data');
    endpoints = [];
    client.write('after');
    const [data] = await once(client, 'data');
    expect(String(data)).toBe('after');
    client.destroy();
  });

  it('delivers an answer to a client that has said its last word', async () => {
    const echo = await backend((socket) => socket.pipe(socket));
    const { port } = await balance(() => [echo]);
    const client = connect({ host, port, allowHalfOpen: true });
    const sent = 'x'.repeat(4_000_000);
    client.end(sent);
    expect((await text(client)).length).toBe(sent.length);
  });

  it('delivers the whole answer to a client that reads more slowly than the backend ends', async () => {
    const sent = 16_000_000;
    const talker = await backend((socket) => socket.resume().end(Buffer.alloc(sent)));
    const { port } = await balance(() => [talker]);
    const client = connect({ host, port, allowHalfOpen: true });
    client.end();
    let received = 0;
    for await (const chunk of client) {
      received += chunk.length;
      await pause(1);
    }
    expect(received).toBe(sent);
  });

  it('reads no faster than the backend does', async () => {
    const taken: Socket[] = [];
    let received = 0;
    const slow = await backend((socket) => {
      taken.push(socket.pause());
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      socket.pause();
    });
    const { port } = await balance(() => [slow]);
    const client = connect({ host, port });
    // More than the buffers of three sockets hold.
    const sent = Buffer.alloc(64_000_000);
    client.write(sent);
    await eventually(() => taken.length > 0, {
      what: 'a call',
    });
    const [socket] = taken;
    let before = -1;
    await eventually(
      () => {
        const same = client.bytesWritten === before;
        before = client.bytesWritten;
        return same;
      },
      { what: 'the sender to stand still', everyMs: 100 },
    );
    expect(client.writableLength).toBeGreaterThan(0);
    expect(received).toBe(0);
    socket?.resume();
    await eventually(() => received === sent.length, { what: 'everything sent' });
    client.destroy();
  });

  it('ends the client when its backend is killed', async () => {
    const taken: Socket[] = [];
    const doomed = await backend((socket) => taken.push(socket));
    const { port } = await balance(() => [doomed]);
    const client = connect({ host, port });
    client.on('error', () => undefined);
    const closed = once(client, 'close');
    await eventually(() => taken.length > 0, {
      what: 'a call',
    });
    const [socket] = taken;
    socket?.resetAndDestroy();
    await closed;
  });

  it('closes a connection beyond its bound, and takes one again when another has ended', async () => {
    const echo = await backend((socket) => socket.pipe(socket));
    const balancer = await balance(() => [echo], { maxConnections: 1 });
    const first = connect({ host, port: balancer.port });
    first.write('first');
    await once(first, 'data');
    const second = text(connect({ host, port: balancer.port }).end('second')).catch(() => '');
    expect(await second).toBe('');
    first.write('still');
    const [still] = await once(first, 'data');
    expect(String(still)).toBe('still');
    first.destroy();
    await eventually(async () => (await text(connect({ host, port: balancer.port }).end('third'))) === 'third', {
      what: 'room for another connection',
    });
  });

  it('gives the place of the quietest connection to a new one', async () => {
    const echo = await backend((socket) => socket.pipe(socket));
    const balancer = await balance(() => [echo], { maxConnections: 2, quietMs: 0 });
    const dial = (): Socket => connect({ host, port: balancer.port }).on('error', () => undefined);
    const say = async (socket: Socket, word: string): Promise<string> => {
      socket.write(word);
      return String((await once(socket, 'data'))[0]);
    };
    const [quiet, talkative] = [dial(), dial()];
    const closed = once(quiet, 'close');
    await say(quiet, 'one');
    await say(talkative, 'two');
    expect(await say(dial(), 'three')).toBe('three');
    await closed;
    expect(await say(talkative, 'four')).toBe('four');
  });

  it.each([
    ['that may still speak', false],
    ['that has said its last word', true],
  ])('ends both sides when nothing moves for too long, of a client %s', async (_name, halfClosed) => {
    const taken: Socket[] = [];
    const silent = await backend((socket) => taken.push(socket.resume()));
    const { port } = await balance(() => [silent], { idleMs: 300 });
    const client = connect({ host, port });
    const closed = once(client.resume(), 'close');
    if (halfClosed) client.end();
    await closed;
    // Answers are refused once nobody is there to take them.
    await eventually(() => taken[0]?.write('late') === false || taken[0]?.destroyed, {
      what: 'the end of the backend’s connection',
    });
  });

  it('keeps a connection on which only the backend speaks', async () => {
    // Twice as long as a beat takes on a machine that stands still for two seconds.
    const idleMs = 4_000;
    const talker = await backend((socket) => {
      let beats = 0;
      const timer = setInterval(() => {
        beats += 1;
        if (beats < 12) socket.write('.');
        else socket.end();
      }, idleMs / 8);
      socket.once('close', () => clearInterval(timer));
    });
    const { port } = await balance(() => [talker], { idleMs });
    expect((await text(connect({ host, port }))).length).toBe(11);
  });
});
