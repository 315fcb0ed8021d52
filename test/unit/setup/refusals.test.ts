/** The hook's half of what must not be harmed: the chart judges the same where Helm has a cluster (chart/refusals). */
import { describe, expect, it } from '@jest/globals';
import { type LivingCampaign, refusalsOf, type Standing } from '../../../operator/setup/refusals.ts';
import { type SetupRequest, setupRequest } from '../../../operator/setup/secrets.ts';

const asked = (campaignId: string, more: object = {}) => ({
  campaignId,
  namespace: 'vouchers',
  dataPlaneSecretName: 'voucher-data-plane',
  privacySecretName: 'voucher-privacy',
  ...more,
});
const request = (...campaigns: readonly object[]): SetupRequest =>
  setupRequest.parse({
    release: 'vo',
    namespace: 'system',
    natsUrls: 'tls://vo-nats-0.vo-nats.system.svc:4222',
    natsNames: ['vo-nats'],
    postgresNames: ['vo-postgres'],
    postgresHost: 'vo-postgres.system.svc',
    volumes: [
      { statefulSet: 'vo-nats', field: 'dataPlane.embedded.nats', storage: '20Gi', storageClassName: '' },
      { statefulSet: 'vo-postgres', field: 'dataPlane.embedded.postgres', storage: '20Gi', storageClassName: '' },
    ],
    shards: 3,
    journalReplicas: 3,
    campaigns,
  });
const spring: LivingCampaign = {
  namespace: 'vouchers',
  name: 'spring-2027',
  campaignId: 'spring',
  dataPlaneSecretName: 'voucher-data-plane',
  privacySecretName: 'voucher-privacy',
};
const standing = (changes: Partial<Standing> = {}): Standing => ({
  campaigns: [spring],
  accounts: [],
  volumes: [],
  ...changes,
});
const volume = (storage: string, storageClassName = '') => ({ statefulSet: 'vo-nats', storage, storageClassName });

describe('what lives', () => {
  it.each<[string, SetupRequest, Standing, RegExp]>([
    [
      'loses its account',
      request(),
      standing({ accounts: ['spring'] }),
      /campaigns: lacks spring, and VoucherCampaign vouchers\/spring-2027 uses/,
    ],
    [
      'is said to be elsewhere',
      request(asked('spring', { namespace: 'other' })),
      standing(),
      /spring is in namespace other.*write namespace vouchers/,
    ],
    [
      'shares its Secret',
      request(asked('winter', { privacySecretName: 'w' })),
      standing(),
      /winter asks for Secret vouchers\/voucher-data-plane, which VoucherCampaign vouchers\/spring-2027 uses/,
    ],
    [
      'shares its keys',
      request(asked('winter', { dataPlaneSecretName: 'w' })),
      standing(),
      /winter asks for Secret vouchers\/voucher-privacy/,
    ],
    [
      'has its keys taken for a data plane',
      request(asked('winter', { dataPlaneSecretName: 'voucher-privacy', privacySecretName: 'w' })),
      standing(),
      /another dataPlaneSecretName/,
    ],
    ['has volumes of another size', request(), standing({ campaigns: [], volumes: [volume('10Gi')] }), /nats\.storage/],
    [
      'has volumes of another class',
      request(),
      standing({ campaigns: [], volumes: [volume('20Gi', 'fast')] }),
      /nats\.storageClassName: is ""/,
    ],
    [
      'was made with other shards',
      request(asked('spring')),
      standing({ campaigns: [{ ...spring, made: { shards: 5, journalReplicas: 3 } }] }),
      /^app\.shards: is 3, and VoucherCampaign vouchers\/spring-2027 was made with 5, .*: write 5$/,
    ],
    [
      'was made with other replicas',
      request(asked('spring')),
      standing({ campaigns: [{ ...spring, made: { shards: 3, journalReplicas: 1 } }] }),
      /^app\.journalReplicas: is 3, .* with 1/,
    ],
  ])('and %s is a refusal that names both, and deletes nothing', (_, wanted, seen, message) => {
    const said = refusalsOf(wanted, seen);
    expect(said).toEqual([expect.stringMatching(message)]);
    expect(said.join()).not.toMatch(/\bdelete\b|\bremove\b/i);
  });

  it.each<[string, SetupRequest, Standing]>([
    ['is asked for', request(asked('spring')), standing({ accounts: ['spring'] })],
    ['has no account here', request(), standing()],
    [
      'has other shards elsewhere',
      request(),
      standing({ campaigns: [{ ...spring, made: { shards: 5, journalReplicas: 3 } }] }),
    ],
    ['is elsewhere under the same names', request(asked('winter', { namespace: 'other' })), standing()],
    ['has volumes of the same size', request(), standing({ campaigns: [], volumes: [volume('20480Mi')] })],
  ])('and %s is none', (_, wanted, seen) => {
    expect(refusalsOf(wanted, seen)).toEqual([]);
  });
});
