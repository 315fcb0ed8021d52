/** One pod: its files and its process, which is restarted until the pod ends, or until a Job's has done its work. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { stepMs } from '../../runtime/backoff.ts';
import type { PortPool } from '../free-ports.ts';
import type { ManagedProcess, SpawnManaged } from '../managed-process.ts';
import { type RunEnd, runContainer } from './container-run.ts';
import { type Mount, type PodPlace, podEnvironment } from './pod-environment.ts';
import { mountVolumes, type VolumeSources } from './pod-volumes.ts';
import type { StartSlots } from './start-slots.ts';

export const POD_HOST = '127.0.0.1';
const NOT_STARTED = { why: 'ended before its start', isDone: false, readyMs: 0 } as const;
const VOLUME_RETRY_MS = 1_000;
const DEFAULT_GRACE_SECONDS = 30;
/** Shorter than the kubelet's 10 s to 5 min: a campaign would be over by then. */
const RESTART_WAITS = { initialMs: 500, maxMs: 10_000 };
const FORGET_AFTER_MS = 60_000;

/** Failures in a row, including this one; `readyMs` is how long the container had been Ready. */
export const failuresAfter = (before: number, readyMs: number): number => (readyMs >= FORGET_AFTER_MS ? 1 : before + 1);

/** 0.5 s, 1 s, 2 s, 4 s, 8 s, 10 s, 10 s, … */
export const restartWaitMs = (failures: number): number => stepMs(failures, RESTART_WAITS);

export interface PodOptions {
  /** The program for a container; `role` is the label `app.kubernetes.io/component`. */
  readonly command: (
    role: string,
    container: Container,
  ) => { readonly command: string; readonly args: readonly string[] };
  /** Environment below the variables of the manifest, such as PATH. Nothing else is inherited. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Files of pods are in `pods/`, which is removed at the end; logs are in `logs/<pod>.log` and stay. */
  readonly stateDir: string;
  readonly spawn: SpawnManaged;
}

/** What all pods of a cluster share. */
export interface PodWorld extends PodOptions {
  readonly serviceUrl: PodPlace['serviceUrl'];
  readonly logDir: string;
  readonly ports: PortPool;
  readonly slots: StartSlots;
  /** Multiplies preStop sleeps. */
  readonly preStopScale: number;
  readonly log: (line: string) => void;
  readonly volumeSources: (namespace: string) => VolumeSources;
}

type PodIdentity = Pick<Pod, 'name' | 'namespace' | 'labels' | 'revision' | 'createdAtMs'>;

