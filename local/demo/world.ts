/** What a run of the demo is given: options, and everything outside. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { TraceStep } from '../../simulation/trace.ts';
import type { LedgerCheckResult } from '../ledger-check/compare.ts';
import type { LedgerCheckAccess } from '../ledger-check/run-ledger-check.ts';
import type { OutsideServer } from '../on-cluster/outside.ts';
import type { Stack } from '../stack.ts';
import type { DemoChannels, DemoVoucher } from './channels.ts';
import type { DemoRelay } from './draw.ts';
import type { Profile } from './profile.ts';
import type { DemoProvider } from './provider.ts';
import type { Forecast } from './report.ts';
import type { Sabotage } from './sabotage.ts';
import type { View } from './view.ts';

export interface DemoOptions {
  readonly profile: Profile;
  readonly campaignFile: string;
  readonly traceFile: string;
  readonly shiftOpenToMs: number;
  readonly chaos: boolean;
  /** Close soon after the crowd, and wait for the list of the draw. */
  readonly waitsForList: boolean;
  /** Then draw, with people of the demo's own. */
  readonly waitsForDraw: boolean;
  /** Then issue the vouchers. */
  readonly waitsForIssue: boolean;
  readonly sabotage: Sabotage | undefined;
  readonly seed: number;
  /** Exists. Ledger, logs and report go there, the stack's data to its folder `stack`. */
  readonly stateDir: string;
}

export interface DemoWorld {
  /** Validates as `kubectl apply` would; throws with the fields and remedies. */
  readonly admit: (yaml: string) => VoucherCampaign;
  readonly forecast: (campaign: VoucherCampaign, trace: readonly TraceStep[]) => Forecast;
  readonly startStack: (options: {
    readonly campaignYaml: string;
    readonly stateDir: string;
    readonly signal: AbortSignal;
    readonly progress: (line: string) => void;
    readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly nodeArgs?: readonly string[];
    readonly outside?: readonly OutsideServer[];
    readonly draw?: { readonly chainInfo: string; readonly bundleDir: string };
  }) => Promise<Stack>;
  /** Absent: the campaign verifies nothing. */
  readonly startProvider?: (stateDir: string, signal: AbortSignal) => Promise<DemoProvider>;
  /** Absent: the draw has no drand, and its files are not written. */
  readonly startRelay?: () => Promise<DemoRelay>;
  /** Absent: nothing is issued. */
  readonly startChannels?: (
    stateDir: string,
    vouchers: readonly DemoVoucher[],
    signal: AbortSignal,
  ) => Promise<DemoChannels>;
  readonly ledgerCheck: (access: LedgerCheckAccess, signal: AbortSignal) => Promise<LedgerCheckResult>;
  readonly view: View;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Outside {
  readonly provider: DemoProvider | undefined;
  readonly relay: DemoRelay | undefined;
  readonly channels: DemoChannels | undefined;
}

export interface Prepared {
  readonly startedAtMs: number;
  readonly forecastAtMs: number;
  readonly trace: readonly TraceStep[];
  readonly campaign: VoucherCampaign;
  readonly forecast: Forecast;
  readonly yamlOpeningAt: (
    opensAtMs: number,
    annotations?: Readonly<Record<string, string>>,
    loginUrl?: string,
  ) => string;
  readonly changes: readonly string[];
}
