/** An app of straw: probes on the admin port, one answer on the http port, drains on SIGTERM as the real one does. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

const { env } = process;
const host = env['VOUCHER_HOST'];
let draining = false;
let sick = false;

const listen = (server: Server, port: string | undefined): void => {
  if (port !== undefined) server.listen(Number(port), host);
};

const admin = createServer((request, response) => {
  const live = request.url === '/livez';
  response.statusCode = (live ? sick : draining || sick) ? 503 : 200;
  response.end();
});

const work = createServer((request, response) => {
  if (draining) response.setHeader('connection', 'close');
  switch (request.url) {
    case '/crash':
      process.exit(3);
      break;
    case '/sick':
      sick = true;
      response.end();
      break;
    case '/secret':
      response.end(readFileSync(join(env['VOUCHER_PRIVACY_DIR'] ?? '', 'citizen.key')));
      break;
    case '/config':
      response.end(readFileSync(join(env['VOUCHER_CONFIG_DIR'] ?? '', 'config.json')));
      break;
    case '/slow':
      setTimeout(() => response.end('slow'), 300);
      break;
    case '/env':
      response.end(JSON.stringify(env));
      break;
    default:
      response.end(env['POD_NAME']);
  }
});

listen(admin, env['PORT_ADMIN']);
listen(work, env['PORT_HTTP']);

process.once('SIGTERM', () => {
  draining = true;
  work.close(() => process.exit(0));
  work.closeIdleConnections();
});