export class Pod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Identifies the pod template. */
  readonly revision: string;
  readonly createdAtMs: number;
  readonly role: string;
  /** Resolves when the process has ended and the files are removed. */
  readonly done: Promise<void>;
  readyAtMs: number | undefined;
  /** Of the process in this pod. */
  restarts = 0;
  /** Of a Job's pod: its process has ended without an error, and is not started again. */
  isDone = false;

  readonly #spec: PodSpec;
  readonly #world: PodWorld;
  readonly #onChange: () => void;
  readonly #ending = new AbortController();
  #process: ManagedProcess | undefined;
  #ports: Readonly<Record<string, number>> = {};
  #mounted: Promise<string | undefined> = Promise.resolve(undefined);
  #said = '';

  constructor(identity: PodIdentity, role: string, spec: PodSpec, world: PodWorld, onChange: () => void) {
    ({
      name: this.name,
      namespace: this.namespace,
      labels: this.labels,
      revision: this.revision,
      createdAtMs: this.createdAtMs,
    } = identity);
    this.role = role;
    this.#spec = spec;
    this.#world = world;
    this.#onChange = onChange;
    this.done = this.#live();
  }

  get ready(): boolean {
    return this.readyAtMs !== undefined && !this.terminating;
  }
  get terminating(): boolean {
    return this.#ending.signal.aborted;
  }
  get pid(): number | undefined {
    return this.#process?.pid;
  }
  /** Port of the running process by container port name. */
  port(name: string): number | undefined {
    return this.#process === undefined ? undefined : this.#ports[name];
  }
  /** `http://127.0.0.1:port` while a process runs. */
  get adminUrl(): string | undefined {
    const port = this.port('admin');
    return port === undefined ? undefined : `http://${POD_HOST}:${port}`;
  }

  /** Leaves the endpoints at once; the process gets SIGTERM after the preStop sleep. */
  end(): void {
    this.#ending.abort();
  }

  /** Updates the files of a running pod; the process notices the change. */
  async refreshVolumes(): Promise<void> {
    if (this.#process === undefined || this.terminating) return;
    this.#report(await this.#mount());
  }

  async #live(): Promise<void> {
    let failures = 0;
    while (!this.terminating) {
      if (!(await this.#volumesReady())) break;
      const { why, readyMs, isDone } = await this.#runOnce();
      this.isDone = isDone && this.#isOfJob();
      if (this.terminating || this.isDone) break;
      failures = failuresAfter(failures, readyMs);
      const waitMs = restartWaitMs(failures);
      this.#world.log(`pod ${this.name}: ${why}; restart in ${waitMs} ms`);
      await this.#pause(waitMs);
      if (!this.terminating) this.restarts += 1;
    }
    await this.#mounted;
    await rm(this.#dir(), { recursive: true, force: true });
  }

  /** Pods of Deployments restart always. A Job's is tried again here in the same pod, where the cluster would make another one. */
  #isOfJob(): boolean {
    const { restartPolicy = 'Always' } = this.#spec;
    return restartPolicy !== 'Always';
  }

  async #volumesReady(): Promise<boolean> {
    while (!this.terminating) {
      const missing = await this.#mount();
      this.#report(missing);
      if (missing === undefined) return true;
      await this.#pause(VOLUME_RETRY_MS);
    }
    return false;
  }

  async #runOnce(): Promise<RunEnd & { readonly readyMs: number }> {
    const release = await this.#world.slots.take(this.#ending.signal);
    if (release === undefined) return NOT_STARTED;
    let longestMs = 0;
    try {
      const container = this.#container();
      this.#ports = await this.#takePorts(container);
      if (this.terminating) return NOT_STARTED;
      this.#process = this.#spawn(container);
      const end = await runContainer(this.#process, {
        container,
        host: POD_HOST,
        ports: this.#ports,
        graceMs: (this.#spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1_000,
        preStopMs: (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000 * this.#world.preStopScale,
        ending: this.#ending.signal,
        onReady: (ready) => {
          if (ready) release();
          else if (this.readyAtMs !== undefined) longestMs = Date.now() - this.readyAtMs;
          this.#setReady(ready);
        },
      });
      return { ...end, readyMs: longestMs };
    } catch (error) {
      return { why: String(error), isDone: false, readyMs: 0 };
    } finally {
      release();
      this.#process = undefined;
      for (const port of Object.values(this.#ports)) this.#world.ports.release(port);
      this.#ports = {};
      this.#setReady(false);
    }
  }

  #spawn(container: Container): ManagedProcess {
    const { command, args } = this.#world.command(this.role, container);
    const mounts = (container.volumeMounts ?? []).map(
      (mount): Mount => ({ mountPath: mount.mountPath, dir: this.#dir(mount.name) }),
    );
    const place = {
      podName: this.name,
      namespace: this.namespace,
      podIp: POD_HOST,
      ports: this.#ports,
      mounts,
      serviceUrl: this.#world.serviceUrl,
    };
    return this.#world.spawn({
      name: this.name,
      command,
      args,
      env: podEnvironment(container, place, this.#world.baseEnv),
      logFile: join(this.#world.logDir, `${this.name}.log`),
    });
  }

  /** New ports for each run: the old ones may be the reason for a failure. */
  async #takePorts(container: Container): Promise<Readonly<Record<string, number>>> {
    const ports: Record<string, number> = {};
    for (const { name } of container.ports ?? []) {
      if (name !== undefined) ports[name] = await this.#world.ports.take();
    }
    return ports;
  }

  #container(): Container {
    const [container, ...others] = this.#spec.containers;
    if (container === undefined || others.length > 0)
      throw new Error('a pod runs as one process here, so it must have one container');
    return container;
  }

  /** Returns what is missing. One at a time: each call removes unknown files, such as temporary files of another call. */
  #mount(): Promise<string | undefined> {
    this.#mounted = this.#mounted.then(() => this.#mountNow());
    return this.#mounted;
  }

  async #mountNow(): Promise<string | undefined> {
    const sources = this.#world.volumeSources(this.namespace);
    try {
      return await mountVolumes(this.#spec.volumes ?? [], sources, (name) => this.#dir(name));
    } catch (error) {
      return String(error);
    }
  }

  #dir(...below: readonly string[]): string {
    return join(this.#world.stateDir, 'pods', this.name, ...below);
  }

  /** Logs the same text once. */
  #report(missing: string | undefined): void {
    if (missing !== undefined && missing !== this.#said) this.#world.log(`pod ${this.name} waits: ${missing}`);
    this.#said = missing ?? '';
  }

  #setReady(ready: boolean): void {
    if (ready === (this.readyAtMs !== undefined)) return;
    this.readyAtMs = ready ? Date.now() : undefined;
    this.#onChange();
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
