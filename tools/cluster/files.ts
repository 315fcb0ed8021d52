/** Writes the configuration files; a file that is equal already is left alone. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  apiUrl,
  auditPolicy,
  cniConfig,
  containerdConfig,
  internalKubeconfig,
  kubeletConfig,
  proxyConfig,
} from './config.ts';
import type { Addresses, Place } from './place.ts';

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

const ensureFile = async (path: string, content: string): Promise<void> => {
  if (existsSync(path) && (await readFile(path, 'utf8')) === content) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
};

/** The user's kubeconfig carries its certificates, so that it can be copied. JSON is YAML. */
const userKubeconfig = async (place: Place, addresses: Addresses): Promise<string> => {
  const base64 = async (file: string): Promise<string> => (await readFile(join(place.pki, file))).toString('base64');
  return json({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: place.name,
        cluster: { server: apiUrl(addresses), 'certificate-authority-data': await base64('ca.crt') },
      },
    ],
    users: [
      {
        name: `${place.name}-admin`,
        user: {
          'client-certificate-data': await base64('admin.crt'),
          'client-key-data': await base64('admin.key'),
        },
      },
    ],
    contexts: [{ name: place.name, context: { cluster: place.name, user: `${place.name}-admin` } }],
    'current-context': place.name,
  });
};

export const ensureFiles = async (place: Place, addresses: Addresses): Promise<void> => {
  for (const dir of [place.logs, place.config, join(place.dir, 'run')]) await mkdir(dir, { recursive: true });
  await mkdir(place.volumes, { recursive: true, mode: 0o700 });
  const config = (file: string): string => join(place.config, file);
  for (const user of ['controller-manager', 'scheduler', 'proxy', 'kubelet']) {
    await ensureFile(config(`${user}.kubeconfig`), json(internalKubeconfig(place, addresses, user)));
  }
  await ensureFile(config('kubelet.json'), json(kubeletConfig(place, addresses)));
  await ensureFile(config('kube-proxy.json'), json(proxyConfig(place, addresses)));
  await ensureFile(config('audit-policy.json'), json(auditPolicy()));
  await ensureFile(config('containerd.toml'), containerdConfig(place));
  await ensureFile(config('cni/10-pods.conflist'), json(cniConfig(place, addresses)));
  // Names outside the cluster have no server: its namespace has no way out to ask one.
  await ensureFile(config('resolv.conf'), '# only cluster names\n');
  await ensureFile(place.kubeconfig, await userKubeconfig(place, addresses));
};
