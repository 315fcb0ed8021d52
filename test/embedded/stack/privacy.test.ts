/** The whole product: one person is erased by command; later all keys are destroyed, and the intakes go on without any. */
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../../../contract/app-contract.ts';
import { eraseAnnotation } from '../../../contract/names.ts';
import { connectJournal } from '../../../journal/connection.ts';
import { createDestructionJournal } from '../../../journal/privacy/destruction-journal.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import type { Stack } from '../../../local/stack.ts';
import { eraseText } from '../../../operator/erasure/erase-commands.ts';
import { type Receipt, receiptOf, receiptState, registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { isStackReady, type StackCampaign, stackCampaignYaml } from '../../helpers/with-stack.ts';

const CAMPAIGN: StackCampaign = { intake: { min: 1, max: 1, capacityPerReplica: 500 } };
const manifest = z.looseObject({ metadata: z.looseObject({}) });

const ended = new AbortController();
let dir: string;
let yaml: string;
let stack: Stack;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-stack-'));
  yaml = stackCampaignYaml(CAMPAIGN, Date.now());
  stack = await startEmbedded({
    campaignYaml: yaml,
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

const registered = async (citizen: number): Promise<Receipt> => {
  const receipt = receiptOf(await registerPatiently(stack.url, citizen));
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
};
/** Undefined while no intake answers. */
const answerFor = (receipt: Receipt) => receiptState(stack.url, receipt).catch(() => undefined);
const becomes = (receipt: Receipt, state: string): Promise<true> =>
  eventually(
    async () => {
      const answer = await answerFor(receipt);
      return JSON.stringify(answer?.body ?? {}).includes(`"state":"${state}"`) ? true : undefined;
    },
    { what: `a receipt that is ${state}` },
  );

describe('personal data on the whole product', () => {
  it('of one person is erased with all receipts, and of another one is not', async () => {
    const [first, second, other] = [await registered(1), await registered(1), await registered(2)];
    await becomes(other, 'received');
    const campaign = manifest.parse(parse(yaml));
    const said = eraseText({ who: 'li.wei', at: new Date().toISOString(), reason: 'a test' });
    const annotations = { [eraseAnnotation(second.receiptNo)]: said };
    await stack.applyCampaign(stringify({ ...campaign, metadata: { ...campaign.metadata, annotations } }));
    await becomes(first, 'erased');
    await becomes(second, 'erased');
    await becomes(other, 'received');
  });

  it('is gone once all keys are destroyed: intakes restart without keys, and every receipt gets 410', async () => {
    const receipt = await registered(3);
    const { natsUrl, natsUser: user, natsPassword: password } = stack.ledgerCheck;
    const connection = await connectJournal({ urls: natsUrl.split(','), user, password }, 'test', ended.signal);
    const destruction = createDestructionJournal(connection);
    const at = new Date().toISOString();
    await patiently('the destruction', () => destruction.destroyKeys(stack.campaignId, at, ended.signal));
    await connection.close();
    for (const key of globSync('secrets/*/voucher-privacy/*.key', { cwd: dir })) await rm(join(dir, key));

    const isGone = async (): Promise<boolean> => (await answerFor(receipt))?.status === 410;
    await eventually(isGone, { what: 'the answer 410' });
    const intakeLogs = async (): Promise<string> => {
      const files = globSync('**/*intake*.log', { cwd: dir });
      return (await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))).join('');
    };
    await eventually(async () => (await intakeLogs()).includes('restarting without keys'), { what: 'a restart' });
    const keysInPods = async (): Promise<readonly string[]> =>
      (await stack.metrics())
        .filter(({ name }) => name.includes('intake'))
        .flatMap(({ text }) => new RegExp(`^${METRICS.privacyKeys} (\\d+)$`, 'm').exec(text)?.[1] ?? []);
    await eventually(async () => isStackReady(stack) && (await isGone()) && (await keysInPods()).join() === '0', {
      what: 'an intake that has started without keys',
    });
  });
});
