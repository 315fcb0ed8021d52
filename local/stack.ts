/** A running campaign as the demo, the tests and the evidence runs see it, in every mode. */

import { ADMIN_PATHS } from '../contract/app-contract.ts';
import type { Tier } from '../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../contract/types/campaign.ts';
import type { Condition } from '../contract/types/common.ts';
import type { ScalePlan } from '../contract/types/scale-plan.ts';
import type { TierStatus, WaitingStatus } from '../contract/types/status.ts';
import type { Command } from './demo/draw.ts';
import type { LedgerCheckAccess } from './ledger-check/run-ledger-check.ts';

export interface StackEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface TierSnapshot extends TierStatus {
  readonly explanation: string;
  /** Replicas that demand asks for, before maximum and ceiling. Absent: not known here. */
  readonly wanted?: number;
}

export interface StackSnapshot {
  readonly atMs: number;
  /** With the status of the last tick. */
  readonly campaign: VoucherCampaign;
  readonly stage: string;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  /** Names of the contingency levels in force. */
  readonly contingency: readonly string[];
  readonly arrivalsPerSecond: number | undefined;
  /** The waiting room. Absent: no one waits in it. */
  readonly waiting?: WaitingStatus;
  readonly backlog: number | undefined;
  readonly oldestSeconds: number | undefined;
  readonly tiers: Partial<Readonly<Record<Tier, TierSnapshot>>>;
  readonly conditions: readonly Condition[];
  /** The list of the draw, once the campaign is frozen. */
  readonly draw: VoucherCampaignStatus['draw'];
  readonly plans: readonly ScalePlan[];
}

export interface StackProcess {
  readonly name: string;
  readonly role: Tier | 'nats' | 'postgres' | 'operator' | 'other';
  /** Changes with every restart: a process id, or the uid of a pod. */
  readonly id: string;
}

/** Where the generator runs, if not on this machine. The demo's files have the same paths there. */
export interface CrowdPlace {
  /** The intake Service as seen from there. */
  readonly url: string;
  /** Runs the generator; its arguments follow these. */
  readonly command: string;
  readonly args: readonly string[];
}

export interface Stack {
  readonly mode: 'embedded' | 'cluster';
  /** Base URL of the intake Service. */
  readonly url: string;
  /** Of the login tier. Absent: the campaign has no logins. */
  readonly loginUrl?: string;
  readonly crowd?: CrowdPlace;
  readonly campaignId: string;
  readonly shards: number;
  /** Administrators' credentials, for the ledger check only. */
  readonly ledgerCheck: Omit<LedgerCheckAccess, 'campaignId' | 'shards' | 'ledgerFile'>;
  readonly logDir: string;
  /** base64 key that signs canary requests. */
  readonly canaryKey: string;
  snapshot(): StackSnapshot;
  events(): readonly StackEvent[];
  processes(): readonly StackProcess[];
  /** kill -9, or deletion of a pod without grace period. No error if it has ended already. */
  kill(process: StackProcess): void;
  /** The pages of the operator (embedded mode only) and of those pods that answer. */
  metrics(): Promise<readonly { readonly name: string; readonly text: string }[]>;
  /** Applies a changed campaign (validated as `kubectl apply` would be). */
  applyCampaign(yaml: string): Promise<void>;
  /** A command of a person, which the cluster's policies judge. Absent: embedded mode has no users. */
  readonly annotate?: (command: Command) => Promise<void>;
  /** Addresses of servers outside the product, by name, where the stack has started them. */
  readonly outside?: Readonly<Record<string, string>>;
  /** A crash of what is not restarted by itself, and its next start. Absent: a cluster restarts it. */
  readonly crash?: { database(): Promise<void>; operator(): Promise<void> };
  stop(): Promise<void>;
}

/** The metrics pages of those pods that answer. */
export const metricsOf = async (
  pods: readonly { readonly name: string; readonly adminUrl: string | undefined }[],
): ReturnType<Stack['metrics']> => {
  const pages = pods.map(async ({ name, adminUrl }) => {
    if (adminUrl === undefined) return [];
    const signal = AbortSignal.timeout(2_000);
    const response = await fetch(`${adminUrl}${ADMIN_PATHS.metrics}`, { signal }).catch(() => undefined);
    return response === undefined ? [] : [{ name, text: await response.text() }];
  });
  return (await Promise.all(pages)).flat();
};
