/** The probes of a real PostgreSQL that is frozen, out of connections, refuses the password, recovers or is gone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askDatabase, startProbeServer } from '../../../app/store/probe.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { fillSlots, freeze } from '../../helpers/database-outages.ts';
import { eventuallyHolds } from '../../helpers/eventually.ts';
import { startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';

let postgres: TestPostgres;
let probe: Listening;
beforeAll(async () => {
  postgres = await startTestPostgres();
  probe = await startProbeServer(() => askDatabase({ connectionString: postgres.adminUrl }), '127.0.0.1', 0);
});
afterAll(async () => {
  await probe?.close();
  await postgres?.remove();
});

const ask = async (): Promise<readonly number[]> => {
  const answers = await Promise.all(['live', 'ready'].map((path) => fetch(`http://127.0.0.1:${probe.port}/${path}`)));
  return answers.map(({ status }) => status);
};

/** Soon: an answer that takes longer than the probe waits is none, and the kubelet asks again. */
const pass = (): Promise<void> =>
  eventuallyHolds(async () => expect(await ask()).toEqual([200, 200]), { what: 'probes that pass' });

describe('the probes of a database', () => {
  it('pass while it answers', async () => {
    await pass();
  });

  it('fail while it is frozen, although its port is open, and pass again', async () => {
    const thaw = await freeze(postgres);
    try {
      expect(await ask()).toEqual([503, 503]);
    } finally {
      await thaw();
    }
    await pass();
  });

  it('pass while ordinary users have every connection', async () => {
    const release = await fillSlots(await postgres.ensureDatabase('probed', 'voucher'));
    try {
      // Those that were just refused still hold a place for a moment.
      await pass();
    } finally {
      await release();
    }
  });

  it('do not kill a server for a refusal: only no answer at all does that', async () => {
    const wrong = new URL(postgres.adminUrl);
    wrong.password = 'another';
    const nowhere = postgres.adminUrl.replace(/postgres$/, 'nowhere');
    for (const [connectionString, found] of [
      [wrong.href, 'well'],
      [nowhere, 'refuses'],
    ] as const) {
      await eventuallyHolds(async () => expect(await askDatabase({ connectionString })).toBe(found), { what: found });
    }
  });

  it('fail while it is gone, and pass after its recovery', async () => {
    await postgres.kill();
    expect(await ask()).toEqual([503, 503]);
    await postgres.restart();
    await pass();
  });
});
