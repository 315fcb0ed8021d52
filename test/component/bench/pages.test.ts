import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { freePorts } from '../../../local/free-ports.ts';
import { createLoadModel } from '../../bench/autoscaler/load-model.ts';
import { type PageServer, startPages } from '../../bench/autoscaler/pages.ts';

const page = z.object({ lag: z.number() });

describe('the server of the load model', () => {
  let pages: PageServer;
  let url = '';
  beforeEach(async () => {
    const [port = 0] = await freePorts(1, '127.0.0.1');
    url = `http://127.0.0.1:${port}`;
    pages = await startPages([{ host: '127.0.0.1', port }]);
  });
  afterEach(() => pages.close());

  const statusOf = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;

  it('answers nobody between runs, so that a contestant that is left over is not fed', async () => {
    expect(await statusOf('/keda')).toBe(404);
    pages.serve(createLoadModel({ startedAtMs: performance.now(), capacityPerReplica: 20 }));
    expect(await statusOf('/keda')).toBe(200);
    pages.serve(undefined);
    expect(await statusOf('/keda')).toBe(404);
  });

  it('tells everybody the load as it is at this moment', async () => {
    const model = createLoadModel({ startedAtMs: performance.now(), capacityPerReplica: 20 });
    pages.serve(model);
    model.setArrivals(() => 1_000_000, performance.now());
    const lag = async (): Promise<number> => page.parse(await (await fetch(`${url}/keda`)).json()).lag;
    const first = await lag();
    expect(await lag()).toBeGreaterThan(first);
    expect(await (await fetch(`${url}/metrics?pod=a`)).text()).toContain('voucher_intake_arrivals_total');
    expect(await (await fetch(`${url}/journal`)).text()).toContain('"workedOff":0');
  });

  it('remembers who came first after the crowd', async () => {
    pages.serve(createLoadModel({ startedAtMs: performance.now(), capacityPerReplica: 20 }));
    const before = performance.now();
    await statusOf('/journal');
    const after = performance.now();
    expect(pages.firstReadSince(before)).toBeGreaterThanOrEqual(before);
    expect(pages.firstReadSince(after)).toBeUndefined();
  });
});
