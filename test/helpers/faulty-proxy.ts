/** A TCP proxy that fails on demand: what networks and load balancers do to long connections. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export class FaultyProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  readonly #server = createServer((client) => this.#accept(client));
  #refuses = false;
  /** Before every piece from the server. */
  delayMs = 0;

  constructor(target: URL) {
    this.#target = { host: target.hostname, port: Number(target.port) };
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
    return address.port;
  }

  /** Cuts every connection with RST; new ones pass. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Open connections stay open without traffic; new ones pass: like a balancer that lost its server. */
  halfKill(): void {
    for (const pair of this.#pairs) {
      pair.client.unpipe(pair.server);
      pair.server.removeAllListeners('close');
      pair.server.destroy();
    }
  }

  refuse(): void {
    this.#refuses = true;
    this.reset();
  }

  pass(): void {
    this.#refuses = false;
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    const pair = { client, server };
    this.#pairs.add(pair);
    server.on('error', () => client.destroy());
    client.pipe(server);
    server.on('data', (chunk: Buffer) => {
      if (this.delayMs === 0) client.write(chunk);
      else setTimeout(() => client.write(chunk), this.delayMs);
    });
    server.on('close', () => client.destroy());
    client.on('close', () => {
      server.destroy();
      this.#pairs.delete(pair);
    });
  }
}
