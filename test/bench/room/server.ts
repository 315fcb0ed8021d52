/**
 * A server for the bench of the waiting room, a process of its own: an intake between fakes (`room`), or Express with the same answer
 * (`express`). Its parent asks for its memory after a garbage collection, and sets the pace.
 */
import express from 'express';
import { calmGuard, NOW_MS, settingsOf, startTestIntake } from '../../helpers/intake.ts';

const PATH = '/api/v1/queue/serving';
const SHUFFLE = { seed: '0'.repeat(64), count: 0 };

const startRoom = async (): Promise<number> => {
  const { world, port } = await startTestIntake(calmGuard(1_000_000));
  world.queue.shuffled(SHUFFLE);
  world.queue.pace({ base: 0, ratePerSecond: 0, since: new Date(NOW_MS).toISOString() });
  const waitingRoom = { enabled: true, preQueueMinutes: 30 };
  world.settings = settingsOf({
    traffic: { admissionPerSecond: 1_000, intakePods: 1, burstSeconds: 1, waitingRoom },
  });
  return port;
};

const startRival = (): Promise<number> => {
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
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
};

const [kind = 'room'] = process.argv.slice(2);
process.send?.({ port: await (kind === 'express' ? startRival() : startRoom()) });

process.on('message', (message: { readonly ask: 'memory' }) => {
  if (message.ask !== 'memory') return;
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  process.send?.({ heapUsed: heapUsed + external + arrayBuffers, rss });
});
process.once('disconnect', () => process.exit());
