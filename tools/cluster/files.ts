/** Writes the configuration files that have changed. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  auditPolicy,
  cniConfig,
  containerdConfig,
  internalKubeconfig,
  kubeconfigOf,
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

/** The user's kubeconfig contains its certificates, so that it can be copied. JSON is valid YAML. */
const userKubeconfig = async (place: Place, addresses: Addresses): Promise<string> => {
  const base64 = async (file: string): Promise<string> => (await readFile(join(place.pki, file))).toString('base64');
  const authority = { 'certificate-authority-data': await base64('ca.crt') };
  const [crt, key] = [await base64('admin.crt'), await base64('admin.key')];
  const credentials = { 'client-certificate-data': crt, 'client-key-data': key };
  return json(kubeconfigOf(place, addresses, `${place.name}-admin`, authority, credentials));
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
  // No DNS server: the cluster's network has no way out.
  await ensureFile(config('resolv.conf'), '# only cluster names\n');
  await ensureFile(place.kubeconfig, await userKubeconfig(place, addresses));
};
