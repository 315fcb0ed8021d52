import { describe, expect, it } from '@jest/globals';
import { METRICS } from '../../../contract/app-contract.ts';
import { totalOf } from '../../../operator/signals/counts.ts';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';
import { sampleOf } from '../../../operator/signals/scrape.ts';
import { createLoadModel } from '../../bench/autoscaler/load-model.ts';
import { INTAKES } from '../../bench/autoscaler/manifests.ts';
import { journalPage, kedaPage, metricsPage } from '../../bench/autoscaler/pages.ts';
import { tenthsOf } from '../../helpers/recent-series.ts';

describe('the pages of the load model', () => {
  const model = createLoadModel({ startedAtMs: 0, capacityPerReplica: 20 });
  model.setReady(2, 0);
  model.setArrivals(() => 553, 0);
  const telling = model.now(10_000);

  it('tell KEDA the rate of the last second and the queue', () => {
    expect(JSON.parse(kedaPage(telling))).toEqual({ rps: expect.closeTo(553), lag: 5_130 });
  });

  it('tell the operator counters, of each intake pod its share, as its scraper reads them', () => {
    const tenths = tenthsOf((atMs) => Math.floor(model.arrivedAt(atMs) / INTAKES), 10_000);
    const page = metricsPage(telling, tenths, 1_700_000_010_000, 1_700_000_000_000);
    expect(sampleOf('intake-1', page)).toEqual({
      pod: 'intake-1',
      counter: 5_530 / INTAKES,
      sentAway: 0,
      returned: 0,
      recent: { tenths, returned: [0, 0], dueBack: 0 },
      startedAtMs: 1_700_000_000_000,
      sourceAtMs: 1_700_000_010_000,
    });
    expect(Math.abs(tenths.reduce((sum, count) => sum + count, 0) - 553 / INTAKES)).toBeLessThan(1);
    expect(totalOf(parseMetrics(page, [METRICS.recordsTotal]))).toBe(400);
  });

  it('tell the operator the same queue as KEDA', () => {
    expect(JSON.parse(journalPage(telling))).toEqual({ messages: 5_130, enqueued: 5_530, workedOff: 400 });
  });
});
