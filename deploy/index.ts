/** `pulumi up` in this folder installs the platform with one campaign. Copy it and write your own campaign. */
import * as pulumi from '@pulumi/pulumi';
import type { StatedCampaign } from './campaign-spec.ts';
import type { DataPlane } from './chart-values.ts';
import { VoucherPlatform } from './voucher-platform.ts';

const config = new pulumi.Config('voucher-platform');
const text = (key: string): string | undefined => config.get(key) || undefined;

const spring: StatedCampaign = {
  name: 'spring-2027',
  namespace: 'vouchers',
  spec: {
    campaignId: 'spring-2027',
    title: { 'zh-CN': '春季消费券', en: 'Spring vouchers' },
    window: { opensAt: '2027-03-01T10:00:00+08:00', closesAt: '2027-03-08T22:00:00+08:00' },
    vouchers: [
      {
        name: 'dining-50',
        title: { 'zh-CN': '餐饮满100减50', en: 'Dining ¥50 off ¥100' },
        faceValueFen: 5_000,
        minimumSpendFen: 10_000,
        quota: 200_000,
        validDays: 14,
      },
    ],
    traffic: { admissionPerSecond: 2_000 },
    scaling: { peakArrivalsPerSecond: 5_000 },
  },
};

const registry = text('registry');
const digest = text('imageDigest');
const operatorSecretName = text('operatorSecretName');
const dataPlane: DataPlane =
  operatorSecretName === undefined
    ? { kind: 'embedded' }
    : { kind: 'external', operatorSecretName, monitorUrls: config.getObject<string[]>('monitorUrls') ?? [] };

const platform = new VoucherPlatform('voucher', {
  image: { ...(registry === undefined ? {} : { registry }), ...(digest === undefined ? {} : { digest }) },
  dataPlane,
  campaigns: [spring],
});

export const namespace = platform.namespace;
export const campaigns = platform.campaigns;
