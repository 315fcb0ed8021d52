/** A second tier that citizens reach: it follows the logins that arrive at its own pods, and nothing of registrations. */
import { describe, expect, it } from '@jest/globals';
import { ENV, PORTS } from '../../../contract/app-contract.ts';
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import type { Manifest } from '../../../operator/resources/manifest.ts';
import { forecastOf } from '../../../operator/scaling/schedule.ts';
import type { CampaignReadings } from '../../../operator/signals/readings.ts';
import { agedReadings } from '../../../operator/tick/gather.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS, TRAFFIC } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { loginSections } from '../../helpers/logins.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';

/** After the hold after opening. */
const NOW_MS = CLOSES_AT_MS - 3_600_000;
const { login: section } = loginSections('11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
const login = { secretName: 'voucher-login', ...section } as VoucherCampaignSpec['login'];
const withLogin = (spec: Partial<VoucherCampaignSpec> = {}) =>
  aCampaign({ spec: { ...(login === undefined ? {} : { login }), ...spec } });

const rates = (perSecond: number, atMs = NOW_MS) =>
  ({ kind: 'fresh', value: { over1s: perSecond, over3s: perSecond, over60s: perSecond }, atMs }) as const;
const readings = (registrations: number, logins: number | undefined): CampaignReadings => ({
  ...freshReadings(NOW_MS, { arrivals: registrations }),
  ...(logins === undefined ? {} : { arrivalsOf: { login: { arrivals: rates(logins) } } }),
});
const cluster: Observed['cluster'] = {
  tiers: {
    intake: anObservedTier('intake', 2),
    records: anObservedTier('records', 2),
    login: anObservedTier('login', 2),
  },
  plans: [],
};
const plan = (
  registrations: number,
  logins: number | undefined,
  campaign = withLogin(),
  observed: Partial<Observed> = {},
) =>
  planTick(campaign, anObserved({ cluster, readings: readings(registrations, logins), ...observed }), NOW_MS, planDeps);
const scaled = (...asked: Parameters<typeof plan>) =>
  Object.fromEntries(plan(...asked).scale.map(({ tier, replicas }) => [tier, replicas]));

describe('replicas of the login tier', () => {
  it('follow logins, not registrations', () => {
    expect(scaled(0, 250)).toEqual({ login: 4 });
    expect(scaled(5_000, 0)['login']).toBeUndefined();
    expect(scaled(5_000, 0)['intake']).toBeGreaterThan(2);
  });

  it('are not limited by the admission of registrations', () => {
    expect(scaled(0, 250, withLogin({ traffic: { ...TRAFFIC, admissionPerSecond: 10 } }))).toEqual({ login: 4 });
  });

  it('are kept while its metric is missing or out of date', () => {
    const wide = { ...cluster, tiers: { ...cluster.tiers, login: anObservedTier('login', 4) } };
    expect(scaled(0, undefined, withLogin(), { cluster: wide })['login']).toBeUndefined();
    const aged = agedReadings(readings(0, 0));
    expect(aged.arrivalsOf?.login?.arrivals.kind).toBe('stale');
    expect(scaled(0, undefined, withLogin(), { cluster: wide, readings: aged })['login']).toBeUndefined();
  });

  it('are not there in a campaign without logins', () => {
    const { tiers, liveSettings } = plan(0, 0, aCampaign(), { cluster: { ...cluster, tiers: {} } });
    expect(tiers.login.written).toBe(0);
    expect(Object.keys(liveSettings ?? {})).not.toContain('loginPods');
  });
});

describe('the forecast', () => {
  it('of logins is no more than what their systems permit', () => {
    const { spec } = withLogin();
    expect([forecastOf(spec, 'intake'), forecastOf(spec, 'login')]).toEqual([3_500, 100]);
    const { scaling } = spec;
    const { peakArrivalsPerSecond: _, ...without } = scaling;
    expect(forecastOf({ ...spec, scaling: without }, 'login')).toBeUndefined();
    expect(forecastOf({ ...spec, scaling: { ...scaling, peakArrivalsPerSecond: 7 } }, 'login')).toBe(7);
  });

  it('pre-warms the tier by it', () => {
    const atMs = OPENS_AT_MS - 60_000;
    const observed = anObserved({ cluster, readings: readings(0, 0) });
    const { limits } = planTick(withLogin(), observed, atMs, planDeps).tiers.login;
    // 100/s at 100/s a replica and 0.7.
    expect(limits.scheduleFloor).toBe(2);
  });
});

describe('what the pods of the login tier get', () => {
  const { create, apply, liveSettings } = plan(0, 0, withLogin(), {
    cluster: { tiers: { intake: anObservedTier('intake', 2) }, plans: [] },
  });
  const find = (kind: Manifest['kind'], name: string) =>
    [...create, ...apply].find((manifest) => manifest.kind === kind && manifest.metadata?.name === name);

  it('is a Service of their own, the citizens’ port, and no canary', () => {
    expect(find('Service', 'chengdu-login')).toMatchObject({ spec: { ports: [{ port: 80, targetPort: 'http' }] } });
    expect(find('Service', 'chengdu-records')).toBeUndefined();
    const deployment = find('Deployment', 'chengdu-login');
    const [container] = deployment?.kind === 'Deployment' ? (deployment.spec?.template.spec?.containers ?? []) : [];
    expect(container?.ports).toContainEqual({ name: 'http', containerPort: PORTS.http });
    const names = container?.env?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([ENV.portHttp, 'VOUCHER_LOGIN_DIR']));
    expect(names).not.toContain(ENV.serviceUrl);
    expect(names).not.toContain(ENV.privacyDir);
  });

  it('is reached by citizens from anywhere', () => {
    expect(find('NetworkPolicy', 'chengdu-login')).toMatchObject({
      spec: { ingress: expect.arrayContaining([{ ports: [{ port: 'http', protocol: 'TCP' }] }]) },
    });
  });

  it('is their number, by which they share the rates of the systems', () => {
    expect(liveSettings?.loginPods).toBe(1);
    expect(plan(0, 0).liveSettings?.loginPods).toBe(2);
    expect(liveSettings?.sections).toMatchObject({ login: { url: 'https://login.example' } });
  });
});
