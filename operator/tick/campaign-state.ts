/** What one process remembers of one campaign between two ticks. All of it can be lost: status and cluster rebuild it. */
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { WriteTroubles } from '../apply/write-troubles.ts';
import type { AuditKeeper } from '../audit/audit-keeper.ts';
import type { BooksMemory } from '../books/balance.ts';
import type { DestructionKeeper } from '../destruction/destruction-keeper.ts';
import type { DrawKeeper } from '../draw/draw-keeper.ts';
import type { ErasureKeeper } from '../erasure/erasure-keeper.ts';
import type { ExclusionKeeper } from '../exclusion/exclusion-keeper.ts';
import type { FreezeKeeper } from '../freeze/freeze-keeper.ts';
import type { DecisionKeeper } from '../history/decision-keeper.ts';
import type { IssuanceKeeper } from '../issuance/issuance-keeper.ts';
import type { SharesKeeper } from '../outside/shares-keeper.ts';
import type { QueueKeeper } from '../queue/queue-keeper.ts';
import type { CampaignReadings } from '../signals/readings.ts';
import type { CanaryKeeper } from './canary-keeper.ts';
import type { ComparisonKeeper } from './comparison-keeper.ts';
import type { JournalKeeper } from './journal-keeper.ts';
import type { CampaignMemory } from './observed.ts';
import type { ScaleWrite } from './tick-plan.ts';

export interface CampaignState {
  readonly uid: string | undefined;
  readonly journal: JournalKeeper;
  readonly canary: CanaryKeeper;
  readonly freeze: FreezeKeeper;
  readonly comparison: ComparisonKeeper;
  readonly draw: DrawKeeper;
  readonly issuance: IssuanceKeeper;
  readonly exclusion: ExclusionKeeper;
  readonly erasure: ErasureKeeper;
  readonly destruction: DestructionKeeper;
  readonly shares: SharesKeeper;
  readonly queue: QueueKeeper;
  readonly decisions: DecisionKeeper;
  readonly audit: AuditKeeper;
  /** Last computed status; events are the difference to it. */
  computed: VoucherCampaignStatus | undefined;
  /** Last status that the API server has, as far as we know. */
  written: VoucherCampaignStatus | undefined;
  lastWriteMs?: number;
  hadStatus: boolean;
  memory?: CampaignMemory;
  readings?: CampaignReadings;
  /** What was compared of vouchers and channels. */
  books?: BooksMemory;
  settings?: { readonly text: string; readonly atMs: number };
  publishedGeneration: number | undefined;
  /** Name of the last plan that was announced; a cache that lags must not announce it twice. */
  announcedPlan?: string;
  failures: number;
  readonly troubles: WriteTroubles;
  /** Manifests whose writer did not answer the last time: they are written last. */
  readonly slow: Set<string>;
  conflicts: Partial<Record<ScaleWrite['tier'], number>>;
}

export const campaignKey = ({ metadata }: Pick<VoucherCampaign, 'metadata'>): string =>
  `${metadata.namespace}/${metadata.name}`;

export const newCampaignState = (
  campaign: VoucherCampaign,
  troubles: WriteTroubles,
  keepers: Pick<
    CampaignState,
    | 'journal'
    | 'canary'
    | 'freeze'
    | 'draw'
    | 'issuance'
    | 'comparison'
    | 'exclusion'
    | 'erasure'
    | 'destruction'
    | 'shares'
    | 'queue'
    | 'decisions'
    | 'audit'
  >,
): CampaignState => ({
  uid: campaign.metadata.uid,
  ...keepers,
  computed: campaign.status,
  written: campaign.status,
  hadStatus: campaign.status !== undefined,
  publishedGeneration: campaign.status?.observedGeneration,
  failures: 0,
  troubles,
  slow: new Set(),
  conflicts: {},
});
