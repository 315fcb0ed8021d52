import { describe, expect, it } from '@jest/globals';
import type { InformerTrouble } from '../../../operator/kube/informer.ts';
import { createServedNamespaces, type Service } from '../../../operator/kube/served.ts';

const straw = (resource: string, namespace: string | undefined) => ({
  isOptional: resource === 'jobs',
  resource,
  namespace,
  informer: {
    isSynced: false,
    trouble: undefined as InformerTrouble | undefined,
  },
});
const REFUSED = { error: new Error('403'), failures: 1, isRefused: true, sinceMs: 0 };
const broken = (failures: number) => ({ error: new Error('500'), failures, isRefused: false, sinceMs: 0 });

const world = (namespaces: readonly (string | undefined)[]) => {
  const watched = namespaces.flatMap((namespace) => [
    straw('campaigns', namespace),
    straw('pods', namespace),
    straw('jobs', namespace),
  ]);
  const changes: [string | undefined, Service['kind']][] = [];
  const served = createServedNamespaces(watched, (namespace, { kind }) => changes.push([namespace, kind]));
  const set = (
    namespace: string | undefined,
    state: Partial<(typeof watched)[number]['informer']>,
    resource?: string,
    nowMs = 0,
  ) => {
    for (const one of watched) {
      if (one.namespace === namespace && (resource ?? one.resource) === one.resource)
        Object.assign(one.informer, state);
    }
    served.look(nowMs);
  };
  return { served, changes, set };
};
const SEEN = { isSynced: true, trouble: undefined };

describe('namespaces that are watched', () => {
  it('wait until every list was seen once', () => {
    const { served, set } = world(['a']);
    expect([served.of('a').kind, served.isSettled()]).toEqual(['waits', false]);
    set('a', SEEN, 'campaigns');
    expect([served.of('a').kind, served.isSettled()]).toEqual(['waits', false]);
    set('a', SEEN, 'pods');
    expect([served.of('a').kind, served.isSettled()]).toEqual(['served', true]);
  });

  it('are served although their Jobs are refused, which are then not seen', () => {
    const { served, set } = world(['a']);
    set('a', SEEN);
    expect(served.isSeen('jobs', 'a', 0)).toBe(true);
    set('a', { isSynced: false, trouble: REFUSED }, 'jobs', 40_000);
    expect([served.of('a').kind, served.isSettled(), served.isSeen('jobs', 'a', 40_000)]).toEqual([
      'served',
      true,
      false,
    ]);
    set('a', { isSynced: true, trouble: REFUSED }, 'jobs', 40_000);
    expect([served.of('a').kind, served.isSeen('jobs', 'a', 40_000)]).toEqual(['served', false]);
  });

  it('are left out when one list of them is refused, and hold up no other', () => {
    const { served, set, changes } = world(['a', 'b']);
    set('a', SEEN);
    set('b', SEEN, 'campaigns');
    set('b', { trouble: REFUSED }, 'pods');
    expect(served.of('b')).toEqual({ kind: 'left_out', resource: 'pods', error: REFUSED.error, isEverywhere: false });
    expect([served.of('a').kind, served.isSettled(), [...served.leftOut().keys()]]).toEqual(['served', true, ['b']]);
    expect(changes).toEqual([
      ['a', 'served'],
      ['b', 'left_out'],
    ]);
  });

  it('are settled also when all of them are left out: readiness must not fail for a namespace', () => {
    const { served, set } = world(['a']);
    set('a', { trouble: REFUSED });
    expect(served.isSettled()).toBe(true);
  });

  it('are picked up once they can be listed, and left out again when rights are taken away', () => {
    const { served, set, changes } = world(['b']);
    set('b', { trouble: REFUSED });
    set('b', SEEN);
    set('b', { trouble: REFUSED }, undefined, 30_000);
    expect(served.of('b').kind).toBe('left_out');
    expect(changes.map(([, kind]) => kind)).toEqual(['left_out', 'served', 'left_out']);
  });

  it('are left out for other failures only when they last, and another namespace is served', () => {
    const { served, set } = world(['a', 'b']);
    set('b', { trouble: broken(3) });
    expect([served.of('b').kind, served.isSettled()]).toEqual(['waits', false]);
    set('a', SEEN);
    served.look(0);
    expect([served.of('b').kind, served.isSettled()]).toEqual(['left_out', true]);
  });

  it('go on being served while a watch breaks that was seen once', () => {
    const { served, set } = world(['a', 'b']);
    set('a', SEEN);
    set('b', SEEN);
    set('b', { trouble: broken(20) });
    expect(served.of('b').kind).toBe('served');
  });

  it('are all of them or none for an operator of the whole cluster', () => {
    const { served, set } = world([undefined]);
    set(undefined, { trouble: REFUSED });
    expect([served.isSettled(), [...served.leftOut().keys()]]).toEqual([false, ['*']]);
    expect(served.of('any')).toMatchObject({ kind: 'left_out', isEverywhere: true });
    set(undefined, SEEN);
    expect([served.of('any').kind, served.isSettled(), served.leftOut().size]).toEqual(['served', true, 0]);
  });

  it.each([[undefined], ['a']])('go on being served through a refusal that lasts less than 30 s (%s)', (namespace) => {
    const { served, set, changes } = world([namespace]);
    set(namespace, SEEN);
    // As for a moment after the API server's restart.
    set(namespace, { trouble: { ...REFUSED, sinceMs: 100_000 } }, 'pods', 129_999);
    expect([served.of('a').kind, served.isSettled(), served.leftOut().size]).toEqual(['served', true, 0]);
    set(namespace, SEEN, 'pods', 130_000);
    set(namespace, { trouble: { ...REFUSED, sinceMs: 130_001 } }, 'pods', 131_000);
    expect(changes).toEqual([[namespace, 'served']]);
    set(namespace, {}, 'pods', 160_001);
    expect(served.of('a').kind).toBe('left_out');
  });
});
