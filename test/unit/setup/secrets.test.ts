/** What the set-up makes, and what it makes again from the same root. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { WORKLOADS } from '../../../contract/jobs.ts';
import { AUTHORITY_DAYS, expiresAt, newServerCertificate, SERVER_DAYS } from '../../../operator/setup/certificates.ts';
import { newRoot } from '../../../operator/setup/root.ts';
import {
  decideGroup,
  EXPIRES_AT,
  isDerived,
  lostRootMessage,
  rootSecret,
  type SecretManifest,
  secretGroupsOf,
  setupRequest,
} from '../../../operator/setup/secrets.ts';

const DAY_MS = 86_400_000;
const OF_WORKLOADS = WORKLOADS.map((workload) => `spring-data-${workload}`);
const NOW_MS = Date.UTC(2027, 0, 1);
const root = newRoot('vo', randomBytes, NOW_MS);
const campaign = (campaignId: string) => ({
  campaignId,
  namespace: 'vouchers',
  dataPlaneSecretName: `${campaignId}-data`,
  privacySecretName: `${campaignId}-keys`,
});
const request = setupRequest.parse({
  release: 'vo',
  namespace: 'system',
  natsUrls: 'tls://vo-nats-0.vo-nats.system.svc:4222',
  natsNames: ['vo-nats.system.svc', '*.vo-nats.system.svc'],
  postgresNames: ['vo-postgres.system.svc'],
  postgresHost: 'vo-postgres.system.svc',
  campaigns: [campaign('spring')],
});
const made = (asked = request): ReadonlyMap<string, SecretManifest> =>
  new Map(
    secretGroupsOf(asked, root, randomBytes, NOW_MS).flatMap((group) => group.map((one) => [one.metadata.name, one])),
  );
/** Two runs: keys take their time, so all tests look at these. */
const first = made();
const second = made({ ...request, campaigns: [campaign('spring'), campaign('autumn')] });
const dataOf = (secrets: ReadonlyMap<string, SecretManifest>, name: string): Readonly<Record<string, string>> => {
  const found = secrets.get(name);
  if (found === undefined) throw new Error(`no Secret ${name}`);
  return found.stringData;
};

describe('the certificates', () => {
  const authority = new X509Certificate(root.authority.certificate);

  it.each([
    ['vo-nats-tls', ['vo-nats.system.svc', 'vo-nats-2.vo-nats.system.svc'], 'vo-postgres.system.svc'],
    ['vo-postgres-tls', ['vo-postgres.system.svc'], 'vo-nats.system.svc'],
  ])('%s is for the names of its servers, by the authority', (name, names, other) => {
    const server = new X509Certificate(dataOf(first, name)['tls.crt'] ?? '');
    for (const one of names) expect([one, server.checkHost(one)]).not.toEqual([one, undefined]);
    expect(server.checkHost(other)).toBeUndefined();
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.checkIssued(authority)).toBe(true);
    expect(server.ca).toBe(false);
    expect(authority.ca).toBe(true);
  });

  it('say on their Secrets when they end', () => {
    const days = (name: string): number =>
      (Date.parse(first.get(name)?.metadata.annotations[EXPIRES_AT] ?? '') - NOW_MS) / DAY_MS;
    expect(days('vo-nats-tls')).toBe(SERVER_DAYS);
    expect(days('vo-postgres-tls')).toBe(SERVER_DAYS);
    expect(days('spring-data-intake')).toBe(AUTHORITY_DAYS);
    expect(rootSecret(request, root).metadata.annotations[EXPIRES_AT]).toBe(expiresAt(root.authority.certificate));
  });

  it('have numbers that are positive and their own', () => {
    const issuing = { random: () => Buffer.alloc(16, 0xff), nowMs: NOW_MS };
    const { certificate } = newServerCertificate(root.authority, ['a'], issuing);
    expect(new X509Certificate(certificate).serialNumber).toMatch(/^7F/);
  });

  it('leave the keys of the authority to its own Secret', () => {
    for (const [name, { stringData }] of first) {
      expect([name, Object.values(stringData).includes(root.authority.key)]).toEqual([name, false]);
    }
  });
});

