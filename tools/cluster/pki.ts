/** The cluster's certificates: one certificate authority for its lifetime, and a certificate for each component. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Addresses, Place } from './place.ts';

const run = promisify(execFile);
const DAYS = 3650;

interface Identity {
  /** File name: `NAME.crt` and `NAME.key`. */
  readonly file: string;
  readonly commonName: string;
  readonly organization?: string;
  /** Subject alternative names in openssl's form: `IP:…`, `DNS:…`. Only servers have them. */
  readonly names?: readonly string[];
}

/** The cluster's components, with the names that upstream's RBAC bootstrap policy expects. */
export const identities = (place: Place, addresses: Addresses): readonly Identity[] => [
  {
    file: 'apiserver',
    commonName: 'kube-apiserver',
    names: [
      `IP:${addresses.node}`,
      `IP:${addresses.apiService}`,
      'IP:127.0.0.1',
      'DNS:localhost',
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
    ],
  },
  {
    file: 'kubelet-server',
    commonName: `system:node:${place.name}`,
    organization: 'system:nodes',
    names: [`IP:${addresses.node}`, `DNS:${place.name}`],
  },
  { file: 'admin', commonName: 'kubernetes-admin', organization: 'system:masters' },
  { file: 'apiserver-kubelet-client', commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' },
  { file: 'controller-manager', commonName: 'system:kube-controller-manager' },
  { file: 'scheduler', commonName: 'system:kube-scheduler' },
  { file: 'proxy', commonName: 'system:kube-proxy' },
  { file: 'kubelet', commonName: `system:node:${place.name}`, organization: 'system:nodes' },
  { file: 'volumes', commonName: 'voucher:volumes' },
  { file: 'front-proxy-client', commonName: 'front-proxy-client' },
];

const subject = ({ commonName, organization }: Pick<Identity, 'commonName' | 'organization'>): string =>
  `${organization === undefined ? '' : `/O=${organization}`}/CN=${commonName}`;

/** Options are words of `command`; the file names in `files` follow them. */
const openssl = (command: string, files: readonly string[]): Promise<unknown> =>
  run('openssl', [...command.split(' '), ...files]);

const newKey = (file: string): Promise<unknown> => openssl('ecparam -name prime256v1 -genkey -noout -out', [file]);

const issue = async (dir: string, { file, names, ...identity }: Identity): Promise<void> => {
  const path = (ending: string): string => join(dir, `${file}.${ending}`);
  await newKey(path('key'));
  await openssl('req -new -key', [path('key'), '-subj', subject(identity), '-out', path('csr')]);
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${names === undefined ? 'clientAuth' : 'serverAuth,clientAuth'}`,
    ...(names === undefined ? [] : [`subjectAltName=${names.join(',')}`]),
  ];
  await writeFile(path('ext'), extensions.join('\n'));
  const authority = ['-CA', join(dir, 'ca.crt'), '-CAkey', join(dir, 'ca.key')];
  const files = ['-in', path('csr'), '-extfile', path('ext'), '-out', path('crt')];
  await openssl(`x509 -req -sha256 -days ${DAYS}`, [...authority, ...files]);
  await Promise.all([rm(path('csr')), rm(path('ext'))]);
};

/** Makes the certificates once. The folder gets its name only when it is complete. */
export const ensurePki = async (place: Place, addresses: Addresses): Promise<void> => {
  if (existsSync(place.pki)) return;
  const dir = `${place.pki}.making`;
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(dir, name);
  await newKey(file('ca.key'));
  await openssl(`req -x509 -new -sha256 -days ${DAYS} -addext keyUsage=critical,keyCertSign,cRLSign`, [
    ...['-key', file('ca.key'), '-subj', `/CN=${place.name}`, '-out', file('ca.crt')],
  ]);
  const serviceAccounts = newKey(file('service-accounts.key')).then(() =>
    openssl('ec -pubout', ['-in', file('service-accounts.key'), '-out', file('service-accounts.pub')]),
  );
  await Promise.all([serviceAccounts, ...identities(place, addresses).map((identity) => issue(dir, identity))]);
  await chmod(dir, 0o700);
  await rename(dir, place.pki);
};
