/** An API server that answers with one campaign, for commands that annotate it; a test plays the operator. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { readText } from '../../runtime/read-text.ts';

const patchSchema = z.array(z.object({ op: z.string(), path: z.string(), value: z.unknown().optional() }));
const ANNOTATIONS = '/metadata/annotations/';

export interface CampaignApi {
  readonly kubeconfig: string;
  campaign: VoucherCampaign;
  /** What the operator makes of the annotations, after each change. */
  operator: (annotations: Readonly<Record<string, string>>) => VoucherCampaign['status'];
  /** The message of a policy that refuses every change. */
  refusal: string | undefined;
  close(): Promise<void>;
}

/** The user is li.wei. */
export const startCampaignApi = async (campaign: VoucherCampaign): Promise<CampaignApi> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-api-'));
  const kubeconfig = join(dir, 'config');
  const answerTo = (method: string, path: string, body: string): readonly [number, unknown] => {
    if (path.endsWith('/selfsubjectreviews')) return [201, { status: { userInfo: { username: 'li.wei' } } }];
    if (method !== 'PATCH') return [200, api.campaign];
    if (api.refusal !== undefined) return [403, { kind: 'Status', reason: 'Forbidden', message: api.refusal }];
    for (const { op, path: field, value } of patchSchema.parse(JSON.parse(body))) {
      if (!field.startsWith(ANNOTATIONS)) continue;
      const key = field.slice(ANNOTATIONS.length).replaceAll('~1', '/');
      const { [key]: _, ...others } = api.campaign.metadata.annotations ?? {};
      const annotations = op === 'remove' ? others : { ...others, [key]: String(value) };
      const metadata = { ...api.campaign.metadata, annotations };
      const status = { ...api.campaign.status, ...api.operator(annotations) };
      api.campaign = { ...api.campaign, metadata, status };
    }
    return [200, api.campaign];
  };
  const server = createServer((request, response) => {
    void readText(request, 100_000).then((body) => {
      const [status, value] = answerTo(request.method ?? '', request.url ?? '', body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    });
  });
  const api: CampaignApi = {
    kubeconfig,
    campaign: { ...campaign, metadata: { ...campaign.metadata, resourceVersion: '7', uid: 'u' } },
    operator: () => ({}),
    refusal: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: campaign.metadata.namespace } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return api;
};
