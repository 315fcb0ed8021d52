/** The whole product on this machine: what one citizen, one admin and one bad day would see. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createAuditLog } from '../../../journal/audit-log.ts';
import { connectJournal } from '../../../journal/connection.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import { readDatabase } from '../../../local/ledger-check/read-database.ts';
import type { Stack } from '../../../local/stack.ts';
import { entriesOf } from '../../helpers/audit-play.ts';
import { type Answered, receiptOf, receiptState, registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { isStackReady, stackCampaignYaml } from '../../helpers/with-stack.ts';

const STARTED_AT_MS = Date.now();
const CAMPAIGN = { intake: { min: 2, max: 3, capacityPerReplica: 500 } };
const ended = new AbortController();
let dir: string;
let stack: Stack;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-stack-'));
  stack = await startEmbedded({
    campaignYaml: stackCampaignYaml(CAMPAIGN, STARTED_AT_MS),
    stateDir: dir,
    signal: ended.signal,
    progress: () => undefined,
  });
  await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready' });
});
afterAll(async () => {
  ended.abort();
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

const stateOf = async (answered: Answered): Promise<unknown> => {
  const receipt = receiptOf(answered);
  return receipt === undefined ? undefined : (await receiptState(stack.url, receipt)).body;
};

describe('a campaign that is open', () => {
  it('says so, with its journal proven to sync', async () => {
    const saysSo = (): void => {
      const { stage, conditions } = stack.snapshot();
      expect(stage).toBe('Open');
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'JournalDurable', status: 'True' }));
    };
    await eventuallyHolds(saysSo, { what: 'an open campaign with a durable journal' });
  });

  it('has a trail that begins with it', async () => {
    const { natsUrl, natsUser: user, natsPassword: password } = stack.ledgerCheck;
    const connection = await connectJournal({ urls: natsUrl.split(','), user, password }, 'auditor', ended.signal);
    try {
      const log = createAuditLog({ connection, replicas: 3 });
      const steps = await eventually(
        async () => {
          const entries = await entriesOf(log, stack.campaignId);
          return entries.length >= 2 ? entries.map((entry) => entry?.step) : undefined;
        },
        { what: 'two entries' },
      );
      expect(steps).toEqual(['campaign_created', 'campaign_opened']);
    } finally {
      await connection.close();
    }
  });

  it('gives a receipt that turns into a row', async () => {
    const answered = await registerPatiently(stack.url, 1);
    const confirmed = await eventually(
      async () => {
        const body = await stateOf(answered);
        return (body as { confirmed?: boolean }).confirmed === true ? body : undefined;
      },
      { what: 'the row' },
    );
    expect(confirmed).toMatchObject({ state: 'received', channel: 'wechat', category: 'dining' });
  });

  it('lets one registration stand for a person with three receipts, while a journal server is killed', async () => {
    const nats = stack.processes().find(({ role }) => role === 'nats');
    const same = randomUUID();
    const sending = [randomUUID(), randomUUID(), same, same, same].map((key) => registerPatiently(stack.url, 2, key));
    if (nats !== undefined) stack.kill(nats);
    const answers = await Promise.all(sending);
    const receipts = new Set(answers.map((answered) => receiptOf(answered)?.receiptNo));
    expect(receipts.size).toBe(3);
    const isSettled = async (): Promise<boolean> => {
      const bodies = await Promise.all(answers.map(stateOf));
      return bodies.every((body) => (body as { confirmed?: boolean }).confirmed === true);
    };
    await eventually(isSettled, { what: 'every receipt to resolve' });
    const { registrations, superseded } = await readDatabase(stack.ledgerCheck, stack.campaignId, ended.signal);
    expect(registrations.filter(({ receipt }) => receipts.has(receipt))).toHaveLength(1);
    expect(superseded.filter(({ receipt }) => receipts.has(receipt))).toHaveLength(2);
  });

  it('shows an edited title within seconds, without a restart', async () => {
    const ids = () =>
      stack
        .processes()
        .filter(({ role }) => role === 'intake')
        .map(({ id }) => id);
    const before = ids();
    await stack.applyCampaign(stackCampaignYaml({ ...CAMPAIGN, titleEn: 'Edited' }, STARTED_AT_MS));
    await eventually(
      async () => {
        const response = await request(`${stack.url}/api/v1/campaigns/${stack.campaignId}`, { reset: true });
        return JSON.stringify(await response.body.json()).includes('Edited');
      },
      { what: 'the new title' },
    );
    expect(ids()).toEqual(before);
  });

  it('refuses an edit of what may no longer change', async () => {
    const changed = stackCampaignYaml(CAMPAIGN, STARTED_AT_MS).replace(/opensAt: .*/, 'opensAt: 2031-01-01T00:00:00Z');
    await expect(stack.applyCampaign(changed)).rejects.toThrow('opensAt');
  });

  it('replaces an intake that is killed', async () => {
    const killed = stack.processes().find(({ role }) => role === 'intake');
    if (killed !== undefined) stack.kill(killed);
    const intakes = () => stack.processes().filter(({ role }) => role === 'intake');
    const isReplaced = (): boolean => intakes().length === 2 && intakes().every(({ id }) => id !== killed?.id);
    await eventually(() => isReplaced() && isStackReady(stack), {
      what: 'another intake',
    });
    await registerPatiently(stack.url, 3);
  });
});
