/** The chart in a namespace of its own on the shared cluster, with a namespace beside it for campaigns. */
import { readFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { parse } from 'yaml';
import type { Cluster } from '../../../tools/cluster.ts';
import { ensureImages, PRODUCT_IMAGE } from '../../../tools/image.ts';
import { sharedCluster, type TestNamespace, testNamespace } from '../../helpers/cluster.ts';

const ROOT = new URL('../../../', import.meta.url);
export const CHART = fileURLToPath(new URL('charts/voucher-operator', ROOT));
export const RELEASE = 'vo';

export interface CampaignAccount {
  readonly campaignId: string;
  readonly namespace: string;
  readonly dataPlaneSecretName?: string;
  readonly privacySecretName?: string;
}

const little = (memory: string) => ({ requests: { cpu: '20m', memory: '64Mi' }, limits: { memory } });

/** Small enough for a node of two cores that other tests use as well. */
export const values = (campaigns: readonly CampaignAccount[]): object => ({
  image: { tag: PRODUCT_IMAGE.split(':').at(-1) },
  operator: { resources: little('512Mi') },
  app: {
    shardMaxBytes: 16_777_216,
    resources: { intake: little('256Mi'), records: little('384Mi') },
  },
  dataPlane: {
    embedded: {
      nats: { storage: '1Gi', maxFileStoreBytes: 536_870_912, resources: little('512Mi') },
      postgres: { storage: '1Gi', resources: little('512Mi') },
      campaigns,
    },
  },
});

/** A journal and databases of somebody else: nothing is waited for. */
export const EXTERNAL_VALUES = {
  dataPlane: { embedded: { enabled: false }, external: { operatorSecretName: 'journal', monitorUrls: [] } },
};

/** Whom a client takes for the journal. */
export interface Trust {
  /** PEM. */
  readonly ca?: string;
  readonly servername: string;
}

export interface Installation {
  readonly cluster: Cluster;
  /** Of the release. */
  readonly system: TestNamespace;
  /** Of campaigns. */
  readonly vouchers: TestNamespace;
  /** Installs, or upgrades to these accounts, and waits until all of it is ready. */
  apply(campaigns: readonly CampaignAccount[]): Promise<string>;
  /** The same with other values, and more flags of Helm. @param chart a folder; this checkout's */
  upgrade(given: object, flags?: readonly string[], chart?: string): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  /** What a Secret in the namespace of campaigns holds, decoded. */
  secret(name: string): Promise<Readonly<Record<string, string>>>;
  /** To one of the journal's servers with the account in that Secret: reached by its address, recognised by its name. */
  connect(secretName: string, trusting?: (its: Required<Trust>) => Trust): Promise<NatsConnection>;
  /** Fingerprint of the certificate that the first of the journal's servers shows to a client that comes now. */
  servedCertificate(): Promise<string>;
  /** Of the release's first pod of that StatefulSet. */
  addressOf(statefulSet: 'nats' | 'postgres'): Promise<string>;
  remove(): Promise<void>;
}

/** A journal's server introduces itself in plain text before it speaks TLS. */
const shownBy = (host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const plain = connectPlain({ host, port, timeout: 5_000 });
    plain.once('error', reject);
    plain.once('timeout', () => plain.destroy(new Error(`${host}:${port} said nothing for 5 s`)));
    plain.once('data', () => {
      const secured = connectTls({ socket: plain, rejectUnauthorized: false }, () => {
        resolve(secured.getPeerX509Certificate()?.fingerprint256 ?? '');
        secured.destroy();
      });
      secured.once('error', reject);
    });
  });

export const newInstallation = async (): Promise<Installation> => {
  const cluster = await sharedCluster();
  const { signal } = new AbortController();
  await cluster.importImages(await ensureImages({ signal, progress: () => undefined }), signal);
  const [system, vouchers] = [await testNamespace(cluster, 'chart'), await testNamespace(cluster, 'vouchers')];
  const helm = (...args: readonly string[]): Promise<string> => cluster.helm(['--namespace', system.name, ...args]);
  const secret: Installation['secret'] = async (name) => {
    const data = JSON.parse(await vouchers.kubectl('get', 'secret', name, '-o', 'jsonpath={.data}'));
    const entries = Object.entries<string>(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
    return Object.fromEntries(entries);
  };
  const addressOf: Installation['addressOf'] = (statefulSet) =>
    system.kubectl('get', 'pod', `${RELEASE}-${statefulSet}-0`, '-o', 'jsonpath={.status.podIP}');
  const upgrade: Installation['upgrade'] = (given, flags = [], chart = CHART) =>
    cluster.helm(
      [
        ...['upgrade', '--install', RELEASE, chart, '--namespace', system.name, '--values', '-'],
        // Whoever used this cluster before left the kinds behind: they are kept.
        ...['--take-ownership', '--force-conflicts'],
        ...flags,
      ],
      { input: JSON.stringify(given) },
    );
  return {
    cluster,
    system,
    vouchers,
    helm,
    secret,
    addressOf,
    async connect(secretName, trusting = (its) => its) {
      const { 'nats-user': user = '', 'nats-password': pass = '', 'nats-ca.crt': ca = '' } = await secret(secretName);
      const servername = `${RELEASE}-nats.${system.name}.svc`;
      const tls = trusting({ ca, servername });
      return connect({ servers: await addressOf('nats'), user, pass, inboxPrefix: `_INBOX.${user}`, tls });
    },
    servedCertificate: async () => shownBy(await addressOf('nats'), 4222),
    apply: (campaigns) => upgrade(values(campaigns), ['--wait', '--timeout', '5m']),
    upgrade,
    async remove() {
      await helm('uninstall', RELEASE, '--ignore-not-found');
      await vouchers.remove();
      await system.remove();
    },
  };
};

/** The smallest campaign of the examples, as JSON. */
export const campaignManifest = async (name: string): Promise<string> => {
  const minimal = parse(await readFile(new URL('examples/minimal.yaml', ROOT), 'utf8'));
  return JSON.stringify({ ...minimal, metadata: { name }, spec: { ...minimal.spec, campaignId: name } });
};
