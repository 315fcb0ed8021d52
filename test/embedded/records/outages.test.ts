/** What a records process finds while its real database is frozen, full, out of connections or refuses it, and afterwards. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createReceiptStore } from '../../../app/store/receipts.ts';
import { changePassword, fillSlots, freeze, setReadOnly, type WayBack } from '../../helpers/database-outages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { receiptOf } from '../../helpers/records.ts';
import { type RecordsWorker, startRecordsWorker } from '../../helpers/records-worker.ts';

const never = new AbortController().signal;

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.remove());

let worker: RecordsWorker | undefined;
let wayBack: WayBack | undefined;
afterEach(async () => {
  await wayBack?.();
  wayBack = undefined;
  await worker?.stop();
  worker = undefined;
});

const started = async (campaignId: string) => {
  worker = await startRecordsWorker(postgres, campaignId);
  await worker.reaches('answers');
  worker.publish(300);
  await worker.drained();
  return worker;
};

const back = async (): Promise<void> => {
  await wayBack?.();
  wayBack = undefined;
};

describe('a frozen database', () => {
  it('is seen while nothing comes, and goes on by itself', async () => {
    const { reaches, publish, drained } = await started('frozen-idle');
    wayBack = await freeze(postgres);
    await reaches('silent');
    await back();
    await reaches('answers');
    publish(300);
    await drained();
  });

  it('is seen while commits are under way, citizens are answered meanwhile, and no row is lost', async () => {
    const { reaches, publish, drained, url } = await started('frozen-busy');
    const receipts = createReceiptStore({ connectionString: url, campaignId: 'frozen-busy' });
    publish(20_000);
    wayBack = await freeze(postgres);
    await reaches('silent');
    expect(await receipts.find(receiptOf('1-1'), never)).toEqual({ kind: 'unavailable' });
    await back();
    await reaches('answers');
    await drained();
    expect(await queryOnce(url, 'SELECT count(*)::int AS n FROM registration')).toEqual([{ n: 20_300 }]);
    await eventually(async () => (await receipts.find(receiptOf('1-1'), never)).kind === 'found', {
      what: 'the receipt',
    });
    await receipts.close();
  });

  it('does not hold a process that must end', async () => {
    const { publish, reaches, stop } = await started('frozen-end');
    publish(20_000);
    wayBack = await freeze(postgres);
    await reaches('silent');
    const ending = stop();
    worker = undefined;
    await eventually(() => ending.then(() => true), { what: 'the end of the process' });
  });
});

describe('a database without a free connection', () => {
  it('is told as that, also when the superuser still gets in', async () => {
    const { reaches, publish, drained, url } = await started('slots');
    await queryOnce(postgres.adminUrl, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      'slots',
    ]);
    wayBack = await fillSlots(url);
    await reaches('connections');
    // Connections that were just refused still hold a place for a moment.
    await eventually(async () => (await queryOnce(postgres.adminUrl, 'SELECT 1 AS one')).length === 1, {
      what: 'the superuser to get in',
    });
    publish(300);
    await back();
    await reaches('answers');
    await drained();
  });
});

describe('a database that takes no writes', () => {
  it('is told as read-only', async () => {
    const { reaches, publish, drained } = await started('readonly');
    wayBack = await setReadOnly(postgres);
    await reaches('read_only');
    publish(100);
    await back();
    await reaches('answers');
    await drained();
  });
});

describe('a database that refuses the user', () => {
  it('is told as that', async () => {
    const { reaches } = await started('refused');
    wayBack = await changePassword(postgres, 'voucher');
    await reaches('credentials');
    await back();
    await reaches('answers');
  });
});

describe('a database that lost its tables', () => {
  it('is told as that', async () => {
    const { reaches, url } = await started('tables');
    await queryOnce(url, 'DROP TABLE registration');
    await reaches('missing');
  });
});

describe('a database that is gone', () => {
  it('is told as that, and as well again after its recovery', async () => {
    const { reaches, publish, drained } = await started('gone');
    publish(5_000);
    await postgres.kill();
    wayBack = () => postgres.restart();
    await reaches('unreachable');
    await back();
    await reaches('answers');
    await drained();
  });
});
