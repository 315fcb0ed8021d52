/** An API server with one campaign, its plans and its log of decisions, which a dashboard watches. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decisionsName } from '../../contract/names.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { bind } from '../../runtime/bind.ts';
import { aReport, type ReportChanges } from './a-status.ts';

export interface DashboardApi {
  readonly kubeconfig: string;
  /** The campaign's new status, on every open watch. */
  setStatus(status: VoucherCampaignStatus): void;
  addPlan(plan: ScalePlan): void;
  /** From now on the user may not list or watch these. */
  forbid(plural: string): void;
  /** Watches open now. */
  watches(): number;
  /** Methods and paths of all requests. */
  readonly received: readonly string[];
  /** Cuts every connection and accepts none, until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

const UID = 'uid-1';

export const startDashboardApi = async (changes: ReportChanges = {}): Promise<DashboardApi> => {
  const { campaign: seen, decisions } = aReport(changes);
  const { statusAtMs: _, ...stated } = seen;
  let version = 1;
  let campaign = { ...stated, metadata: { ...stated.metadata, uid: UID, resourceVersion: '1' } };
  const { name, namespace } = campaign.metadata;
  const plans: object[] = [];
  const open = new Map<ServerResponse, 'vouchercampaigns' | 'scaleplans'>();
  const received: string[] = [];
  const forbidden = new Set<string>();

  const tell = (plural: string, type: string, object: object): void => {
    for (const [response, of] of open) if (of === plural) response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const lines = (records: readonly unknown[]): string => records.map((record) => JSON.stringify(record)).join('\n');
  const configMap = {
    metadata: {
      name: decisionsName(name),
      namespace,
      uid: 'log',
      resourceVersion: '1',
      ownerReferences: [{ apiVersion: campaign.apiVersion, kind: campaign.kind, name, uid: UID, controller: true }],
    },
    data: {
      intake: lines(decisions?.intake ?? []),
      records: lines(decisions?.records ?? []),
      recent: lines(decisions?.recent ?? []),
    },
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://api');
    received.push(`${request.method} ${url.pathname}`);
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const plural = /\/(vouchercampaigns|scaleplans)$/.exec(url.pathname)?.[1];
    if (plural !== undefined && forbidden.has(plural)) {
      return answer(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: `cannot list ${plural}` });
    }
    if (plural === 'vouchercampaigns' || plural === 'scaleplans') {
      if (url.searchParams.get('watch') === 'true') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.flushHeaders();
        open.set(response, plural);
        response.on('close', () => open.delete(response));
        return;
      }
      const items = plural === 'scaleplans' ? plans : [campaign];
      return answer(200, { metadata: { resourceVersion: String(version) }, items });
    }
    if (url.pathname.endsWith(`/vouchercampaigns/${name}`)) return answer(200, campaign);
    if (url.pathname.endsWith(`/configmaps/${configMap.metadata.name}`)) return answer(200, configMap);
    return answer(404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' });
  });
  const port = await bind(server, { host: '127.0.0.1', port: 0 });
  const dir = await mkdtemp(join(tmpdir(), 'voucher-dashboard-'));
  const kubeconfig = join(dir, 'config');
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace } }],
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  const goAway = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    kubeconfig,
    received,
    watches: () => open.size,
    setStatus(status) {
      version += 1;
      campaign = { ...campaign, status, metadata: { ...campaign.metadata, resourceVersion: String(version) } };
      tell('vouchercampaigns', 'MODIFIED', campaign);
    },
    addPlan(plan) {
      version += 1;
      const { metadata } = plan;
      const stored = { ...plan, metadata: { ...metadata, uid: metadata.name, resourceVersion: String(version) } };
      plans.push(stored);
      tell('scaleplans', 'ADDED', stored);
    },
    forbid(plural) {
      forbidden.add(plural);
      for (const [response, of] of open) if (of === plural) response.destroy();
    },
    goAway,
    async comeBack() {
      await bind(server, { host: '127.0.0.1', port });
    },
    async close() {
      if (server.listening) await goAway();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
