/** Pods of Jobs that ask the outside systems of a tier beside it: they get shares, and their metrics pages are read. Pure. */
import { askedAs, isJob } from '../../contract/jobs.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';

export interface Auditor {
  readonly name: string;
  readonly adminUrl?: string;
}

/** Those that run now. */
export const auditorsOf = ({ jobs = {} }: Pick<ObservedCluster, 'jobs'>, tier: Tier): readonly Auditor[] =>
  Object.entries(jobs).flatMap(([run, { state, podName, adminUrl }]) => {
    const job = run.split('-')[0];
    const isAsking = isJob(job) && askedAs(job) === tier && state === 'running' && podName !== undefined;
    return isAsking ? [{ name: podName, ...(adminUrl === undefined ? {} : { adminUrl }) }] : [];
  });
