/** What people see of an outage, for tests and for evidence. */
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { eventually, type Patience } from '../eventually.ts';
import type { KubeApi } from '../kube-api.ts';

export interface SeenEvent {
  readonly reason: string;
  readonly message: string;
}

export interface Outage {
  readonly condition?: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;
  readonly events: readonly SeenEvent[];
  /** From the outage to the first sign of it that people see. */
  readonly secondsUntilSeen: number;
}

/** Of a campaign, oldest first, as they are now: an operator writes events after what they tell. */
const eventsOf = async (api: KubeApi, { metadata }: VoucherCampaign): Promise<readonly SeenEvent[]> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${metadata.namespace}/events?fieldSelector=regarding.uid%3D${metadata.uid}`;
  const { items } = (await api.call({ method: 'GET', path })) as {
    readonly items: readonly { readonly reason: string; readonly note: string }[];
  };
  return items.map(({ reason, note }) => ({ reason, message: note }));
};

/** The events of a campaign with these reasons, oldest first, once there is one of each. */
export const eventsWith = (
  api: KubeApi,
  campaign: VoucherCampaign,
  reasons: readonly string[],
  patience: Partial<Patience> = {},
): Promise<readonly SeenEvent[]> =>
  eventually(
    async () => {
      const found = (await eventsOf(api, campaign)).filter(({ reason }) => reasons.includes(reason));
      return reasons.every((reason) => found.some((event) => event.reason === reason)) && found;
    },
    { everyMs: 50, what: `events ${reasons.join(', ')}`, ...patience },
  );
