/** What is unknown is absent on a page of metrics: it is not a zero. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { exportPrivacyKeys } from '../../../app/keys/destroyed-keys.ts';
import { metric } from '../../../contract/metrics/metrics.ts';
import { createCampaignMetrics } from '../../../operator/observability/campaign-metrics.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { sampledGauge } from '../../../runtime/metrics.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const series = async (registry: Registry): Promise<readonly string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('a sampled gauge', () => {
  it('without labels has no series while its value is unknown', async () => {
    const registry = new Registry();
    let value: number | undefined = 3;
    sampledGauge(registry, metric('voucher_privacy_keys'), () => (value === undefined ? [] : [[{}, value]]));
    expect(await series(registry)).toEqual(['voucher_privacy_keys 3']);
    value = undefined;
    expect(await series(registry)).toEqual([]);
    value = 0;
    expect(await series(registry)).toEqual(['voucher_privacy_keys 0']);
  });

  it('drops the series of an earlier scrape', async () => {
    const registry = new Registry();
    let shards = ['0', '1'];
    sampledGauge(registry, metric('voucher_compare_watermark_sequence'), () => shards.map((shard) => [{ shard }, 1]));
    expect(await series(registry)).toHaveLength(2);
    shards = ['1'];
    expect(await series(registry)).toEqual(['voucher_compare_watermark_sequence{shard="1"} 1']);
  });
});

describe('the number of privacy keys', () => {
  it('is absent when the mount cannot be read: an empty Secret is another thing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'voucher-keys-'));
    const registry = new Registry();
    exportPrivacyKeys(registry, dir);
    await writeFile(join(dir, 'citizen.key'), 'a key');
    expect(await series(registry)).toEqual(['voucher_privacy_keys 1']);
    await rm(join(dir, 'citizen.key'));
    expect(await series(registry)).toEqual(['voucher_privacy_keys 0']);
    await rm(dir, { recursive: true });
    expect(await series(registry)).toEqual([]);
  });
});

describe('metrics of campaigns', () => {
  it('end with the campaign, and when another process leads', async () => {
    const registry = new Registry();
    const campaigns = createCampaignMetrics(registry);
    const campaign = aCampaign();
    const readings = freshReadings(OPENS_AT_MS - 2_000, { arrivals: 14_000 });
    const planned = planTick(campaign, anObserved({ readings }), OPENS_AT_MS, planDeps);
    campaigns.planned(campaign, planned, readings, OPENS_AT_MS);
    expect((await series(registry)).length).toBeGreaterThan(50);
    campaigns.clear();
    expect(await series(registry)).toEqual([]);
    campaigns.planned(campaign, planned, readings, OPENS_AT_MS);
    campaigns.forget(campaign);
    expect(await series(registry)).toEqual([]);
  });

  it('have the times of the campaign, and what is admitted', async () => {
    const registry = new Registry();
    const campaigns = createCampaignMetrics(registry);
    const campaign = aCampaign();
    const readings = freshReadings(OPENS_AT_MS - 2_000, { arrivals: 14_000 });
    campaigns.planned(
      campaign,
      planTick(campaign, anObserved({ readings }), OPENS_AT_MS, planDeps),
      readings,
      OPENS_AT_MS,
    );
    const page = await series(registry);
    const labels = '{namespace="vouchers",name="chengdu"}';
    expect(page).toContain(`voucher_campaign_opens_timestamp_seconds${labels} ${OPENS_AT_MS / 1000}`);
    expect(page).toContain(`voucher_campaign_attempts_per_second${labels} 14000`);
    expect(page.join('\n')).toMatch(
      /voucher_campaign_info\{namespace="vouchers",name="chengdu",campaign_id="\S+",mode="Auto",stage="\w+"\} 1/,
    );
  });
});
