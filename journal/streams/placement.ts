/** Where the replicas of a stretched cluster are: each in a site of its own, or the loss of one site loses the majority. Pure. */
import type { StreamInfo } from '@nats-io/jetstream';
import type { JournalFault } from '../../contract/journal-health.ts';
import type { ServerLook } from './servers.ts';

/**
 * | servers                                  | replicas of a stream | fault |
 * |------------------------------------------|----------------------|-------|
 * | none states a site                       | any                  | none: one site |
 * | one of the replicas' states none         | any                  | none: it has not answered yet, or is being set up |
 * | fewer sites than replicas                | two in one site      | none: it can't be otherwise |
 * | as many sites as replicas, or more       | two in one site      | oneSite, with the site |
 * | the same                                 | each in its own      | none |
 */
export const misplaced = (
  infos: readonly Pick<StreamInfo, 'config' | 'cluster'>[],
  servers: readonly Pick<ServerLook, 'name' | 'site'>[],
): readonly JournalFault[] => {
  const siteOf = new Map(servers.flatMap(({ name, site }) => (site === undefined ? [] : [[name, site] as const])));
  const sites = new Set(siteOf.values()).size;
  const shared = infos.flatMap(({ config: { name, num_replicas }, cluster }) => {
    const names = [...(cluster?.leader ? [cluster.leader] : []), ...(cluster?.replicas ?? []).map((one) => one.name)];
    const of = names.map((server) => siteOf.get(server));
    const twice = of.find((site, i) => site !== undefined && of.indexOf(site) !== i);
    return twice === undefined || of.includes(undefined) || sites < num_replicas ? [] : [{ stream: name, site: twice }];
  });
  return [...Map.groupBy(shared, ({ site }) => site)].map(([site, of]) => ({
    kind: 'oneSite',
    site,
    streams: of.map(({ stream }) => stream).sort(),
  }));
};
