import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLeaseStore } from '../../../operator/kube/leases.ts';
import { eventually } from '../../helpers/eventually.ts';
import { StrawApiServer } from './api-server.ts';
import { connectTo, STRAWS, type StrawClient } from './straw-client.ts';

/** 30 watched namespaces with ten watches each; any bound that "is surely enough" is below some installation. */
const WATCHES = 300;

let server: StrawApiServer;
let straw: StrawClient;
let leaving: AbortController;

beforeEach(async () => {
  server = await new StrawApiServer().start();
  straw = await connectTo(server);
  leaving = new AbortController();
});

afterEach(async () => {
  leaving.abort();
  await straw.close();
  await server.stop();
});

const namespaceOf = (index: number): string => `city-${index}`;

const openWatches = (): void => {
  for (let index = 0; index < WATCHES; index += 1) {
    const query = { watch: 'true', timeoutSeconds: '600', resourceVersion: '100' };
    const call = { resource: STRAWS, namespace: namespaceOf(index), verb: 'watch', query } as const;
    straw.client.open(call, leaving.signal).catch(() => undefined);
  }
};

const leaseBody = { metadata: { resourceVersion: '1' }, spec: { holderIdentity: 'us', leaseDurationSeconds: 4 } };
const RECORD = { holder: 'us', durationMs: 4_000, acquiredAtMs: 0, renewedAtMs: 0, transitions: 0 };

const renewAndWrite = async (): Promise<readonly string[]> => {
  const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(30_000)]);
  const leases = createLeaseStore(straw.leaseClient, 'voucher-system', 'voucher-operator');
  const renewed = await leases.write(RECORD, '1', signal);
  const target = { resource: STRAWS, namespace: 'vouchers', name: 's1' } as const;
  await straw.client.call({ ...target, verb: 'update', body: {} }, signal);
  await straw.client.call({ ...target, verb: 'get' }, signal);
  return [renewed === 'conflict' ? 'conflict' : renewed.holder, 'written', 'read'];
};

describe('lanes', () => {
  beforeEach(() => {
    server.handler = () => ({ status: 200, body: leaseBody });
  });

  it('open every watch at once, however many namespaces are watched, and renew and write beside them', async () => {
    server.opensFrozen = true;
    openWatches();
    await eventually(() => server.openWatches === WATCHES, { what: `${WATCHES} watches are open` });
    expect(await renewAndWrite()).toEqual(['us', 'written', 'read']);
  });

  it('let a renewal and a write pass lists that no server answers', async () => {
    server.beforeList = () => new Promise(() => undefined);
    for (let index = 0; index < WATCHES; index += 1) {
      const call = { resource: STRAWS, namespace: namespaceOf(index), verb: 'list', timeoutMs: 600_000 } as const;
      straw.client.call(call, leaving.signal).catch(() => undefined);
    }
    await eventually(() => server.received.length === WATCHES, { what: `${WATCHES} lists were asked for` });
    expect(await renewAndWrite()).toEqual(['us', 'written', 'read']);
  });

  it('let a renewal pass writes that no server answers', async () => {
    server.handler = ({ path }) => (path.includes('/leases/') ? { status: 200, body: leaseBody } : 'hang');
    for (let index = 0; index < WATCHES; index += 1) {
      const target = { resource: STRAWS, namespace: 'vouchers', name: `s${index}` } as const;
      straw.client
        .call({ ...target, verb: 'update', body: {}, timeoutMs: 600_000 }, leaving.signal)
        .catch(() => undefined);
    }
    const leases = createLeaseStore(straw.leaseClient, 'voucher-system', 'voucher-operator');
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(30_000)]);
    expect(await leases.write(RECORD, '1', signal)).toMatchObject({ holder: 'us' });
  });
});
