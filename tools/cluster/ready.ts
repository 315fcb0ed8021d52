/** Waits until a component answers. If it ends first, fails at once with the end of its log. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiAccess, callApi } from './api.ts';
import type { Place } from './place.ts';
import { isRunning, logTail, recordOf } from './processes.ts';

interface Wait {
  readonly what: string;
  readonly process: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Until `look` returns true; an exception means "not yet". @throws Error with the end of the process's log */
export const until = async (place: Place, wait: Wait, look: () => Promise<boolean>): Promise<void> => {
  const endAtMs = Date.now() + wait.timeoutMs;
  for (let cause: unknown; ; ) {
    wait.signal.throwIfAborted();
    try {
      if (await look()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const record = await recordOf(place, wait.process);
    const isGone = record === undefined || !isRunning(record);
    if (isGone || Date.now() >= endAtMs) {
      const why = isGone ? `${wait.process} ended` : `not ready within ${wait.timeoutMs / 1000} s`;
      throw new Error(`no ${wait.what}: ${why}. The end of its log:\n${await logTail(place, wait.process)}`, { cause });
    }
    await sleep(50, undefined, { signal: wait.signal });
  }
};

/** True when a process listens on the Unix socket. */
export const accepts = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('error', () => resolve(false));
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
  });

export const isServing = async (access: ApiAccess, signal: AbortSignal): Promise<boolean> =>
  (await callApi(access, { method: 'GET', path: '/readyz' }, signal)).status === 200;

/** False while the object does not exist. */
const shows = async <T>(
  access: ApiAccess,
  path: string,
  schema: z.ZodType<T>,
  isGood: (object: T) => boolean,
  signal: AbortSignal,
): Promise<boolean> => {
  const { status, body } = await callApi(access, { method: 'GET', path }, signal);
  return status === 200 && isGood(schema.parse(JSON.parse(body)));
};

const NODE = z.object({
  status: z.object({
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), lastHeartbeatTime: z.string().optional() }))
      .default([]),
  }),
});
type Node = z.infer<typeof NODE>;

/** Ready, with a heartbeat since then: the condition stays True for 40 s after the end of a kubelet. */
export const saidReady = (node: Node, sinceMs: number): boolean =>
  node.status.conditions.some(
    // The API's times are whole seconds.
    ({ type, status, lastHeartbeatTime = '' }) =>
      type === 'Ready' && status === 'True' && Date.parse(lastHeartbeatTime) + 999 >= sinceMs,
  );

export const isNodeReady = (access: ApiAccess, name: string, sinceMs: number, signal: AbortSignal): Promise<boolean> =>
  shows(access, `/api/v1/nodes/${name}`, NODE, (node) => saidReady(node, sinceMs), signal);

const DEPLOYMENT = z.object({ status: z.object({ availableReplicas: z.number().default(0) }) });
const DNS = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';

export const isDnsAvailable = (access: ApiAccess, signal: AbortSignal): Promise<boolean> =>
  shows(access, DNS, DEPLOYMENT, ({ status }) => status.availableReplicas > 0, signal);
