/**
 * What the kubelet asks instead of the database's port: the kernel takes connections for a server that is frozen, recovering
 * or out of connections.
 *
 * | the database answers a login and SELECT 1 with       | /live | /ready |
 * |------------------------------------------------------|-------|--------|
 * | a row                                                | 200   | 200 |
 * | a refusal of the password: it read its own accounts  | 200   | 200 |
 * | starting, recovering, no free connection, any other error of its own | 200 | 503 |
 * | nothing in time, or no connection                    | 503   | 503 |
 *
 * Only what a restart may mend fails `/live`. The login is the superuser's, for whom the server keeps connections free.
 */
import type { RequestListener } from 'node:http';
import { Client, type ClientConfig } from 'pg';
import { systemClock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type Listening, send, serve } from '../../runtime/small-server.ts';
import { codeOf } from './trouble.ts';

export type Answer = 'well' | 'refuses' | 'silent';

/** Below the kubelet's own bound of 5 s. */
const ANSWER_WITHIN_MS = 4_000;
const SQLSTATE = /^[0-9A-Z]{5}$/;
const LOGIN_REFUSED = /^28/;

/** A login of its own each time: only a new one shows that the server takes any. Never rejects. */
export const askDatabase = async (access: ClientConfig, withinMs = ANSWER_WITHIN_MS): Promise<Answer> => {
  const client = new Client({ ...access, application_name: 'voucher-probe', connectionTimeoutMillis: withinMs });
  client.on('error', () => undefined);
  const ask = async (): Promise<Answer> => {
    try {
      await client.connect();
      await client.query('SELECT 1');
      return 'well';
    } catch (error) {
      const code = codeOf(error);
      // The driver's EPIPE has five letters too.
      if (!SQLSTATE.test(code) || code === 'EPIPE') return 'silent';
      return LOGIN_REFUSED.test(code) ? 'well' : 'refuses';
    }
  };
  try {
    return await within(systemClock, withinMs, undefined, ask);
  } catch {
    return 'silent';
  } finally {
    // Of a frozen server it would wait for the goodbye.
    client.end().catch(() => undefined);
    client.connection.stream.destroy();
  }
};

/**
 * Several questions at once get one answer: probes must not use up the database's connections. A connection that asks
 * nothing gives way: the kubelet that finds none free would restart a database that is well.
 */
export const startProbeServer = (ask: () => Promise<Answer>, host: string, port: number): Promise<Listening> => {
  let underWay: Promise<Answer> | undefined;
  const answer = (): Promise<Answer> => {
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
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
