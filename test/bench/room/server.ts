/**
 * A server for the bench of the waiting room, a process of its own: an intake between fakes (`room`), Express with the same answer on the
 * intake's server, which bounds its connections (`express`), or on a plain one (`plain`). Its parent asks for its memory after a garbage collection.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import express from 'express';
import { listen } from '../../../app/http/server.ts';
import { createIntake } from '../../../app/intake/create-intake.ts';
import { createFakeQueue } from '../../helpers/fake-queue.ts';
import { NOW_MS, settingsOf, testIntakeDeps } from '../../helpers/intake.ts';

const PATH = '/api/v1/queue/serving';
const SHUFFLE = { seed: '0'.repeat(64), count: 0 };

const settings = settingsOf({
  traffic: {
    admissionPerSecond: 1_000,
    intakePods: 1,
    burstSeconds: 1,
    waitingRoom: { enabled: true, preQueueMinutes: 30 },
  },
});

/** Without the check of each answer that tests have. */
const room = (): RequestListener => {
  const queue = createFakeQueue();
  queue.shuffled(SHUFFLE);
  queue.pace({ base: 0, ratePerSecond: 0, since: new Date(NOW_MS).toISOString() });
  return createIntake({ ...testIntakeDeps(), queue, settings: { current: () => settings } });
};

const rival = (): RequestListener => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get(PATH, (_request, response) => {
    response.set('Cache-Control', 'public, max-age=1');
    const asOf = new Date().toISOString();
    response.json({
      serving: 184_220,
      ratePerSecond: 2_000,
      asOf,
      mode: 'queueing',
      pollAfterSeconds: 20,
      shuffle: SHUFFLE,
    });
  });
  return app;
};

const plainly = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};
const bounded = async (listener: RequestListener): Promise<number> => (await listen(listener, '127.0.0.1', 0)).port;

const portOf: Readonly<Record<string, () => Promise<number>>> = {
  room: () => bounded(room()),
  express: () => bounded(rival()),
  plain: () => plainly(rival()),
};
const [kind = 'room'] = process.argv.slice(2);
process.send?.({ port: await portOf[kind]?.() });

process.on('message', (message: { readonly ask: 'memory' }) => {
  if (message.ask !== 'memory') return;
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  process.send?.({ heapUsed: heapUsed + external + arrayBuffers, rss });
});
process.once('disconnect', () => process.exit());
