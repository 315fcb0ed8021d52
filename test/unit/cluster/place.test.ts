import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { freeSlot } from '../../../tools/cluster/network.ts';
import { identities } from '../../../tools/cluster/pki.ts';
import { addressesOf, placeOf, SLOTS } from '../../../tools/cluster/place.ts';

describe('where a cluster lies', () => {
  it('has one range on the host, and in it pods, services and the link side by side', () => {
    expect(addressesOf(3)).toEqual({
      range: '10.203.0.0/16',
      pods: '10.203.0.0/17',
      podGateway: '10.203.0.1',
      services: '10.203.128.0/18',
      apiService: '10.203.128.1',
      dns: '10.203.128.10',
      host: '10.203.255.1',
      node: '10.203.255.2',
    });
  });

  it('names its interface within the kernel’s 15 characters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/), (name) => {
        expect(placeOf(name).link.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  it.each(['', 'Upper', '1st', 'ends-', 'thirteen-long', '../etc', 'a b'])(
    'refuses the name %j with the rule',
    (name) => {
      expect(() => placeOf(name)).toThrow(/1 to 12 characters/);
    },
  );

  it('has a socket path that fits into the 107 bytes of an address', () => {
    expect(placeOf('twelve-chars').containerdSocket.length).toBeLessThanOrEqual(107);
  });
});

describe('the slot of a new cluster', () => {
  it.each([
    ['is the first on an empty machine', [], [], 0],
    ['is not another cluster’s', [0, 1], [], 2],
    ['is not where the host has a route already', [], ['default', '10.200.4.0/24', '192.168.0.0/16'], 1],
    ['ignores routes that only begin with the same digits', [], ['10.20.0.0/16', '110.200.0.0/16'], 0],
  ] as const)('%s', (_, taken, routes, slot) => {
    expect(freeSlot(taken, routes)).toBe(slot);
  });

  it('does not exist when all are taken', () => {
    expect(freeSlot([...Array(SLOTS).keys()], [])).toBeUndefined();
  });
});

describe('the certificates', () => {
  const all = identities(placeOf('a'), addressesOf(0));

  it('let the API server be met at its address, at its Service and at its name', () => {
    const names = all.find(({ file }) => file === 'apiserver')?.names;
    expect(names).toEqual(
      expect.arrayContaining(['IP:10.200.255.2', 'IP:10.200.128.1', 'DNS:kubernetes.default.svc.cluster.local']),
    );
  });

  it('make the kubelet a node, which the Node authorizer asks for', () => {
    expect(all.find(({ file }) => file === 'kubelet')).toMatchObject({
      commonName: 'system:node:a',
      organization: 'system:nodes',
    });
  });

  it('make an administrator of nobody but the administrator and the API server itself', () => {
    expect(all.filter(({ organization }) => organization === 'system:masters').map(({ file }) => file)).toEqual([
      'admin',
      'apiserver-kubelet-client',
    ]);
  });
});
