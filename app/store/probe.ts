/**
 * Answers the kubelet's probes in place of the database's port, because the kernel accepts connections for a server that is frozen,
 * recovering or out of connections.
 *
 * | the database answers a login and SELECT 1 with       | /live | /ready |
 * |------------------------------------------------------|-------|--------|
 * | a row                                                | 200   | 200 |
 * | a refusal of the password: it works                  | 200   | 200 |
 * | starting, recovering, no free connection, any other error | 200 | 503 |
 * | nothing in time, or no connection                    | 503   | 503 |
 *
 * `/live` fails only where a restart may help. The login is the superuser's, for whom the server reserves connections.
 */
import type { RequestListener } from 'node:http';
import { Client, type ClientConfig } from 'pg';
import { shared } from '../../runtime/at-most.ts';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type Listening, send, serve } from '../../runtime/small-server.ts';
import { codeOf } from './trouble.ts';

export type Answer = 'well' | 'refuses' | 'silent';

/** Below the kubelet's own bound of 5 s. */
const ANSWER_WITHIN_MS = 4_000;
const SQLSTATE = /^[0-9A-Z]{5}$/;
const LOGIN_REFUSED = /^28/;

/** A new login each time, because only that shows that the server accepts any. Never rejects. */
export const askDatabase = async (access: ClientConfig): Promise<Answer> => {
  const connectionTimeoutMillis = ANSWER_WITHIN_MS;
  const client = new Client({ ...access, application_name: 'voucher-probe', connectionTimeoutMillis });
  client.on('error', () => undefined);
  const ask = async (): Promise<Answer> => {
    try {
      await client.connect();
      await client.query('SELECT 1');
      return 'well';
    } catch (error) {
      const code = codeOf(error);
      // The driver's EPIPE also has five letters.
      if (!SQLSTATE.test(code) || code === 'EPIPE') return 'silent';
      return LOGIN_REFUSED.test(code) ? 'well' : 'refuses';
    }
  };
  try {
    return await within(systemClock, ANSWER_WITHIN_MS, undefined, ask);
  } catch {
    return 'silent';
  } finally {
    // end() alone would wait for a frozen server.
    client.end().catch(() => undefined);
    client.connection.stream.destroy();
  }
};

/**
 * Concurrent probes share one answer, so that they do not use up the database's connections.
 */
export const startProbeServer = (ask: () => Promise<Answer>, host: string, port: number): Promise<Listening> => {
  const answer = shared(ask);
  const listener: RequestListener = ({ url }, response) => {
    if (url !== '/live' && url !== '/ready') return send(response, 404, 'there are /live and /ready\n');
    const isGood = (found: Answer): boolean => found === 'well' || (url === '/live' && found === 'refuses');
    answer().then(
      (found) => send(response, isGood(found) ? 200 : 503, `${found}\n`),
      () => response.destroy(),
    );
  };
  return serve(listener, host, port);
};
