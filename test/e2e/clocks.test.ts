/** A pod whose clock is wrong, and addresses of both families, on a real cluster. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SHARED_CLUSTER } from '../helpers/cluster.ts';
import { eventuallyHolds } from '../helpers/eventually.ts';
import { podClock } from '../helpers/outages/pod-clock.ts';
import { shown } from '../helpers/outages/shown.ts';
import { type Platform, startPlatform } from '../helpers/platform.ts';

const ended = new AbortController();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform(
    SHARED_CLUSTER,
    { intake: { min: 1, max: 2, capacityPerReplica: 500 } },
    ended.signal,
    (line) => void process.stderr.write(`${line}\n`),
  );
});
afterAll(async () => {
  ended.abort();
  await platform?.stop();
});

describe('a pod whose clock is seven hours ahead', () => {
  it('is named by a condition and an event, and is not Ready', async () => {
    const seen = await podClock(platform, 'test', 25_200);
    shown('the clock of a pod is seven hours ahead', seen);
    expect(seen.condition).toMatchObject({ status: 'False', reason: 'PodClockOff' });
    expect(seen.condition?.message).toContain('test-intake-wrong-clock is 7 h ahead');
    expect(seen.events.at(-1)?.reason).toBe('ClockOff');
    expect(seen.isReady).toBe(false);
  });
});

describe('a pod of the product', () => {
  const ask = (url: string): string =>
    `fetch('${url}').then(({ status }) => console.log(status), (error) => console.log(String(error.cause)))`;
  const exec = (of: 'kubectl' | 'system', deployment: string, url: string): Promise<string> =>
    platform[of]('exec', `deployment/${deployment}`, '--', '/usr/local/bin/node', '--eval', ask(url));

  it('is reached by both families where the cluster has both, by the one that it has here', async () => {
    const path = 'jsonpath={.spec.ipFamilyPolicy} {.spec.ipFamilies}';
    const families = await platform.kubectl('get', 'service', 'test-intake', '-o', path);
    expect(families).toBe('PreferDualStack ["IPv4"]');
  });

  it.each(['[::1]', '127.0.0.1'])('answers on %s', async (host) => {
    for (const [of, deployment, path] of [
      ['kubectl', 'test-intake', '8080/api/v1/campaigns/test-campaign'],
      ['kubectl', 'test-intake', '9090/livez'],
      ['kubectl', 'test-records', '9090/livez'],
      ['system', 'voucher', '9090/livez'],
    ] as const) {
      // kubectl may choose a pod that has just been replaced.
      const answers = async (): Promise<void> =>
        expect((await exec(of, deployment, `http://${host}:${path}`)).trim()).toBe('200');
      await eventuallyHolds(answers, { what: `${deployment} to answer at ${path}`, everyMs: 500 });
    }
  });
});
