/** Intakes whose clock is wrong, beside the whole product: real journal, real database, real processes. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { ENV } from '../../../contract/app-contract.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { type ManagedProcess, spawnManaged } from '../../../local/managed-process.ts';
import type { Stack } from '../../../local/stack.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { bodyOf } from '../../helpers/intake.ts';
import { queryOnce } from '../../helpers/postgres.ts';
import { isStackReady, stackCampaignYaml } from '../../helpers/with-stack.ts';
import { wrongClockOptions } from '../../helpers/wrong-clock.ts';

/** For a busy machine, and far less than any of the clocks is wrong. */
const THE_WAY_MS = 60_000;
const ended = new AbortController();
let dir: string;
let stack: Stack;
const extra: ManagedProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-clocks-'));
  stack = await startEmbedded({
    campaignYaml: stackCampaignYaml({ intake: { min: 1, max: 1, capacityPerReplica: 500 } }, Date.now()),
    stateDir: dir,
    signal: ended.signal,
    progress: () => undefined,
  });
  await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready' });
});
afterAll(async () => {
  for (const one of extra) one.kill('SIGKILL');
  for (const one of extra) await one.exited;
  ended.abort();
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Intake {
  readonly url: string;
  readonly adminUrl: string;
}

/** As the one that the operator has started, but for its clock. */
const startIntake = async (aheadSeconds: number): Promise<Intake> => {
  const id = stack.processes().find(({ role }) => role === 'intake')?.id;
  const environ = await readFile(`/proc/${id}/environ`, 'utf8');
  const entries = environ.split('\0').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  const [http, admin] = await freePorts(2, '127.0.0.1');
  const name = `wrong-${aheadSeconds}`;
  extra.push(
    spawnManaged({
      name,
      command: process.execPath,
      args: [join(import.meta.dirname, '../../../app/main.ts')],
      env: {
        ...Object.fromEntries(entries),
        [ENV.podName]: name,
        [ENV.portHttp]: String(http),
        [ENV.portAdmin]: String(admin),
        NODE_OPTIONS: wrongClockOptions(aheadSeconds),
      },
      logFile: join(dir, `${name}.log`),
    }),
  );
  const intake = { url: `http://127.0.0.1:${http}`, adminUrl: `http://127.0.0.1:${admin}` };
  await eventually(async () => (await request(`${intake.url}/api/v1/none`)).statusCode === 404, {
    what: `the intake ${name}`,
  });
  return intake;
};

const register = async (url: string, citizen: number, key: string) => {
  const { statusCode, body } = await request(`${url}/api/v1/registrations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(bodyOf(citizen)),
  });
  const answer: { receiptNo?: string; receivedAt?: string; code?: string } = JSON.parse(await body.text());
  return { status: statusCode, ...answer };
};

/** The first answer that is none of a pod that is busy, or that has just started. */
const registered = (url: string, citizen: number) => {
  const key = randomUUID();
  return eventually(
    async () => {
      const answer = await register(url, citizen, key);
      return answer.status !== 503 && { ...answer, status: answer.status === 200 ? 201 : answer.status };
    },
    { what: 'an answer' },
  );
};

describe('an intake whose clock is wrong', () => {
  it.each([-600, -7_200, 25_200, 600])('by %i s is not Ready, and what reaches it is judged rightly', async (ahead) => {
    const citizen = 100_000 + ahead;
    const first = await registered(stack.url, citizen);
    expect(first.status).toBe(201);

    const { url, adminUrl } = await startIntake(ahead);
    // It finds the journal first: until then it has other reasons not to be Ready.
    const wrong = `${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}`;
    const isKnown = async (): Promise<boolean> => {
      const ready = await request(`${adminUrl}/readyz`);
      expect(ready.statusCode).toBe(503);
      return (await ready.body.text()).includes(wrong);
    };
    await eventually(isKnown, { what: `an intake that is not Ready, ${wrong}` });

    const beforeMs = Date.now();
    const second = await registered(url, citizen);
    // Neither NOT_OPEN nor CLOSED: the window is of two hours. One clock on this machine: exact but for the way.
    expect(second.status).toBe(201);
    expect(Date.parse(second.receivedAt ?? '')).toBeGreaterThanOrEqual(beforeMs - THE_WAY_MS);
    expect(Date.parse(second.receivedAt ?? '')).toBeLessThanOrEqual(Date.now() + THE_WAY_MS);

    const superseded = await eventually(
      async () => {
        const rows = await queryOnce<{ receipt: string }>(
          stack.ledgerCheck.postgresUrl,
          'SELECT receipt FROM superseded_receipt WHERE receipt = ANY($1)',
          [[first.receiptNo, second.receiptNo]],
        );
        return rows.length === 1 && rows[0]?.receipt;
      },
      { what: 'one of both to be superseded' },
    );
    expect(superseded).toBe(second.receiptNo);
  });
});

it('are all Ready where clocks agree, and the status says so', async () => {
  const saysSo = (): void =>
    expect(stack.snapshot().conditions.find(({ type }) => type === 'ClocksAgree')).toMatchObject({
      status: 'True',
      reason: 'AllAgree',
    });
  await eventuallyHolds(saysSo, { what: 'clocks that agree' });
});
