import { describe, expect, it } from '@jest/globals';
import {
  CLAIMS,
  type Claim,
  isToBeProvisioned,
  isToBeRemoved,
  VOLUMES,
  volumeFor,
} from '../../../tools/cluster/volumes.ts';

const aClaim = (metadata: object = {}, spec: object = {}): Claim => {
  const [claim] = CLAIMS.parse({
    items: [
      {
        metadata: {
          name: 'data-0',
          namespace: 'city',
          uid: 'u-1',
          annotations: { 'volume.kubernetes.io/selected-node': 'one' },
          ...metadata,
        },
        spec: { storageClassName: 'local', resources: { requests: { storage: '1Gi' } }, ...spec },
      },
    ],
  }).items;
  if (claim === undefined) throw new Error('no claim');
  return claim;
};

describe('a claim', () => {
  it.each([
    ['gets a volume when its pod was given to this node', aClaim(), true],
    ['waits for its first pod', aClaim({ annotations: {} }), false],
    ['of another node is that node’s', aClaim({ annotations: { 'volume.kubernetes.io/selected-node': 'two' } }), false],
    ['of another class is not ours', aClaim({}, { storageClassName: 'fast' }), false],
    ['that is bound has its volume', aClaim({}, { volumeName: 'pvc-u-1' }), false],
    ['that is being deleted gets none', aClaim({ deletionTimestamp: '2026-01-01T00:00:00Z' }), false],
    ['for a block device gets none: a folder is no device', aClaim({}, { volumeMode: 'Block' }), false],
  ] as const)('%s', (_, claim, expected) => {
    expect(isToBeProvisioned(claim, 'one')).toBe(expected);
  });

  it('gets the same volume however often it is asked for, for itself alone and on this node', () => {
    const volume = volumeFor(aClaim(), 'one', '/volumes');
    expect(volume).toEqual(volumeFor(aClaim(), 'one', '/volumes'));
    expect(volume.spec).toMatchObject({
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: 'city', name: 'data-0', uid: 'u-1' },
      local: { path: '/volumes/pvc-u-1' },
    });
    expect(JSON.stringify(volume.spec.nodeAffinity)).toContain('"values":["one"]');
  });
});

describe('a volume', () => {
  const aVolume = (phase: string, policy = 'Delete', by = 'voucher.dev/local') => {
    const [volume] = VOLUMES.parse({
      items: [
        {
          metadata: { name: 'pvc-u-1', annotations: { 'pv.kubernetes.io/provisioned-by': by } },
          spec: { persistentVolumeReclaimPolicy: policy },
          status: { phase },
        },
      ],
    }).items;
    if (volume === undefined) throw new Error('no volume');
    return volume;
  };

  it.each([
    ['goes after its claim', aVolume('Released'), true],
    ['stays while its claim is there', aVolume('Bound'), false],
    ['stays when somebody asked to retain it', aVolume('Released', 'Retain'), false],
    ['of another provisioner is not ours', aVolume('Released', 'Delete', 'else'), false],
  ] as const)('%s', (_, volume, expected) => {
    expect(isToBeRemoved(volume)).toBe(expected);
  });
});
