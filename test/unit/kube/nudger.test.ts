/** Controllers that back off are woken by an annotation, and by nothing that is asked for. */
import { describe, expect, it } from '@jest/globals';
import type { ApiCall } from '../../../operator/kube/client.ts';
import { type KubeObject, parseObject } from '../../../operator/kube/objects.ts';
import { differenceOf } from '../../../operator/kube/owned-fields.ts';
import { createNudger } from '../../../operator/kube/replicas.ts';
import { Store } from '../../../operator/kube/store.ts';

const { signal } = new AbortController();
const target = { namespace: 'vouchers', name: 'chengdu-intake', atMs: Date.parse('2027-03-01T02:00:00Z') };

const play = async (isThere: boolean, atMs: readonly number[] = [target.atMs]) => {
  const calls: ApiCall[] = [];
  const store = new Store<KubeObject>({ onChange: () => undefined, onListenerError: () => undefined });
  const metadata = { name: target.name, namespace: target.namespace, uid: 'd-1', resourceVersion: '7' };
  if (isThere) store.put(parseObject({ metadata, spec: { replicas: 4 } }));
  const nudger = createNudger(
    {
      call: async (call) => {
        calls.push(call);
        return { metadata: { ...metadata, resourceVersion: '8' }, spec: { replicas: 4 } };
      },
      open: () => Promise.reject(new Error('nothing is watched')),
    },
    store,
  );
  for (const at of atMs) await nudger.askAgain({ ...target, atMs: at }, signal);
  return calls;
};

describe('asking again', () => {
  it('writes one annotation of that very object, by a manager of its own', async () => {
    const [call, ...more] = await play(true);
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      verb: 'apply',
      name: 'chengdu-intake',
      query: { fieldManager: 'voucher-operator-ask-again' },
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: {
          name: 'chengdu-intake',
          namespace: 'vouchers',
          uid: 'd-1',
          annotations: { 'voucher-operator.io/asked-again': '2027-03-01T02:00:00.000Z' },
        },
      },
    });
    expect(Object.keys(call?.body as object)).toEqual(['apiVersion', 'kind', 'metadata']);
  });

  it('makes no Deployment where there is none', async () => {
    expect(await play(false)).toEqual([]);
  });

  it('asks at most 20 times a second for all campaigns together', async () => {
    const inOneSecond = Array.from({ length: 50 }, (_, n) => target.atMs + n);
    expect(await play(true, inOneSecond)).toHaveLength(20);
    expect(await play(true, [...inOneSecond, target.atMs + 1_000])).toHaveLength(21);
  });

  it('is no difference to the manifest that the operator applies', () => {
    const own = {
      manager: 'voucher-operator',
      operation: 'Apply',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    };
    const asked = {
      manager: 'voucher-operator-ask-again',
      operation: 'Apply',
      fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:voucher-operator.io/asked-again': {} } } },
    };
    const live = parseObject({
      metadata: {
        name: 'a',
        uid: 'u',
        resourceVersion: '1',
        labels: { a: 'b' },
        annotations: { 'voucher-operator.io/asked-again': 'x' },
        managedFields: [own, asked],
      },
    });
    expect(differenceOf({ metadata: { name: 'a', labels: { a: 'b' } } }, live, 'voucher-operator')).toBeUndefined();
  });
});
