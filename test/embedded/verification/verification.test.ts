/** Verification pods as processes: a provider that goes away, a pod that is killed, and a journal that forgets its positions. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { startVerificationStack, type VerificationStack } from '../../helpers/verification-stack.ts';

const CITIZENS = 300;
/** Long enough for both pods' breakers to open. What is given back meanwhile comes again after 2 s to 3 s. */
const OUTAGE_MS = 4_000;
/** Of the consumers, instead of 30 s. A pod tells every 10 s what it still has in hand. */
const ACK_WAIT_MS = 15_000;
let stack: VerificationStack;

beforeAll(async () => {
  stack = await startVerificationStack({ latencyMs: 100, ackWaitMs: ACK_WAIT_MS });
});
afterAll(() => stack.stop());

const answered = async (): Promise<number> => (await stack.verdicts()).size;
const reaches = (count: number, timeoutMs = 60_000) =>
  eventually(async () => (await answered()) >= count, { what: `${count} verdicts`, everyMs: 200, timeoutMs });
const isWorkedOff = async (): Promise<boolean> => {
  const { messages } = await stack.backlog();
  return messages === 0;
};

describe(`${CITIZENS} registrations`, () => {
  it('each get the verdict of the provider’s own rule, through an outage and a killed pod', async () => {
    await stack.register(CITIZENS);
    await stack.share({ 'verification-0': 40, 'verification-1': 40 });
    stack.start('verification-0');
    const doomed = stack.start('verification-1');
    await reaches(60);
    stack.provider.setFaults([
      { kind: 'reset', share: 1, forMs: OUTAGE_MS, delayMs: 0, code: 'InternalError', status: 503 },
    ]);
    await eventually(() => (stack.provider.counts().faults['reset'] ?? 0) > 0, { what: 'the outage is felt' });
    await reaches(100);
    const before = stack.provider.counts();
    doomed.kill('SIGKILL');
    await stack.share({ 'verification-0': 80 });
    // What the killed pod had in hand is delivered again after the ack_wait.
    await reaches(CITIZENS, 120_000);
    await eventually(isWorkedOff, { what: 'everything is acknowledged', timeoutMs: 90_000 });

    const verdicts = await stack.verdicts();
    expect(new Map([...verdicts].map(([receipt, [first]]) => [receipt, first]))).toEqual(stack.expected);
    expect([...verdicts.values()].filter((types) => types.length > 1)).toEqual([]);
    const counts = stack.provider.counts();
    expect(before.answeredMoreThanOnce).toEqual({});
    // 40 a second, and 0.1 s an answer: about four under way, and a second's worth where the journal is as slow. It held five.
    expect(Object.keys(counts.answeredMoreThanOnce).length).toBeLessThanOrEqual(40);
    // A provider whose process stands still counts what waited in its next second.
    expect(counts.results['throttled'] ?? 0).toBeLessThan(counts.requests / 10);
  });

  it('are not asked about again when all journal servers have restarted, and every message comes again', async () => {
    const before = stack.provider.counts();
    const skippedBefore = await stack.verdicts();
    await stack.restartJournal();
    await eventually(async () => (await stack.deliveries()) >= CITIZENS && (await isWorkedOff()), {
      what: 'every message is worked off once more',
      timeoutMs: 90_000,
      everyMs: 200,
    });
    expect(stack.provider.counts().requests).toBe(before.requests);
    expect(await stack.verdicts()).toEqual(skippedBefore);
  });

  it('of more citizens are answered by a new pod, and what it has in hand when it ends is finished or given back', async () => {
    const before = stack.provider.counts();
    await stack.share({ 'verification-0': 20, 'verification-2': 40 });
    const next = stack.start('verification-2');
    await eventually(async () => (await stack.logOf('verification-2')).includes('"msg":"ready"'), {
      what: 'the new pod',
    });
    await stack.register(CITIZENS + 100);
    await reaches(CITIZENS + 30);
    next.kill('SIGTERM');
    expect(await next.exited).toMatchObject({ code: 0 });
    await reaches(CITIZENS + 100);
    const counts = stack.provider.counts();
    expect(counts.answeredMoreThanOnce).toEqual(before.answeredMoreThanOnce);
    expect(await stack.logOf('verification-2')).not.toMatch(/测试|56\d{15}/);
  });
});
