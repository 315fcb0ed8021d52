/** What the API server tells of the contested Deployment and its pods: nobody's word counts but its. */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { type KubeApi, watchPath } from '../../helpers/kube-api.ts';
import { APPS, CORE } from '../../helpers/kube-world.ts';
import { CONTESTED, DEPLOYMENT, NAMESPACE } from './manifests.ts';
import type { Series } from './measure.ts';

export interface ContestWatch {
  /** ms of performance.now, and counts from then on; a Deployment that is not there has 0. */
  readonly replicas: Series;
  readonly ready: Series;
  readonly pods: Series;
  stop(): Promise<void>;
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');

/** @param onReady told with each change of the number of Ready pods */
export const watchContest = (api: KubeApi, onReady: (count: number, atMs: number) => void): ContestWatch => {
  const stop = new AbortController();
  const replicas: [number, number][] = [];
  const ready: [number, number][] = [];
  const pods: [number, number][] = [];
  const known = new Map<string, boolean>();
  const note = (series: [number, number][], atMs: number, count: number): boolean => {
    const isNew = (series.at(-1)?.[1] ?? 0) !== count;
    if (isNew) series.push([atMs, count]);
    return isNew;
  };
  const watches = [
    watchPath(
      api,
      `${APPS}/namespaces/${NAMESPACE}/deployments?fieldSelector=metadata.name%3D${DEPLOYMENT}`,
      ({ type, object }) => {
        if (type === 'BOOKMARK' || type === 'ERROR') return;
        note(replicas, performance.now(), type === 'DELETED' ? 0 : ((object as Deployment).spec?.replicas ?? 0));
      },
      stop.signal,
    ),
    watchPath(
      api,
      `${CORE}/namespaces/${NAMESPACE}/pods?labelSelector=${encodeURIComponent(CONTESTED)}`,
      ({ type, object }) => {
        const pod = object as Pod;
        const name = pod.metadata?.name;
        if (name === undefined) return;
        const atMs = performance.now();
        if (type === 'DELETED') known.delete(name);
        else known.set(name, isReady(pod));
        note(pods, atMs, known.size);
        const count = [...known.values()].filter(Boolean).length;
        if (note(ready, atMs, count)) onReady(count, atMs);
      },
      stop.signal,
    ),
  ];
  return {
    replicas,
    ready,
    pods,
    async stop() {
      stop.abort();
      await Promise.all(watches);
    },
  };
};
