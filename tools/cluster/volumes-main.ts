/**
 * The provisioner of the default StorageClass, one small process of the cluster: `node volumes-main.ts NODE URL PKI DIR`.
 * It makes a folder and a `local` PersistentVolume for each claim that the scheduler has given this node, and removes
 * both after the claim. `local` rather than `hostPath`, because kubelet gives only the former to the pod's fsGroup.
 * It looks once a second: no watch to keep alive, and a claim waits for its pod to be scheduled anyway.
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
    // Lets a pod without an fsGroup in as well; the folder above is root's own, so that nobody else on the host comes by.
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

// Level-triggered: whatever went wrong is looked at again in the next round.
await again(round, EVERY_MS, stop.signal, (error) => console.error(error instanceof Error ? error.message : error));
