/** What only events say, and what is asked for only while somebody needs it. */
import { describe, expect, it } from '@jest/globals';
import { createLook } from '../../../operator/kube/look.ts';
import { parseObject } from '../../../operator/kube/objects.ts';
import { wordsOf } from '../../../operator/kube/pods/mount-failures.ts';
import { keepPod } from '../../../operator/kube/pods/pods.ts';
import { tierProblems } from '../../../operator/kube/pods/problems.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const NOW_MS = Date.parse('2027-03-01T02:10:00Z');
const agoText = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString();
const event = (uid: string, reason: string, note: string, seconds: number) => ({
  regarding: { kind: 'Pod', uid },
  reason,
  note,
  eventTime: null,
  deprecatedLastTimestamp: agoText(seconds),
});

describe('wordsOf', () => {
  it('takes the newest of each kind by pod, and leaves out what is over', () => {
    const words = wordsOf({
      items: [
        event('a', 'FailedMount', 'old', 90),
        event('a', 'FailedCreatePodSandBox', 'no addresses left', 4),
        event('a', 'FailedScheduling', '0/1 nodes are available', 1),
        event('b', 'Unhealthy', 'Readiness probe failed: 503', 20),
      ],
    });
    expect([...words]).toEqual([
      ['a', { making: { reason: 'FailedCreatePodSandBox', message: 'no addresses left', atMs: NOW_MS - 4_000 } }],
      ['b', { probes: { reason: 'Unhealthy', message: 'Readiness probe failed: 503', atMs: NOW_MS - 20_000 } }],
    ]);
    expect([...wordsOf({ items: null })]).toEqual([]);
  });
});

describe('tierProblems with them', () => {
  const metadata = (name: string) => ({
    name,
    namespace: 'vouchers',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: agoText(400),
    labels: { 'app.kubernetes.io/component': 'intake', 'voucher-operator.io/campaign': 'chengdu' },
  });
  const deployment = parseObject({
    metadata: metadata('chengdu-intake'),
    spec: { replicas: 1 },
    status: { replicas: 1, updatedReplicas: 1 },
  });
  const pod = (status: object, more: object = {}) =>
    keepPod(
      parseObject({ metadata: { ...metadata('a'), ...more }, spec: { nodeName: 'n', containers: [{}] }, status }),
    );
  const making = pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    containerStatuses: [{ name: 'intake', state: { waiting: { reason: 'ContainerCreating' } } }],
  });
  const told = (pods: readonly ReturnType<typeof pod>[], events: readonly object[]) =>
    tierProblems({ deployment, pods, words: wordsOf({ items: events }), nowMs: NOW_MS });

  it('names the cause, with the age of words that may be old', () => {
    expect(told([making], [event('a', 'FailedCreatePodSandBox', 'no addresses left', 4)])).toEqual([
      { kind: 'not_starting', replicas: 1, reason: 'FailedCreatePodSandBox', message: 'no addresses left' },
    ]);
    expect(told([making], [event('a', 'FailedMount', 'secret not found', 100)])).toMatchObject([
      { reason: 'FailedMount', saidSecondsAgo: 100 },
    ]);
    expect(told([making], [event('a', 'FailedMount', 'secret not found', 1_000)])).toMatchObject([
      { reason: 'ContainerCreating' },
    ]);
  });

  it('adds what the probe says', () => {
    const unready = pod({
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', lastTransitionTime: agoText(300) }],
      containerStatuses: [{ name: 'intake', started: true, state: { running: { startedAt: agoText(390) } } }],
    });
    expect(told([unready], [event('a', 'Unhealthy', 'Readiness probe failed: 503', 10)])).toMatchObject([
      { kind: 'not_ready', reason: 'ReadinessProbe', message: expect.stringContaining('Readiness probe failed: 503') },
    ]);
  });

  it('tells of pods that ended a moment ago, and of those that do not end, while some are missing', () => {
    const evicted = (seconds: number) =>
      pod(
        { phase: 'Failed', reason: 'Evicted', message: 'low on memory', startTime: agoText(seconds) },
        { creationTimestamp: agoText(seconds) },
      );
    const stuck = pod({ phase: 'Running' }, { deletionTimestamp: agoText(90) });
    const ready = pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, { name: 'b', uid: 'b' });
    expect(told([evicted(20)], [])).toMatchObject([{ kind: 'ended', reason: 'Evicted', message: 'low on memory' }]);
    expect(told([evicted(90)], [])).toEqual([]);
    expect(told([stuck], [])).toMatchObject([{ kind: 'not_ending', reason: 'Terminating' }]);
    expect(told([evicted(20), stuck, ready], [])).toEqual([]);
  });
});

describe('createLook', () => {
  it('asks while somebody needs it, in the background, and forgets what it could not renew', async () => {
    const clock = new FakeClock(0);
    const { signal } = new AbortController();
    let asked = 0;
    let isDown = false;
    const look = createLook(clock, 2_000, async () => {
      asked += 1;
      if (isDown) throw new Error('down');
      return asked;
    });
    expect(look.of('vouchers', false, signal)).toBeUndefined();
    expect(asked).toBe(0);
    expect(look.of('vouchers', true, signal)).toBeUndefined();
    await clock.advance(500);
    expect([look.of('vouchers', true, signal), asked]).toEqual([1, 1]);
    await clock.advance(2_000);
    look.of('vouchers', true, signal);
    await clock.advance(10);
    expect([look.of('vouchers', true, signal), asked]).toEqual([2, 2]);
    isDown = true;
    await clock.advance(5_000);
    expect(look.of('vouchers', true, signal)).toBe(2);
    await clock.advance(6_000);
    expect(look.of('vouchers', true, signal)).toBeUndefined();
    expect(look.of('vouchers', false, signal)).toBeUndefined();
  });

  it('is shared by the campaigns of a namespace: a healthy one takes it from none of the others', async () => {
    const clock = new FakeClock(0);
    const { signal } = new AbortController();
    let asked = 0;
    const look = createLook(clock, 2_000, async () => {
      asked += 1;
      return 'no room';
    });
    const seen: (string | undefined)[] = [];
    for (let tick = 0; tick < 4; tick += 1) {
      seen.push(look.of('vouchers', true, signal));
      // While the answer is under way, and after it.
      expect(look.of('vouchers', false, signal)).toBeUndefined();
      await clock.advance(1_000);
    }
    expect(seen).toEqual([undefined, 'no room', 'no room', 'no room']);
    expect(asked).toBe(2);
  });
});
