import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeError } from '../../../operator/kube/errors.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Received, StrawApiServer } from './api-server.ts';
import { connectTo, STRAWS, type StrawClient } from './straw-client.ts';

const target = { resource: STRAWS, namespace: 'vouchers', name: 's1' } as const;
const OK = { status: 200, body: { ok: true } };
const { signal } = new AbortController();

let server: StrawApiServer;
let straw: StrawClient;

beforeEach(async () => {
  server = await new StrawApiServer().start();
  server.handler = () => OK;
  straw = await connectTo(server);
});

afterEach(async () => {
  await straw.close();
  await server.stop();
});

const failure = async (call: Promise<unknown>): Promise<KubeError> => {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof KubeError) return error;
  throw new Error('no KubeError', { cause: error });
};
const refusal = (code: number, reason: string, message: string) => ({
  status: code,
  body: { kind: 'Status', code, reason, message },
});

describe('a call', () => {
  it('carries credentials, the field manager and its content type', async () => {
    const query = { fieldManager: 'voucher-operator', force: 'true', absent: undefined };
    await straw.client.call({ ...target, verb: 'apply', query, body: { a: 1 } }, signal);
    const [{ method, path, headers, body, query: sent }] = server.received as [Received];
    expect({ method, path, body: JSON.parse(body) }).toEqual({
      method: 'PATCH',
      path: '/apis/straw.example/v1/namespaces/vouchers/straws/s1',
      body: { a: 1 },
    });
    expect(headers.authorization).toBe('Bearer straw-token');
    expect(headers['content-type']).toBe('application/apply-patch+yaml');
    expect(sent.toString()).toBe('fieldManager=voucher-operator&force=true');
  });

  it.each([
    [404, 'NotFound', 'not_found'],
    [409, 'AlreadyExists', 'already_exists'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'expired'],
    [422, 'Invalid', 'invalid'],
    [403, 'Forbidden', 'forbidden'],
  ])('says what %d %s means, in the server’s words, without asking again', async (status, reason, kind) => {
    server.nextAnswers.push(refusal(status, reason, 'the server says why'));
    const error = await failure(straw.client.call({ ...target, verb: 'apply', body: {} }, signal));
    expect(error).toMatchObject({ kind, status, reason, attempt: 1 });
    expect(error.message).toBe(`apply straws vouchers/s1: ${status} ${reason}: the server says why`);
    expect(server.received).toHaveLength(1);
  });

  it('waits out Retry-After, also for a write', async () => {
    server.nextAnswers.push({ status: 429, headers: { 'retry-after': '1' } });
    const before = performance.now();
    await straw.client.call({ ...target, verb: 'create', body: {} }, signal);
    expect(performance.now() - before).toBeGreaterThanOrEqual(990);
    expect(straw.calls.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`)).toEqual([
      'create straws 429',
      'create straws 200',
    ]);
  });

  it('leaves a long Retry-After to its caller', async () => {
    server.nextAnswers.push({ status: 429, headers: { 'retry-after': '60' } });
    const error = await failure(straw.client.call({ ...target, verb: 'get' }, signal));
    expect(error).toMatchObject({ kind: 'throttled', retryAfterMs: 60_000 });
    expect(server.received).toHaveLength(1);
  });

  it.each(['get', 'list', 'apply'] as const)('repeats a %s whose connection broke', async (verb) => {
    server.nextAnswers.push('reset', { status: 503 });
    await straw.client.call({ ...target, verb }, signal);
    expect(server.received).toHaveLength(3);
  });

  it.each(['create', 'update', 'patch'] as const)('never repeats a %s that may have been done', async (verb) => {
    server.nextAnswers.push('reset');
    const error = await failure(straw.client.call({ ...target, verb, body: {} }, signal));
    expect(error.kind).toBe('connection');
    expect(server.received).toHaveLength(1);
  });

  it('tells a caller that comes again by itself at once why a server failed', async () => {
    const words = 'failed calling webhook "guard.example.com": no endpoints available';
    server.nextAnswers.push(refusal(500, 'InternalError', words));
    const error = await failure(straw.client.call({ ...target, verb: 'apply', body: {}, isOnce: true }, signal));
    expect(error).toMatchObject({ kind: 'server', said: words, isRefusal: true });
    expect(server.received).toHaveLength(1);
  });

  it.each([
    [403, 'Forbidden', true],
    [422, 'Invalid', true],
    [400, 'BadRequest', true],
    [409, 'Conflict', false],
    [404, 'NotFound', false],
  ])('knows whether %d %s is a refusal', async (status, reason, want) => {
    server.nextAnswers.push(refusal(status, reason, 'why'));
    const error = await failure(straw.client.call({ ...target, verb: 'apply', body: {} }, signal));
    expect(error).toMatchObject({ said: 'why', isRefusal: want });
  });

  it('gives up after four attempts and says so', async () => {
    server.nextAnswers.push({ status: 500 }, { status: 500 }, { status: 500 }, { status: 500 });
    expect(await failure(straw.client.call({ ...target, verb: 'get' }, signal))).toMatchObject({
      kind: 'server',
      attempt: 4,
    });
  });

  it('reads credentials anew once after 401', async () => {
    server.nextAnswers.push({ status: 401 });
    await straw.client.call({ ...target, verb: 'get' }, signal);
    server.nextAnswers.push({ status: 401 }, { status: 401 });
    expect(await failure(straw.client.call({ ...target, verb: 'get' }, signal))).toMatchObject({
      kind: 'unauthorized',
      attempt: 2,
    });
  });

  it('ends at its deadline when nobody answers', async () => {
    server.nextAnswers.push('hang');
    const error = await failure(straw.client.call({ ...target, verb: 'get', timeoutMs: 100 }, signal));
    expect(error.kind).toBe('timeout');
    expect(straw.calls).toEqual([expect.objectContaining({ code: 'timeout' })]);
  });

  it('ends with the caller’s reason when the caller gives up', async () => {
    server.nextAnswers.push('hang');
    const controller = new AbortController();
    const call = straw.client.call({ ...target, verb: 'get' }, controller.signal);
    await eventually(() => server.received.length === 1, { what: 'the request' });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it('says that an answer is no JSON', async () => {
    server.nextAnswers.push({ status: 200, text: '<html>a proxy</html>' });
    expect((await failure(straw.client.call({ ...target, verb: 'get' }, signal))).kind).toBe('garbled');
  });

  it('shares connections among calls', async () => {
    const ports = new Set<number | undefined>();
    server.handler = () => OK;
    server.onConnection((port) => ports.add(port));
    for (let n = 0; n < 50; n += 1) await straw.client.call({ ...target, verb: 'get' }, signal);
    // The pool takes a second one when a call follows before the first is back.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('writes nothing once it may not, not even again', async () => {
    let mayWrite = true;
    const guarded = await connectTo(server, {
      assertMayWrite: () => {
        if (!mayWrite) throw new Error('the lease is lost');
      },
    });
    server.handler = ({ method }) => {
      if (method === 'GET') return OK;
      mayWrite = false;
      return { status: 429, headers: { 'retry-after': '0' } };
    };
    const call = guarded.client.call({ ...target, verb: 'apply', body: {} }, signal);
    await expect(call).rejects.toThrow('the lease is lost');
    await guarded.client.call({ ...target, verb: 'get' }, signal);
    expect(server.received.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
    await guarded.close();
  });
});