describe('a campaign that is added later', () => {
  it('leaves the accounts of others as they are, with the same authority', () => {
    expect(dataOf(second, 'spring-data-intake')).toEqual(dataOf(first, 'spring-data-intake'));
    const [spring, autumn] = [dataOf(second, 'spring-data-intake'), dataOf(second, 'autumn-data-intake')];
    expect(autumn['nats-ca.crt']).toBe(spring['nats-ca.crt']);
    expect(autumn['postgres-ca.crt']).toBe(root.authority.certificate);
    expect(autumn['nats-password']).not.toBe(spring['nats-password']);
    expect(autumn['postgres-url']).toMatch(/^postgres:\/\/campaign-autumn_intake:.*\/campaign-autumn$/);
    // Whoever has one password must not know the other.
    expect(autumn['postgres-url']).not.toContain(autumn['nats-password']);
  });

  it('has other accounts for each of its tiers', () => {
    const [intake, records] = [dataOf(first, 'spring-data-intake'), dataOf(first, 'spring-data-records')];
    expect([intake['nats-user'], records['nats-user']]).toEqual(['campaign-spring_intake', 'campaign-spring_records']);
    expect(intake['nats-password']).not.toBe(records['nats-password']);
    expect(intake['postgres-url']).not.toBe(records['postgres-url']);
  });

  it('has keys for privacy that no other root or run could make again', () => {
    expect(dataOf(second, 'spring-keys')).not.toEqual(dataOf(first, 'spring-keys'));
  });
});

describe('a campaign whose namespace is not there', () => {
  it('gets its account, the same one as when it is, and nothing in the namespace', () => {
    const leftOut = made({ ...request, campaigns: [{ ...campaign('spring'), isLeftOut: true }] });
    expect(dataOf(leftOut, 'vo-account-spring')).toEqual(dataOf(first, 'vo-account-spring'));
    expect([...leftOut.values()].filter(({ metadata }) => metadata.namespace === 'vouchers')).toEqual([]);
  });
});

describe('a group of Secrets', () => {
  const group = [...first.values()].filter(({ metadata }) =>
    /^(vo-account-spring|spring-data-.*)$/.test(metadata.name),
  );
  const names = (exists: readonly boolean[]): readonly string[] => {
    const decision = decideGroup(group, exists);
    return decision.kind === 'create' ? decision.missing.map(({ metadata }) => metadata.name) : [];
  };

  const [one, ...others] = OF_WORKLOADS;
  it.each([
    ['none is there', [false, ...WORKLOADS.map(() => false)], 'create', ['vo-account-spring', ...OF_WORKLOADS]],
    ['all are there', [true, ...WORKLOADS.map(() => true)], 'keep', []],
    [
      'the campaign’s are missing, as after an upgrade to one account a tier',
      [true, ...WORKLOADS.map(() => false)],
      'create',
      OF_WORKLOADS,
    ],
    [
      `only ${one} is there: the others are derived, as after an upgrade to more tiers or Jobs`,
      [true, true, ...others.map(() => false)],
      'create',
      others,
    ],
    ['a tier’s is there, and nothing here made it', [false, true, ...others.map(() => false)], 'refuse', []],
  ])('when %s', (_, exists, kind, made) => {
    expect(decideGroup(group, exists).kind).toBe(kind);
    expect(names(exists)).toEqual(made);
  });

  it('that another campaign may live on is left alone, with a remedy that deletes nothing', () => {
    const decision = decideGroup(group, [false, true, false]);
    const message = decision.kind === 'refuse' ? decision.message : '';
    expect(message).toContain('vouchers/spring-data-intake');
    expect(message).toContain('another dataPlaneSecretName');
    expect(message).not.toMatch(/delete|remove/i);
  });
});

describe('a root that is gone', () => {
  it('is missed where something was made from it', () => {
    const derived = [...first.values()].filter(isDerived).map(({ metadata }) => metadata.name);
    const own = ['vo-nats-tls', 'vo-postgres-tls', 'vo-journal', 'vo-account-spring'];
    expect(derived).toEqual([...own, ...OF_WORKLOADS]);
    const message = lostRootMessage(request, [...first.values()].filter(isDerived));
    expect(message).toContain('system/vo-data-plane-root');
    expect(message).not.toMatch(/delete|remove/i);
  });
});
