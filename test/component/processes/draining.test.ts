import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { aCluster, CAMPAIGN, NEVER, type TestCluster, writeSecrets } from './a-cluster.ts';

describe('a pod that is to end', () => {
  let test: TestCluster;
  beforeEach(async () => {
    // Three of the manifest's five seconds: what is asked meanwhile takes one or two on a busy machine.
    test = await aCluster({ preStopScale: 0.6 });
    await writeSecrets(test);
    await test.deploy('intake', 2);
    await test.ready(2);
  });
  afterEach(() => test.remove());

  const answer = async (): Promise<string> => (await fetch(test.url(), { headers: { connection: 'close' } })).text();

  it('gets no new connection before it is told to end, and is not observed', async () => {
    await test.scale('intake', 1);
    const kept = (await test.cluster.reader.observe(CAMPAIGN, NEVER)).tiers.intake?.pods.map(({ name }) => name) ?? [];
    expect(kept).toHaveLength(1);
    const answers = [await answer(), await answer(), await answer(), await answer()];
    // It was still there: else they would prove nothing.
    expect(test.cluster.processes()).toHaveLength(2);
    expect([...new Set(answers)]).toEqual(kept);
    await test.ready(1);
  });

  it('is the one that is not ready', async () => {
    await fetch(`${test.url()}/sick`, { headers: { connection: 'close' } });
    const sick = await eventually(() => test.cluster.pods().find((pod) => !pod.ready), {
      what: 'a pod that fails its readiness',
    });
    await test.scale('intake', 1);
    expect(test.cluster.pods().find((pod) => pod.terminating)?.name).toBe(sick?.name);
  });
});
