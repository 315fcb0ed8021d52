/** Startup, readiness and liveness probes of one container over HTTP, as the kubelet runs them. */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Probe } from 'kubernetes-types/core/v1.js';

interface ProbeEvents {
  readonly onReady: (ready: boolean) => void;
  /** Startup or liveness has failed: probing ends and the container must be restarted. */
  readonly onUnhealthy: (reason: string) => void;
}

/** Period until the first success; the kubelet's period of a second would delay readiness. */
const STARTING_POLL_MS = 100;

/** With Kubernetes' defaults. */
const timingOf = (probe: Probe) => ({
  periodMs: (probe.periodSeconds ?? 10) * 1_000,
  timeoutMs: (probe.timeoutSeconds ?? 1) * 1_000,
  failureThreshold: probe.failureThreshold ?? 3,
});

/** A status from 200 to 399 is success. Each probe has its own connection, so that a full pool can't fail it. */
const ask = (host: string, port: number, path: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const call = request({ host, port, path, agent: false, signal }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      response.once('end', () => resolve(statusCode >= 200 && statusCode < 400));
    });
    const late = setTimeout(() => call.destroy(), timeoutMs);
    call.on('error', () => undefined);
    // Always the last event; an earlier resolve keeps its value.
    call.once('close', () => {
      clearTimeout(late);
      resolve(false);
    });
    call.end();
  });

/** Ends with the signal or after onUnhealthy. A missing probe counts as passed. */
export const runProbes = async (
  container: Container,
  host: string,
  ports: Readonly<Record<string, number>>,
  signal: AbortSignal,
  { onReady, onUnhealthy }: ProbeEvents,
): Promise<void> => {
  const failed = new AbortController();
  const end = AbortSignal.any([signal, failed.signal]);
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal: end }).catch(() => undefined);

  const succeeds = async (probe: Probe): Promise<boolean> => {
    const { httpGet } = probe;
    if (httpGet === undefined)
      throw new Error(`a probe of ${container.name} is not httpGet, the only kind that is supported here`);
    const port = typeof httpGet.port === 'number' ? httpGet.port : ports[httpGet.port];
    if (port === undefined) throw new Error(`a probe names port ${httpGet.port}, which ${container.name} doesn't have`);
    return ask(host, port, httpGet.path ?? '/', timingOf(probe).timeoutMs, end);
  };

  const unhealthy = (kind: string, probe: Probe): void => {
    failed.abort();
    if (!signal.aborted) onUnhealthy(`${kind} probe ${probe.httpGet?.path ?? ''} failed`);
  };

  const started = async (probe: Probe): Promise<boolean> => {
    const { periodMs, failureThreshold } = timingOf(probe);
    // By time, not by attempts: a hanging attempt takes ten times as long as a refused one.
    const giveUpAtMs = performance.now() + periodMs * failureThreshold;
    while (!end.aborted) {
      if (await succeeds(probe)) return true;
      if (performance.now() >= giveUpAtMs) {
        unhealthy('startup', probe);
        return false;
      }
      await pause(STARTING_POLL_MS);
    }
    return false;
  };

  const watchReadiness = async (probe: Probe): Promise<void> => {
    const { periodMs, failureThreshold } = timingOf(probe);
    let [ready, wasReady] = [false, false];
    let failures = 0;
    while (!end.aborted) {
      const success = await succeeds(probe);
      if (end.aborted) return;
      failures = success ? 0 : failures + 1;
      const next: boolean = success || (ready && failures < failureThreshold);
      if (next !== ready) onReady(next);
      ready = next;
      wasReady ||= next;
      await pause(wasReady ? periodMs : STARTING_POLL_MS);
    }
  };

  const watchLiveness = async (probe: Probe): Promise<void> => {
    const { periodMs, failureThreshold } = timingOf(probe);
    let failures = 0;
    while (!end.aborted) {
      failures = (await succeeds(probe)) ? 0 : failures + 1;
      if (failures >= failureThreshold) unhealthy('liveness', probe);
      else await pause(periodMs);
    }
  };

  const { startupProbe, readinessProbe, livenessProbe } = container;
  if (startupProbe !== undefined && !(await started(startupProbe))) return;
  if (end.aborted) return;
  if (readinessProbe === undefined) onReady(true);
  await Promise.all([readinessProbe && watchReadiness(readinessProbe), livenessProbe && watchLiveness(livenessProbe)]);
};
