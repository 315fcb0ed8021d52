import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { serviceNamespaceOf } from '../../../contract/cluster-host.ts';
import { clusterProvider } from '../../../local/demo/provider.ts';
import { OUTSIDE_PORT, outsideManifests } from '../../../local/on-cluster/outside.ts';
import { peopleManifests } from '../../../local/on-cluster/people.ts';

const { url, server, secret } = clusterProvider();
if (server === undefined) throw new Error('the provider of a cluster is a pod');
const items = JSON.parse(outsideManifests(server, 'voucher-crowd:dev')).items;
const of = (kind: string) => items.find((item: { kind: string }) => item.kind === kind);

describe('a server outside the product, on a cluster', () => {
  it('is reached by its Service, whose pod it selects', () => {
    expect(new URL(url).hostname.split('.')[0]).toBe(of('Service').metadata.name);
    expect(serviceNamespaceOf(new URL(url).hostname, 'vouchers')).toBe(of('Service').metadata.namespace);
    expect(Number(new URL(url).port)).toBe(of('Service').spec.ports[0].port);
    expect(of('Pod').metadata.labels).toMatchObject(of('Service').spec.selector);
  });

  it('runs a program of the repository on that port, with the keys of its Secret', () => {
    const [container] = of('Pod').spec.containers;
    expect(container.args.join(' ')).toContain(`--port ${OUTSIDE_PORT} --keys-dir /keys`);
    const file = container.command[1].replace('/app/', '').replace(/\.js$/, '.ts');
    expect(existsSync(join(import.meta.dirname, '../../..', file))).toBe(true);
    expect(of('Secret').stringData).toEqual(secret);
    expect(JSON.stringify(of('Pod'))).not.toContain(Object.values(secret)[1]);
  });
});

describe('the people of the demo', () => {
  it('have roles of the chart: the owner may authorise, the witnesses enter values', () => {
    const roles = JSON.parse(peopleManifests('vouchers', 'voucher-system-voucher')).items.map(
      (item: { subjects: [{ name: string }]; roleRef: { name: string } }) => [item.subjects[0].name, item.roleRef.name],
    );
    expect(roles).toEqual([
      ['demo-owner', 'voucher-system-voucher-campaign-owner'],
      ['demo-notary', 'voucher-system-voucher-draw-witness'],
      ['demo-journalist', 'voucher-system-voucher-draw-witness'],
    ]);
  });
});
