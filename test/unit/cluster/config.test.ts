import { describe, expect, it } from '@jest/globals';
import { addons } from '../../../tools/cluster/addons.ts';
import { CLUSTER_BINARIES } from '../../../tools/cluster/binaries.ts';
import * as components from '../../../tools/cluster/components.ts';
import {
  auditPolicy,
  clientEnvironment,
  containerdConfig,
  internalKubeconfig,
  kubeletConfig,
} from '../../../tools/cluster/config.ts';
import { identities } from '../../../tools/cluster/pki.ts';
import { addressesOf, placeOf } from '../../../tools/cluster/place.ts';

const place = placeOf('one', '/clusters');
const addresses = addressesOf(0);

const processes = [
  components.etcd(place),
  components.apiServer(place, addresses),
  components.controllerManager(place, addresses),
  components.scheduler(place),
  components.containerd(place),
  components.kubelet(place, addresses),
  components.kubeProxy(place),
];

describe('the servers', () => {
  it('are all among the binaries that the cluster brings', () => {
    const names = CLUSTER_BINARIES.flatMap((binary) => binary.names);
    for (const { command } of processes) expect(names).toContain(command[0].replace('/clusters/one/bin/', ''));
  });

  it('keep every file below the cluster’s folder, so that two clusters never share one', () => {
    const paths = processes.flatMap(({ command }) => command.flatMap((part) => /(?:^|=)(\/.*)$/.exec(part)?.[1] ?? []));
    for (const path of paths) expect(path).toMatch(/^\/clusters\/one\//);
  });

  it('leave HorizontalPodAutoscalers at upstream’s period unless another is stated', () => {
    const period = (seconds?: number) =>
      components
        .controllerManager(place, addresses, { horizontalSyncSeconds: seconds })
        .command.filter((part) => part.startsWith('--horizontal-pod-autoscaler'));
    expect(period()).toEqual([]);
    expect(period(1)).toEqual(['--horizontal-pod-autoscaler-sync-period=1s']);
  });

  it('read certificates that are issued', () => {
    const issued = identities(place, addresses).map(({ file }) => `/clusters/one/pki/${file}.crt`);
    const read = processes
      .flatMap(({ command }) => command.flatMap((part) => /=(\/clusters\/one\/pki\/.*\.crt)$/.exec(part)?.[1] ?? []))
      .filter((path) => !path.endsWith('/ca.crt'));
    expect(issued).toEqual(expect.arrayContaining(read));
    expect(JSON.stringify(internalKubeconfig(place, addresses, 'proxy'))).toContain('/clusters/one/pki/proxy.crt');
  });
});

describe('the configuration', () => {
  it('keeps pods below the cluster’s own cgroup and asks the cluster’s own DNS', () => {
    expect(kubeletConfig(place, addresses)).toMatchObject({ cgroupRoot: '/one', clusterDNS: ['10.200.128.10'] });
  });

  it('audits writes without their bodies, which hold Secrets and citizens', () => {
    const text = JSON.stringify(auditPolicy());
    expect(text).toContain('"level":"Metadata","verbs":["create","update","patch","delete","deletecollection"]');
    expect(text).not.toMatch(/"level":"Request/);
  });

  it('keeps kubectl from a proxy, which has no way to the cluster, and keeps what the user excepts', () => {
    expect(clientEnvironment(place, addresses, { NO_PROXY: 'intranet' })).toEqual({
      KUBECONFIG: '/clusters/one/kubeconfig',
      NO_PROXY: 'intranet,10.200.0.0/16',
    });
    expect(clientEnvironment(place, addresses, {})['NO_PROXY']).toBe('10.200.0.0/16');
  });

  it('quotes paths for containerd', () => {
    expect(containerdConfig(placeOf('one', '/a "b"'))).toContain('address = "/a \\"b\\"/one/run/containerd.sock"');
  });

  it('gives cluster DNS the address that kubelet tells the pods', () => {
    expect(addons(addresses)).toContainEqual(
      expect.objectContaining({ kind: 'Service', spec: expect.objectContaining({ clusterIP: '10.200.128.10' }) }),
    );
  });
});
