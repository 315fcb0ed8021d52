/** The probes of a real PostgreSQL that is frozen, out of connections, refuses the password, recovers or is gone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askDatabase, startProbeServer } from '../../../app/store/probe.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { fillSlots, freeze } from '../../helpers/database-outages.ts';
import { eventually } from '../../helpers/eventually.ts';
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

describe('the probes of a database', () => {
  it('pass while it answers', async () => {
    expect(await ask()).toEqual([200, 200]);
  });

  it('fail while it is frozen, although its port is open, and pass again', async () => {
    const thaw = await freeze(postgres);
    try {
      expect(await ask()).toEqual([503, 503]);
    } finally {
      await thaw();
    }
    expect(await ask()).toEqual([200, 200]);
  });

  it('pass while ordinary users have every connection', async () => {
    const release = await fillSlots(await postgres.ensureDatabase('probed', 'voucher'));
    try {
      expect(await ask()).toEqual([200, 200]);
    } finally {
      await release();
    }
  });

  it('do not kill a server for a refusal: only no answer at all does that', async () => {
    const wrong = new URL(postgres.adminUrl);
    wrong.password = 'another';
    expect(await askDatabase({ connectionString: wrong.href })).toBe('well');
    expect(await askDatabase({ connectionString: postgres.adminUrl.replace(/postgres$/, 'nowhere') })).toBe('refuses');
  });

  it('fail while it is gone, and pass after its recovery', async () => {
    await postgres.kill();
    expect(await ask()).toEqual([503, 503]);
    await postgres.restart();
    await eventually(async () => (await ask()).every((status) => status === 200), { what: 'the recovery' });
  });
});
