/**
 * The provisioner of the default StorageClass: `node volumes-main.ts NODE URL PKI DIR`. It creates a folder and a `local`
 * PersistentVolume for each claim on this node, and removes both after the claim. Not `hostPath`, because kubelet does not
 * apply fsGroup to it. It polls once a second, which is simpler than a watch and fast enough.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { again } from '../../runtime/sleep.ts';
import { apiAccess, callApi } from './api.ts';
import { CLAIMS, isToBeProvisioned, isToBeRemoved, VOLUMES, volumeFor } from './volumes.ts';

const EVERY_MS = 1_000;

const [node, url, pki, dir] = process.argv.slice(2);
if (node === undefined || url === undefined || pki === undefined || dir === undefined) {
  throw new Error('usage: node volumes-main.ts NODE URL PKI DIR');
}
const access = await apiAccess(url, pki, 'volumes');
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const list = async (path: string): Promise<unknown> => {
  const { status, body } = await callApi(access, { method: 'GET', path }, stop.signal);
  if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${body.slice(0, 300)}`);
  return JSON.parse(body);
};

const round = async (): Promise<void> => {
  for (const claim of CLAIMS.parse(await list('/api/v1/persistentvolumeclaims')).items) {
    if (!isToBeProvisioned(claim, node)) continue;
    const volume = volumeFor(claim, node, dir);
    await mkdir(volume.spec.local.path, { recursive: true });
    // For pods without an fsGroup. Only root can enter the folder above, so other users of the host have no access.
    await chmod(volume.spec.local.path, 0o777);
    const creation = { method: 'POST', path: '/api/v1/persistentvolumes', body: volume } as const;
    const { status } = await callApi(access, creation, stop.signal);
    if (status !== 201 && status !== 409) throw new Error(`creating ${volume.metadata.name} answered ${status}`);
    if (status === 201)
      console.log(`made ${volume.metadata.name} for ${claim.metadata.namespace}/${claim.metadata.name}`);
  }
  for (const volume of VOLUMES.parse(await list('/api/v1/persistentvolumes')).items) {
    if (!isToBeRemoved(volume)) continue;
    await rm(join(dir, volume.metadata.name), { recursive: true, force: true });
    const path = `/api/v1/persistentvolumes/${volume.metadata.name}`;
    await callApi(access, { method: 'DELETE', path }, stop.signal);
    console.log(`removed ${volume.metadata.name}`);
  }
};

// Every round starts from the current state, so failures are retried.
await again(round, EVERY_MS, stop.signal, (error) => console.error(error instanceof Error ? error.message : error));
