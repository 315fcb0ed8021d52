/** A real database on a disk that is full: told as that until a commit comes through, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fillDisk, ontoSmallDisk } from '../helpers/database-outages.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { startRecordsWorker } from '../helpers/records-worker.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.remove());

describe('a database on a full disk', () => {
  it('is told as that until a commit comes through, and loses nothing', async () => {
    const umount = await ontoSmallDisk(postgres, 400);
    const worker = await startRecordsWorker(postgres, 'full');
    try {
      await worker.reaches('answers');
      worker.publish(300);
      await worker.drained();
      const back = await fillDisk(postgres);
      worker.publish(30_000);
      await worker.reaches('disk_full');
      await back();
      // Where the log had no room the server ended, as it should.
      await postgres.stop().catch(() => undefined);
      await postgres.restart();
      await worker.drained();
      await worker.reaches('answers');
      expect(await queryOnce(worker.url, 'SELECT count(*)::int AS n FROM registration')).toEqual([{ n: 30_300 }]);
    } finally {
      await worker.stop();
      await umount();
    }
  });
});
