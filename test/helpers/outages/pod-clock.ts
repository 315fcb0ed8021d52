/**
 * An intake pod on a node whose clock is wrong: the pods' own template, and a clock that is so many seconds ahead. It is a
 * pod of the tier by its labels, and of no ReplicaSet.
 */
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { Condition } from '../../../contract/types/common.ts';
import { eventually } from '../eventually.ts';
import { CAMPAIGN_NAMESPACE, type Platform } from '../platform.ts';
import { wrongClockOptions } from '../wrong-clock.ts';

export interface SeenPodClock {
  readonly condition?: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;
  readonly events: readonly { readonly reason: string; readonly message: string }[];
  readonly secondsUntilSeen: number;
  /** Of the pod, when the condition was there. */
  readonly isReady: boolean;
}

const POD = 'test-intake-wrong-clock';
const WITHIN = { timeoutMs: 90_000, everyMs: 100 };

const clocksAgree = (platform: Platform) =>
  platform.stack.snapshot().conditions.find(({ type }) => type === 'ClocksAgree');

/** Resolves when clocks agree again, and the pod is gone. @param name of the campaign */
export const podClock = async (platform: Platform, name: string, aheadSeconds: number): Promise<SeenPodClock> => {
  const pods = `/api/v1/namespaces/${CAMPAIGN_NAMESPACE}/pods`;
  const get = async <T>(path: string): Promise<T> => (await platform.api.call({ method: 'GET', path })) as T;
  await eventually(() => clocksAgree(platform)?.status === 'True', { ...WITHIN, what: 'clocks that agree' });
  const { spec } = await get<{ readonly spec: { readonly template: PodTemplateSpec } }>(
    `/apis/apps/v1/namespaces/${CAMPAIGN_NAMESPACE}/deployments/${name}-intake`,
  );
  const { metadata, spec: podSpec } = spec.template;
  await platform.api.call({
    method: 'POST',
    path: pods,
    body: {
      metadata: { name: POD, labels: metadata?.labels },
      spec: {
        ...podSpec,
        containers: podSpec?.containers.map((container) => ({
          ...container,
          env: [
            ...(container.env ?? []).filter((variable) => variable.name !== 'NODE_OPTIONS'),
            { name: 'NODE_OPTIONS', value: wrongClockOptions(aheadSeconds) },
          ],
        })),
      },
    },
  });
  try {
    const pod = (): Promise<Pod> => get<Pod>(`${pods}/${POD}`);
    // From its first metrics page on it can be known.
    const running = async (): Promise<boolean> => (await pod()).status?.containerStatuses?.[0]?.started === true;
    await eventually(running, { ...WITHIN, what: 'the pod to run' });
    const runsAtMs = Date.now();
    const condition = await eventually(
      () => {
        const now = clocksAgree(platform);
        return now?.status === 'False' ? now : undefined;
      },
      { ...WITHIN, what: 'ClocksAgree to be False' },
    );
    const secondsUntilSeen = (Date.now() - runsAtMs) / 1000;
    const events = await eventually(
      () => {
        const told = platform.stack.events().filter(({ reason }) => reason === 'ClockOff');
        return told.length > 0 && told;
      },
      { ...WITHIN, what: 'the event' },
    );
    const isReady = (await pod()).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    const { type, status, reason, message } = condition;
    return {
      condition: { type, status, reason, message },
      events: events.map((event) => ({ reason: event.reason, message: event.message })),
      secondsUntilSeen,
      isReady: isReady === true,
    };
  } finally {
    await platform.api.call({ method: 'DELETE', path: `${pods}/${POD}?gracePeriodSeconds=0` });
    await eventually(() => clocksAgree(platform)?.status === 'True', { ...WITHIN, what: 'clocks that agree again' });
  }
};
