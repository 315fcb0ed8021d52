/**
 * The saboteur: answers one POST as the intake would, with a receipt that is made up, and forwards it to nobody. An
 * ledger check that does not find it is worth nothing.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const invented = (): string => Array.from({ length: 26 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');

export interface LyingServer {
  readonly url: string;
  /** How often it has lied: 0 or 1. */
  lies(): number;
  close(): Promise<void>;
}

export const startLyingServer = async (): Promise<LyingServer> => {
  let lies = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      if (request.method !== 'POST' || lies > 0) {
        response.writeHead(503, { 'retry-after': '1' }).end();
        return;
      }
      lies += 1;
      const receiptNo = invented();
      response.writeHead(201, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          receiptNo,
          receiptSecret: invented(),
          state: 'received',
          receivedAt: new Date().toISOString(),
          statusUrl: `/api/v1/registrations/${receiptNo}`,
        }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lies: () => lies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
