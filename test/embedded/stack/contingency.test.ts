/** Contingency levels on the whole product, while citizens come. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { startEmbedded } from '../../../local/embedded.ts';
import type { Stack } from '../../../local/stack.ts';
import { receiptOf, receiptState, register } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type SteadyCrowd, startSteadyCrowd } from '../../helpers/steady-crowd.ts';
import { isStackReady, type StackCampaign, sayOnStack, stackCampaignYaml } from '../../helpers/with-stack.ts';

const title = { 'zh-CN': '应急', en: 'Contingency' };
const CAMPAIGN: StackCampaign = {
  intake: { min: 2, max: 2, capacityPerReplica: 500 },
  // Its crowd gives up at once: the places would stay unused.
  waitingRoom: { enabled: false },
  levels: [
    { name: 'narrow-door', title, effect: { admissionPerSecond: 4 } },
    { name: 'more-time', title, effect: { extendClosing: '2h' } },
    {
      name: 'page',
      title,
      trigger: { signal: 'ShedPercent', atLeast: 60, heldFor: '5s' },
      // Long enough for what is asked while it is there, on a busy machine too.
      back: { when: 'After', after: '20s' },
      effect: { staticPage: { text: { 'zh-CN': '稍后再来', en: 'Come again later' }, retryAfterSeconds: 5 } },
    },
  ],
};
const ON = 'on by li.wei until stopped: a test';

const ended = new AbortController();
let dir: string;
let stack: Stack;
let crowd: SteadyCrowd;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-stack-'));
  stack = await startEmbedded({
    campaignYaml: stackCampaignYaml(CAMPAIGN, Date.now()),
    stateDir: dir,
    signal: ended.signal,
    progress: () => undefined,
  });
  await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready' });
  crowd = startSteadyCrowd(stack.url, 20, { patienceMs: 1 });
});
afterAll(async () => {
  await crowd?.stop();
  ended.abort();
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

const say = (said: Readonly<Record<string, string>>) => sayOnStack(stack, CAMPAIGN, said);
const inForce = (...names: readonly string[]) =>
  eventually(() => JSON.stringify(stack.snapshot().contingency) === JSON.stringify(names), {
    what: `[${names}] to be in force`,
  });
const answers = (code: string): number => crowd.counts.answers[code] ?? 0;
/** As many of the crowd's next answers as make it sure that both pods gave one. */
const next = async (code: string, count = 10): Promise<void> => {
  const from = answers(code);
  await eventually(() => answers(code) >= from + count, { what: `${count} answers ${code}` });
};
const page = async (path: string) => {
  const { statusCode, body } = await request(`${stack.url}${path}`, { reset: true });
  return { status: statusCode, text: await body.text() };
};

describe('a level by command, under load', () => {
  it('narrows the door, tells citizens how long, and opens it again', async () => {
    await next('201');
    expect(answers('ADMISSION_LIMITED')).toBe(0);
    await say({ 'narrow-door': ON });
    await inForce('narrow-door');
    const refused = await eventually(
      async () => {
        const answer = await register(stack.url, 900_001, randomUUID());
        // Not one that is refused because the machine is busy, nor by the page that follows.
        return (answer.body as { readonly code?: string }).code === 'ADMISSION_LIMITED' ? answer : undefined;
      },
      { what: 'a refusal by the narrow door' },
    );
    expect(refused).toMatchObject({
      retryAfter: expect.any(String),
      status: 503,
      body: { estimatedWaitSeconds: expect.any(Number) },
    });
    await say({});
    await inForce();
    const settled = async (): Promise<boolean> => {
      const before = answers('ADMISSION_LIMITED');
      await next('201', 20);
      return answers('ADMISSION_LIMITED') === before;
    };
    await eventually(settled, { what: 'twenty in a row to be let in' });
  });

  it('moves the closing for every citizen, and never back', async () => {
    const before = stack.snapshot().closesAtMs;
    const shown = async (): Promise<number> => {
      const { text } = await page(`/api/v1/campaigns/${stack.campaignId}`);
      return Date.parse(JSON.parse(text).window.closesAt);
    };
    await say({ 'more-time': ON });
    /** By both pods: new connections go round. */
    const isLater = async (): Promise<boolean> => {
      for (let look = 0; look < 4; look += 1) if ((await shown()) !== before + 7_200_000) return false;
      return true;
    };
    await eventually(isLater, { what: 'the later closing' });
    await say({});
    await inForce();
    await next('201', 20);
    expect(await isLater()).toBe(true);
    const extended = () => stack.events().filter(({ reason }) => reason === 'ClosingExtended');
    await eventually(() => extended().length > 0, { what: 'the event' });
    expect(extended()).toHaveLength(1);
  });
});

describe('a level by its trigger', () => {
  it('comes when most are sent away, answers from memory, and goes after its time', async () => {
    const receipt = await eventually(async () => receiptOf(await register(stack.url, 900_002, randomUUID())), {
      what: 'a receipt',
    });
    const from = stack.events().length;
    await say({ 'narrow-door': ON });
    await inForce('narrow-door', 'page');
    await next('REGISTRATION_PAUSED');
    expect(await page('/')).toMatchObject({ status: 503, text: expect.stringContaining('Come again later') });
    expect((await receiptState(stack.url, receipt)).body).toMatchObject({ state: 'received', confirmed: false });

    await say({});
    await inForce();
    await next('201');
    await eventually(async () => (await page('/')).status === 200, { what: 'the page of the level to go' });
    const allTold = (): readonly string[] =>
      stack
        .events()
        .slice(from)
        .filter(({ reason }) => reason.startsWith('Contingency'))
        .map(({ reason, message }) => `${reason} ${/narrow-door|page/.exec(message)?.[0]}`);
    await eventually(() => allTold().length >= 4, { what: 'four events' });
    const told = allTold();
    expect(told.slice(0, 2)).toEqual(['ContingencyStarted narrow-door', 'ContingencyStarted page']);
    expect(told.slice(2).toSorted()).toEqual(['ContingencyEnded narrow-door', 'ContingencyEnded page']);
  });
});
