/** A running campaign as the demo, the tests and the evidence runs see it, whatever carries it. */

import type { TierStatus } from '../contract/campaign-types.ts';
import type { Condition } from '../contract/common-types.ts';
import type { ScalePlan } from '../contract/scale-plan-types.ts';
import type { Tier } from '../contract/tiers.ts';
import type { LedgerCheckAccess } from './ledger-check/run-ledger-check.ts';

export interface StackEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface StackSnapshot {
  readonly atMs: number;
  readonly stage: string;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  /** Names of the contingency levels in force. */
  readonly contingency: readonly string[];
  readonly arrivalsPerSecond: number | undefined;
  readonly backlog: number | undefined;
  readonly oldestSeconds: number | undefined;
  readonly tiers: Readonly<Record<Tier, (TierStatus & { readonly explanation: string }) | undefined>>;
  readonly conditions: readonly Condition[];
  readonly plans: readonly ScalePlan[];
}

export interface StackProcess {
  readonly name: string;
  readonly role: Tier | 'nats' | 'postgres' | 'operator' | 'other';
  /** Another one after every restart: a process id, or the uid of a pod. */
  readonly id: string;
}

/** A place for the generator that is not this machine's own. Files of the demo are there under the same paths. */
export interface CrowdPlace {
  /** The intake Service as it is called there. */
  readonly url: string;
  /** Runs the generator with the arguments that are put behind these; standard input and output are its own. */
  readonly command: string;
  readonly args: readonly string[];
}

export interface Stack {
  readonly mode: 'embedded' | 'cluster';
  /** Base URL of the intake Service: `http://127.0.0.1:PORT`, or the Service's address in a cluster. */
  readonly url: string;
  /** Where the crowd comes from; undefined: from this machine. */
  readonly crowd?: CrowdPlace;
  readonly campaignId: string;
  readonly shards: number;
  /** For the ledger check only; administrators' credentials of this stack. */
  readonly ledgerCheck: Omit<LedgerCheckAccess, 'campaignId' | 'shards' | 'ledgerFile'>;
  /** Where logs of every process are. */
  readonly logDir: string;
  /** base64 key that signs canary requests. */
  readonly canaryKey: string;
  snapshot(): StackSnapshot;
  events(): readonly StackEvent[];
  processes(): readonly StackProcess[];
  /** Without any grace: kill -9, or a pod that is deleted at once. One that is gone already is no error. */
  kill(process: StackProcess): void;
  /** The metrics page of every app process now; one that doesn't answer is left out. */
  metrics(): Promise<readonly { readonly name: string; readonly text: string }[]>;
  /** Applies a changed campaign (validated as `kubectl apply` would be). */
  applyCampaign(yaml: string): Promise<void>;
  stop(): Promise<void>;
}
