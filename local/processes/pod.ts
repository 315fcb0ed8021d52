/** One pod: its files, its process, restarted in place until the pod itself is to end. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import type { PortPool } from '../free-ports.ts';
import type { ManagedProcess, SpawnManaged } from '../managed-process.ts';
import { runContainer } from './container-run.ts';
import { type Mount, type PodPlace, podEnvironment } from './pod-environment.ts';
import { mountVolumes, type VolumeSources } from './pod-volumes.ts';
import { failuresAfter, restartWaitMs } from './restart-backoff.ts';
import type { StartSlots } from './start-slots.ts';

export const POD_HOST = '127.0.0.1';
const VOLUME_RETRY_MS = 1_000;
const DEFAULT_GRACE_SECONDS = 30;

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Identifies the template. */
  readonly revision: string;
  readonly createdAtMs: number;
}

/** What all pods of a cluster share. */
export interface PodWorld {
  readonly command: (
    role: string,
    container: Container,
  ) => { readonly command: string; readonly args: readonly string[] };
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly serviceUrl: PodPlace['serviceUrl'];
  readonly stateDir: string;
  readonly logDir: string;
  readonly spawn: SpawnManaged;
  readonly ports: PortPool;
  readonly slots: StartSlots;
  /** Multiplies preStop sleeps. */
  readonly preStopScale: number;
  readonly now: () => number;
  readonly log: (line: string) => void;
  readonly volumeSources: (namespace: string) => VolumeSources;
}

export class Pod implements PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: string;
  readonly createdAtMs: number;
  /** Resolves when the process is gone and the files are removed. */
  readonly done: Promise<void>;

  readonly #role: string;
  readonly #spec: PodSpec;
  readonly #world: PodWorld;
  readonly #onChange: () => void;
  readonly #ending = new AbortController();
  #process: ManagedProcess | undefined;
  #ports: Readonly<Record<string, number>> = {};
  #readyAtMs: number | undefined;
  #restarts = 0;
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
    this.#role = role;
    this.#spec = spec;
    this.#world = world;
    this.#onChange = onChange;
    this.done = this.#live();
  }

  get role(): string {
    return this.#role;
  }
  get ready(): boolean {
    return this.#readyAtMs !== undefined && !this.terminating;
  }
  get readyAtMs(): number | undefined {
    return this.#readyAtMs;
  }
  /** How often the process was started again in this pod. */
  get restarts(): number {
    return this.#restarts;
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

  /** Out of the endpoints at once; the process is told after the preStop sleep. */
  end(): void {
    this.#ending.abort();
  }

  /** Brings the files of a running pod up to date; the process itself notices. */
  async refreshVolumes(): Promise<void> {
    if (this.#process === undefined || this.terminating) return;
    this.#report(await this.#mount());
  }

  async #live(): Promise<void> {
    let failures = 0;
    while (!this.terminating) {
      if (!(await this.#volumesReady())) break;
      const { why, readyMs } = await this.#runOnce();
      if (this.terminating) break;
      failures = failuresAfter(failures, readyMs);
      const waitMs = restartWaitMs(failures);
      this.#world.log(`pod ${this.name}: ${why}; restart in ${waitMs} ms`);
      await this.#pause(waitMs);
      if (!this.terminating) this.#restarts += 1;
    }
    await this.#mounted;
    await rm(this.#dir(), { recursive: true, force: true });
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

  async #runOnce(): Promise<{ readonly why: string; readonly readyMs: number }> {
    const release = await this.#world.slots.take(this.#ending.signal);
    if (release === undefined) return { why: 'ended before its start', readyMs: 0 };
    let longestMs = 0;
    try {
      const container = this.#container();
      this.#ports = await this.#takePorts(container);
      if (this.terminating) return { why: 'ended before its start', readyMs: 0 };
      this.#process = this.#spawn(container);
      const why = await runContainer(this.#process, {
        container,
        host: POD_HOST,
        ports: this.#ports,
        graceMs: (this.#spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1_000,
        preStopMs: (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000 * this.#world.preStopScale,
        ending: this.#ending.signal,
        onReady: (ready) => {
          if (ready) release();
          else if (this.#readyAtMs !== undefined) longestMs = this.#world.now() - this.#readyAtMs;
          this.#setReady(ready);
        },
      });
      return { why, readyMs: longestMs };
    } catch (error) {
      return { why: String(error), readyMs: 0 };
    } finally {
      release();
      this.#process = undefined;
      for (const port of Object.values(this.#ports)) this.#world.ports.release(port);
      this.#ports = {};
      this.#setReady(false);
    }
  }

  #spawn(container: Container): ManagedProcess {
    const { command, args } = this.#world.command(this.#role, container);
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

  /** New ones for each run: the old ones may be why the last run failed. */
  async #takePorts(container: Container): Promise<Readonly<Record<string, number>>> {
    const ports: Record<string, number> = {};
    for (const { name } of container.ports ?? []) {
      if (name !== undefined) ports[name] = await this.#world.ports.take();
    }
    return ports;
  }

  #container(): Container {
    const [container, ...others] = this.#spec.containers;
    if (container === undefined || others.length > 0) throw new Error('a pod runs as one process: one container');
    return container;
  }

  /** What is missing. One at a time: each removes files that it doesn't know, another's temporary ones too. */
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

  /** Says the same thing once. */
  #report(missing: string | undefined): void {
    if (missing !== undefined && missing !== this.#said) this.#world.log(`pod ${this.name} waits: ${missing}`);
    this.#said = missing ?? '';
  }

  #setReady(ready: boolean): void {
    if (ready === (this.#readyAtMs !== undefined)) return;
    this.#readyAtMs = ready ? this.#world.now() : undefined;
    this.#onChange();
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
