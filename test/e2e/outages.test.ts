/** Outages of the data plane on a real cluster: each shows in a condition of its own, with an event, and goes away by itself. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { databaseDiskFull, databaseFrozen, databaseOutOfConnections } from '../helpers/outages/database.ts';
import { journalAccountGone } from '../helpers/outages/journal-account.ts';
import { shown } from '../helpers/outages/shown.ts';
import { type Platform, startPlatform } from '../helpers/platform.ts';

jest.setTimeout(600_000);

let platform: Platform;
beforeAll(async () => {
  const never = new AbortController().signal;
  platform = await startPlatform(SHARED_CLUSTER, {}, never, (line) => process.stderr.write(`${line}\n`));
});
afterAll(() => platform?.stop());

describe('an account that goes away under an open campaign', () => {
  it('is judged by the intakes’ own publishes: not accepting, not Ready, while the operator’s view is durable', async () => {
    const seen = await journalAccountGone(platform, 11);
    shown('the journal account is gone', seen);
    expect(seen).toMatchObject({
      condition: { status: 'False', reason: 'CredentialsRefused' },
      ready: { status: 'False', reason: 'PublishesFail' },
      durable: { status: 'True' },
      records: { status: 'False', reason: 'JournalNotRead' },
      afterwards: { status: 'True', reason: 'Accepting' },
    });
    expect(seen.condition.message).toContain('dataPlane.embedded.campaigns');
  });
});

describe('a database', () => {
  it.each([
    ['frozen', databaseFrozen, 'DatabaseSilent', 12],
    ['out of connections', databaseOutOfConnections, 'OutOfConnections', 13],
    ['on a full disk', databaseDiskFull, 'DiskFull', 14],
  ] as const)(
    'that is %s is told with reason and remedy, and citizens read the truth',
    async (how, play, reason, seed) => {
      const seen = await play(platform, seed);
      shown(`the database is ${how}`, seen);
      expect(seen).toMatchObject({
        condition: { status: 'False', reason },
        citizenReads: { state: 'received', confirmed: false, database: 'unavailable' },
        afterwards: { status: 'True', reason: 'Available' },
        citizenReadsAfterwards: { confirmed: true },
      });
      expect(seen.condition.message).toContain('Registrations go on');
    },
  );
});
