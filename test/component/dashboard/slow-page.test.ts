/** A page that does not read for a while: nothing is queued for it, and it gets the newest state as soon as it reads again. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, it } from '@jest/globals';
import { startDashboardServer } from '../../../cli/dashboard/server.ts';
import { eventually } from '../../helpers/eventually.ts';

/** More than the buffers of a socket on loopback hold. */
const STATES = 60;
const FILLING = 'x'.repeat(1_000_000);

it('is left out, and ends with the last state that there was', async () => {
  let state = 0;
  const server = await startDashboardServer({
    port: 0,
    look: { language: 'en', isWall: false },
    assets: new Map(),
    view: () => ({
      shape: 's',
      charts: [],
      offsetSeconds: 0,
      parts: { figures: `state ${state};`, filling: FILLING + state },
      data: [],
    }),
  });
  try {
    const call = request(`${server.url}events`);
    call.end();
    const [page] = (await once(call, 'response')) as [IncomingMessage];
    page.pause();
    for (state = 1; state < STATES; state += 1) {
      server.publish();
      await new Promise((resolve) => setImmediate(resolve));
    }
    state = STATES;
    server.publish();
    let seen = '';
    page.on('data', (chunk) => {
      seen += String(chunk).replaceAll(/x{2,}/g, '');
    });
    page.resume();
    await eventually(() => seen.includes(`state ${STATES};`), { what: 'the last state' });
    // The others were not kept for it.
    expect(seen.match(/state \d+;/g)?.length).toBeLessThan(STATES);
    call.destroy();
  } finally {
    await server.close();
  }
});
