/** The campaign of the embedded mode, with the same admission as at an API server. */
import { randomUUID } from 'node:crypto';
import { admitCampaign, admitCampaignStatus, formatAdmissionErrors } from '../../admission/admission.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { EventSink, StatusWriter } from '../../operator/tick/ports.ts';
import type { StackEvent } from '../stack.ts';

export interface CampaignStore {
  current(): VoucherCampaign;
  /** Applies an edited campaign as `kubectl apply` would. @throws Error that names field and remedy */
  applyYaml(yaml: string): void;
  readonly status: StatusWriter;
  readonly sink: EventSink;
  events(): readonly StackEvent[];
}

/** Kubernetes keeps events for an hour. A demo is shorter, so a number is enough. */
const EVENTS_KEPT = 2_000;

const admitted = (yaml: string, source: string, old?: VoucherCampaign): VoucherCampaign => {
  const admission = admitCampaign(yaml, old);
  if (admission.kind === 'admitted') return admission.campaign;
  throw new Error(`the campaign is refused:\n${formatAdmissionErrors(admission.errors, source)}`);
};

/** @throws Error when an API server would refuse the campaign */
export const createCampaignStore = (yaml: string, now: () => number, onChange: () => void): CampaignStore => {
  const created = admitted(yaml, 'campaign.yaml');
  let campaign: VoucherCampaign = {
    ...created,
    metadata: { ...created.metadata, uid: randomUUID(), creationTimestamp: new Date(now()).toISOString() },
  };
  const events: StackEvent[] = [];
  return {
    current: () => campaign,
    applyYaml(text) {
      const { uid = '', creationTimestamp = '' } = campaign.metadata;
      const next = admitted(text, 'campaign.yaml', campaign);
      campaign = { ...next, metadata: { ...next.metadata, uid, creationTimestamp } };
      onChange();
    },
    status: {
      async writeStatus(_campaign, status) {
        const admission = admitCampaignStatus(campaign, status);
        if (admission.kind === 'refused') {
          throw new Error(`the status is refused:\n${formatAdmissionErrors(admission.errors, 'status')}`);
        }
        campaign = admission.campaign;
      },
    },
    sink: {
      emit(_campaign, event) {
        events.push({ atMs: now(), ...event });
        if (events.length > EVENTS_KEPT) events.shift();
      },
    },
    events: () => events,
  };
};
