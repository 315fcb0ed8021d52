/** `kubectl voucher erase`, `destroy-keys` and `certificate` against the answers of an API server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { DESTROY_ANNOTATION, eraseAnnotation } from '../../../contract/names.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { readText } from '../../../runtime/read-text.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { receiptOf } from '../../helpers/records.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';

const RECEIPT = receiptOf('li');
const CERTIFICATE = `${JSON.stringify({ kind: 'DeletionCertificate', campaignId: 'spring' }, null, 2)}\n`;

let dir: string;
let kubeconfig: string;
let server: Server;
let campaign: VoucherCampaign;
/** What the operator makes of an annotation that was written. */
let onAnnotation: (key: string, value: string) => VoucherCampaign['status'];
let refusal: string | undefined;
let certificate: string | undefined;

const patchSchema = z.array(z.object({ op: z.string(), path: z.string(), value: z.unknown().optional() }));

const answerTo = (method: string, path: string, body: string): readonly [number, unknown] => {
  if (path.endsWith('/selfsubjectreviews')) return [201, { status: { userInfo: { username: 'li.wei' } } }];
  if (path.includes('/configmaps/')) {
    return certificate === undefined
      ? [404, { kind: 'Status', reason: 'NotFound', message: 'not found' }]
      : [200, { kind: 'ConfigMap', data: { 'certificate.json': certificate } }];
  }
  if (method === 'PATCH') {
    if (refusal !== undefined) return [403, { kind: 'Status', reason: 'Forbidden', message: refusal }];
    for (const { op, path: field, value } of patchSchema.parse(JSON.parse(body))) {
      if (!field.startsWith('/metadata/annotations/')) continue;
      const key = field.slice('/metadata/annotations/'.length).replaceAll('~1', '/');
      const { [key]: _, ...others } = campaign.metadata.annotations ?? {};
      const annotations = op === 'remove' ? others : { ...others, [key]: String(value) };
      campaign = { ...campaign, metadata: { ...campaign.metadata, annotations } };
      if (op !== 'remove')
        campaign = { ...campaign, status: { ...campaign.status, ...onAnnotation(key, String(value)) } };
    }
  }
  return [200, campaign];
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-privacy-'));
  campaign = aCampaign();
  campaign = { ...campaign, metadata: { ...campaign.metadata, resourceVersion: '7', uid: 'u' } };
  onAnnotation = () => ({});
  refusal = undefined;
  certificate = undefined;
  server = createServer((request, response) => {
    void readText(request, 100_000).then((body) => {
      const [status, value] = answerTo(request.method ?? '', request.url ?? '', body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  kubeconfig = join(dir, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: campaign.metadata.namespace } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const voucher = (...args: string[]) => runVoucher(args, kubeconfig);

describe('kubectl voucher erase', () => {
  const erased = (_: string, value: string): VoucherCampaign['status'] => {
    const [, requestedAt = ''] = / at (\S+): /.exec(value) ?? [];
    return {
      erasures: [
        {
          receipt: RECEIPT,
          requestedAt,
          who: 'li.wei',
          state: 'Erased',
          erasedAt: '2020-09-26T01:00:00.000Z',
          receipts: 3,
        },
      ],
    };
  };

  it('writes the command in the name of its user, and says what is erased, and when the sealed fields end', async () => {
    onAnnotation = erased;
    const { name } = campaign.metadata;
    const spoken = RECEIPT.replace(/^(.{5})/, '$1-').toLowerCase();
    const { code, out } = await voucher('erase', name, spoken, '--reason', 'request 17');
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`receipt ${RECEIPT} is erased, with 2 more of the same person`),
    ]);
    expect(out).toMatch(/become unreadable when the data keys are destroyed: at \d{4}-\d\d-\d\d/);
    const said = campaign.metadata.annotations?.[eraseAnnotation(RECEIPT)];
    expect(said).toMatch(/^by li\.wei at \S+: request 17$/);
  });

  it('removes commands that were carried out long ago', async () => {
    onAnnotation = erased;
    const old = receiptOf('old');
    campaign = {
      ...campaign,
      metadata: { ...campaign.metadata, annotations: { [eraseAnnotation(old)]: 'by li.wei at x: y' } },
      status: { erasures: [{ receipt: old, state: 'Erased', erasedAt: '2020-09-01T00:00:00.000Z' }] },
    };
    await voucher('erase', campaign.metadata.name, RECEIPT, '--reason', 'request 17');
    expect(Object.keys(campaign.metadata.annotations ?? {})).toEqual([eraseAnnotation(RECEIPT)]);
  });

  it('quotes the policy that refuses it', async () => {
    refusal = "ValidatingAdmissionPolicy 'x' denied request: it requires the verb erase on vouchercampaigns";
    const { code, err } = await voucher('erase', campaign.metadata.name, RECEIPT, '--reason', 'request 17');
    expect([code, err]).toEqual([1, expect.stringContaining('requires the verb erase')]);
  });

  it.each([
    [['RECEIPT', '--reason', 'x'], 'is no receipt number'],
    [[RECEIPT, '--reason', ' '], '--reason is empty'],
  ])('refuses %p', async (args, message) => {
    const { code, err } = await voucher('erase', campaign.metadata.name, ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('kubectl voucher destroy-keys', () => {
  it('needs the campaignId, typed again', async () => {
    const { code, err } = await voucher(
      'destroy-keys',
      campaign.metadata.name,
      '--confirm',
      'other',
      '--reason',
      'over',
    );
    expect([code, err]).toEqual([2, expect.stringContaining(`type --confirm ${campaign.spec.campaignId}`)]);
    expect(campaign.metadata.annotations?.[DESTROY_ANNOTATION]).toBeUndefined();
  });

  it('writes the order in the name of its user, and says how far it is', async () => {
    onAnnotation = () => ({
      conditions: [
        {
          type: 'PersonalDataDestroyed',
          status: 'True',
          reason: 'Destroyed',
          message: 'All personal data is destroyed.',
          lastTransitionTime: '2020-09-26T01:00:00.000Z',
        },
      ],
    });
    const { campaignId } = campaign.spec;
    const answer = await voucher('destroy-keys', campaign.metadata.name, '--confirm', campaignId, '--reason', 'over');
    expect(answer).toMatchObject({ code: 0, out: expect.stringContaining('All personal data is destroyed.') });
    expect(campaign.metadata.annotations?.[DESTROY_ANNOTATION]).toMatch(
      new RegExp(`^by li\\.wei at \\S+ of ${campaignId}: over$`),
    );
  });
});

describe('kubectl voucher certificate', () => {
  it('prints the certificate with its digest, for people and for programs', async () => {
    certificate = CERTIFICATE;
    const { name } = campaign.metadata;
    const { out } = await voucher('certificate', name);
    expect(out).toMatch(/"kind": "DeletionCertificate"[\s\S]*SHA-256 [0-9a-f]{64}/);
    const { out: json } = await voucher('certificate', name, '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({ sha256: expect.any(String), certificate: { campaignId: 'spring' } });
  });

  it('says why there is none yet', async () => {
    const { code, err } = await voucher('certificate', campaign.metadata.name);
    expect([code, err]).toEqual([2, expect.stringContaining('has no deletion certificate yet')]);
  });
});
