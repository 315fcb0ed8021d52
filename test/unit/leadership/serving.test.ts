import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import type { Service } from '../../../operator/kube/served.ts';
import { type ClaimState, Claims } from '../../../operator/leadership/claims.ts';
import { createLogger } from '../../../operator/observability/log.ts';
import { createServing } from '../../../operator/serving.ts';
import type { CampaignEvent } from '../../../operator/tick/ports.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const campaign: VoucherCampaign = aCampaign();
const { namespace } = campaign.metadata;
const never = new AbortController().signal;
const webhook = new KubeError({
  kind: 'server',
  attempted: `create leases ${namespace}/voucher-operator-campaigns`,
  attempt: 1,
  status: 500,
  message: 'failed calling webhook "guard.example": connection refused',
});
const forbidden = new KubeError({ kind: 'forbidden', attempted: 'list pods', attempt: 1, status: 403, message: 'no' });

let clock: FakeClock;
let lines: { readonly level: string; readonly msg: string }[];
let events: CampaignEvent[];

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  events = [];
});

/** @param fault what the store of claims throws; undefined: it works */
const world = (service: Service, fault: () => unknown = () => undefined) => {
  const answer = async <T>(value: T): Promise<T> => {
    const error = fault();
    if (error !== undefined) throw error;
    return value;
  };
  const claims: Claims = new Claims({
    clock,
    random: () => 0,
    holder: 'x/first',
    namespaces: () => [namespace],
    onChange: (where, state: ClaimState) => serving.onClaim(where, state),
    store: {
      read: () => answer(undefined),
      write: () => answer({ holder: 'x/first', version: '1' }),
      isRefused: () => false,
    },
  });
  const serving = createServing({
    clock,
    log: createLogger({
      level: 'info',
      destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
    }),
    cluster: () => ({
      served: { of: () => service, leftOut: () => new Map(), isSettled: () => true },
      living: { campaigns: () => [campaign], plansOf: () => [] },
    }),
    claims: () => claims,
    installation: 'x/first',
    events: () => ({ emit: (_, event) => void events.push(event) }),
    kick: () => undefined,
  });
  const tick = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await serving.leaveForMs(campaign, never);
      await clock.advance(1_000);
    }
  };
  return { serving, tick };
};

describe('a namespace whose claim can be neither read nor written', () => {
  it('is told after ten seconds: by metric, annotation, one line of the log and one event, with the cause', async () => {
    const { serving, tick } = world({ kind: 'served' }, () => webhook);
    await tick(9);
    expect([serving.notServed().size, events, lines]).toEqual([0, [], []]);
    await tick(120);
    expect(serving.notServed().get(namespace)).toMatchObject({ reason: 'unknown' });
    expect(serving.notServed().get(namespace)?.said).toContain('failed calling webhook "guard.example"');
    expect(Object.values(serving.annotations())[0]).toContain('guard.example');
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([['Warning', 'ClaimUnknown']]);
    expect(events[0]?.message).toContain('check its webhooks and policies for leases');
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([['warn', 'the holder of a namespace is unknown']]);
  });

  it('is told no more once the claim is written', async () => {
    let fault: unknown = webhook;
    const { serving, tick } = world({ kind: 'served' }, () => fault);
    await tick(30);
    expect(serving.notServed().size).toBe(1);
    fault = undefined;
    await tick(10);
    expect([serving.notServed().size, await serving.leaveForMs(campaign, never)]).toEqual([0, undefined]);
    fault = webhook;
    await tick(120);
    expect(events.map(({ reason }) => reason)).toEqual(['ClaimUnknown', 'ClaimUnknown']);
  });
});

describe('what is said of lists that are refused', () => {
  it.each<[string, Service, string, string]>([
    [
      'of one namespace',
      { kind: 'left_out', resource: 'pods', error: forbidden, isEverywhere: false },
      `Namespace ${namespace} is not served: its pods can't be listed`,
      'Create the namespace and run helm upgrade',
    ],
    [
      'of all namespaces, which nobody has to create',
      { kind: 'left_out', resource: 'pods', error: forbidden, isEverywhere: true },
      "No namespace is served: pods of the cluster can't be listed",
      'Run helm upgrade to restore the operator’s ClusterRole',
    ],
    [
      'by an API server in trouble',
      { kind: 'left_out', resource: 'pods', error: new Error('reset'), isEverywhere: false },
      `Namespace ${namespace} is not served`,
      'Check the API server',
    ],
  ])('names the remedy: %s', async (_, service, said, remedy) => {
    const { tick } = world(service);
    await tick(3);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'Warning', reason: 'NamespaceLeftOut' });
    expect(events[0]?.message).toContain(said);
    expect(events[0]?.message).toContain(remedy);
  });
});
