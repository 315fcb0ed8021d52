/** The cluster's certificates: one authority that lives and dies with it, and a certificate for each who speaks. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Addresses, Place } from './place.ts';

const run = promisify(execFile);
const DAYS = '3650';

export interface Identity {
  /** File name: `NAME.crt` and `NAME.key`. */
  readonly file: string;
  /** The user of RBAC. */
  readonly commonName: string;
  /** The group of RBAC. */
  readonly organization?: string;
  /** Subject alternative names, as openssl writes them: `IP:…`, `DNS:…`. Those who have some are servers. */
  readonly names?: readonly string[];
}

/** Who speaks in this cluster; the names are those that upstream's RBAC bootstrap policy expects. */
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

const subject = ({ commonName, organization }: Identity): string =>
  `${organization === undefined ? '' : `/O=${organization}`}/CN=${commonName}`;

const newKey = (file: string): Promise<unknown> =>
  run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file]);

const issue = async (dir: string, identity: Identity): Promise<void> => {
  const key = join(dir, `${identity.file}.key`);
  const request = join(dir, `${identity.file}.csr`);
  const extensions = join(dir, `${identity.file}.ext`);
  await newKey(key);
  await run('openssl', ['req', '-new', '-key', key, '-subj', subject(identity), '-out', request]);
  await writeFile(
    extensions,
    [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      `extendedKeyUsage=${identity.names === undefined ? 'clientAuth' : 'serverAuth,clientAuth'}`,
      ...(identity.names === undefined ? [] : [`subjectAltName=${identity.names.join(',')}`]),
    ].join('\n'),
  );
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    join(dir, 'ca.crt'),
    '-CAkey',
    join(dir, 'ca.key'),
    '-days',
    DAYS,
    '-sha256',
    '-extfile',
    extensions,
    '-out',
    join(dir, `${identity.file}.crt`),
  ]);
  await Promise.all([rm(request), rm(extensions)]);
};

/** Makes the certificates once; a folder that is there is whole, since it appears under its name only when it is. */
export const ensurePki = async (place: Place, addresses: Addresses): Promise<void> => {
  if (existsSync(place.pki)) return;
  const dir = `${place.pki}.making`;
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await newKey(join(dir, 'ca.key'));
  await run('openssl', [
    'req',
    '-x509',
    '-new',
    '-key',
    join(dir, 'ca.key'),
    '-subj',
    `/CN=${place.name}`,
    '-days',
    DAYS,
    '-sha256',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
    '-out',
    join(dir, 'ca.crt'),
  ]);
  const serviceAccounts = newKey(join(dir, 'service-accounts.key')).then(() =>
    run('openssl', [
      'ec',
      '-in',
      join(dir, 'service-accounts.key'),
      '-pubout',
      '-out',
      join(dir, 'service-accounts.pub'),
    ]),
  );
  await Promise.all([serviceAccounts, ...identities(place, addresses).map((identity) => issue(dir, identity))]);
  await chmod(dir, 0o700);
  await rename(dir, place.pki);
};
