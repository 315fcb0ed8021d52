/** Real Helm puts the chart into a real cluster, changes it and takes it away. One story: each step needs the last. */

import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { EVENT_TYPES } from '../../../contract/envelope.ts';
import { rightsOf, WORKLOADS } from '../../../contract/jobs.ts';
import { newRoot } from '../../../operator/setup/root.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type CampaignAccount,
  campaignManifest,
  type Installation,
  newInstallation,
  RELEASE,
  type Trust,
} from './installation.ts';

let installation: Installation;
let accounts: readonly [CampaignAccount, CampaignAccount];

beforeAll(async () => {
  installation = await newInstallation();
  const { name: namespace } = installation.vouchers;
  accounts = [
    { campaignId: 'spring-2027', namespace },
    { campaignId: 'autumn-2027', namespace, dataPlaneSecretName: 'autumn', privacySecretName: 'autumn-keys' },
  ];
  await installation.apply([accounts[0]]);
}, 1_200_000);
afterAll(async () => {
  await installation?.remove();
});

/** The API server's own word, `true` or `false`. */
const operatorMay = (verb: string, resource: string, namespace: string | undefined): Promise<string> => {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${installation.system.name}:${RELEASE}`,
      resourceAttributes: { verb, resource, ...(namespace === undefined ? {} : { namespace }) },
    },
  };
  return installation.cluster.kubectl(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}'], {
    input: JSON.stringify(review),
  });
};

/** A chart of its own that holds nothing but the campaign, as people have it beside their other things. */
const installCampaign = async (release: string, manifest: string): Promise<void> => {
  const chart = await mkdtemp(join(tmpdir(), `${release}-`));
  try {
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'Chart.yaml'), `apiVersion: v2\nname: ${release}\nversion: 0.1.0\n`);
    await writeFile(join(chart, 'templates', 'campaign.yaml'), manifest);
    const { cluster, vouchers } = installation;
    await cluster.helm(['install', release, chart, '--namespace', vouchers.name, '--wait', '--timeout', '2m']);
  } finally {
    await rm(chart, { recursive: true });
  }
};

describe('an installation', () => {
  it('answers with every part', async () => {
    expect(await installation.helm('test', RELEASE, '--logs')).toMatch(/Phase:\s+Succeeded/);
  }, 180_000);

  it('keeps Secrets from the operator in every namespace', async () => {
    const { system, vouchers } = installation;
    expect(await operatorMay('list', 'pods', vouchers.name)).toBe('true');
    // Undefined asks about all namespaces at once.
    for (const namespace of [undefined, system.name, vouchers.name, 'kube-system']) {
      for (const verb of ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']) {
        const may = await operatorMay(verb, 'secrets', namespace);
        expect([verb, namespace, may]).toEqual([verb, namespace, 'false']);
      }
    }
  });

  it('leaves nothing of its set-up that may create a Secret', async () => {
    expect(await installation.system.kubectl('get', 'job,role', '-o', 'name')).toBe(
      ['audit-reader', 'leader'].map((role) => `role.rbac.authorization.k8s.io/${RELEASE}-${role}\n`).join(''),
    );
  });

  it('makes a campaign ready, durable on three servers', async () => {
    const { vouchers } = installation;
    await installCampaign('spring', await campaignManifest('spring-2027'));
    for (const condition of ['Ready', 'JournalDurable', 'Reconciling=false', 'Stalled=false']) {
      await vouchers.kubectl('wait', 'vcamp/spring-2027', `--for=condition=${condition}`, '--timeout=60s');
    }
  }, 300_000);

  it('tells Helm at once of a campaign that only a person can mend', async () => {
    const spring = JSON.parse(await campaignManifest('spring-2027'));
    const twin = installCampaign('twin', JSON.stringify({ ...spring, metadata: { name: 'twin' } }));
    await expect(twin).rejects.toThrow(/status: Failed, message: The journal belongs to another object/);
    await installation.cluster.helm(['uninstall', 'twin', '--namespace', installation.vouchers.name, '--wait']);
  }, 300_000);

  it.each(WORKLOADS)('lets %s do what it does, in its own campaign only', async (workload) => {
    const nats = await installation.connect(`voucher-data-plane-${workload}`);
    const types = EVENT_TYPES.filter((type) => !rightsOf(workload).publishes.includes(type));
    try {
      const ask = (subject: string): Promise<unknown> => nats.request(subject, '{}', { timeout: 5_000 });
      await expect(ask('$JS.API.STREAM.INFO.REG_spring-2027_0')).resolves.toBeDefined();
      for (const subject of [
        ...types.map((type) => `reg.spring-2027.0.${type}.R`),
        'reg.autumn-2027.0.received.R',
        'ctl.spring-2027.freeze',
        '$KV.live_spring-2027.settings',
        '$JS.API.STREAM.INFO.REG_autumn-2027_0',
        '$JS.API.STREAM.DELETE.REG_spring-2027_0',
        '$JS.API.STREAM.PURGE.REG_spring-2027_0',
        '$JS.API.STREAM.UPDATE.REG_spring-2027_0',
      ]) {
        await expect(ask(subject)).rejects.toThrow(/Permissions Violation/);
      }
    } finally {
      await nats.close();
    }
  });

  it('lets the intake read no row that it does not tell citizens', async () => {
    const { 'postgres-url': text = '', 'postgres-ca.crt': ca = '' } =
      await installation.secret('voucher-data-plane-intake');
    const url = new URL(text);
    const ssl = { ca, servername: url.hostname };
    url.hostname = await installation.addressOf('postgres');
    const client = new Client({ connectionString: url.href, ssl });
    try {
      await client.connect();
      await expect(client.query('SELECT receipt FROM registration')).resolves.toBeDefined();
      await expect(client.query('SELECT sealed FROM registration')).rejects.toMatchObject({ code: '42501' });
      await expect(client.query(`UPDATE registration_fact SET type = 'won'`)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});

describe('the embedded data plane', () => {
  it('takes no connection to the journal without its authority', async () => {
    const { 'nats-ca.crt': _, ...mounted } = await installation.secret('voucher-data-plane-intake');
    expect(Object.keys(mounted)).toContain('postgres-ca.crt');
    const another = newRoot('vo', randomBytes, Date.now()).authority.certificate;
    const trusts: readonly ((its: Trust) => Trust)[] = [
      ({ servername }) => ({ servername }),
      ({ servername }) => ({ servername, ca: another }),
    ];
    for (const trusting of trusts) {
      await expect(installation.connect('voucher-data-plane-intake', trusting)).rejects.toThrow(/certificate/);
    }
  });

  it('takes no connection to the database in plain text, nor without its authority', async () => {
    const { 'postgres-url': text = '', 'postgres-ca.crt': ca = '' } =
      await installation.secret('voucher-data-plane-intake');
    const url = new URL(text);
    const servername = url.hostname;
    url.hostname = await installation.addressOf('postgres');
    const query = async (ssl: object | false): Promise<unknown> => {
      const client = new Client({ connectionString: url.href, ssl });
      try {
        await client.connect();
        return (await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows;
      } finally {
        await client.end();
      }
    };
    expect(await query({ ca, servername })).toEqual([{ ssl: true }]);
    await expect(query(false)).rejects.toThrow(/no encryption/);
    await expect(query({ servername })).rejects.toThrow(/certificate/);
    await expect(query({ ca, servername: 'elsewhere.example' })).rejects.toThrow(/altnames/);
  });

  it('says on its Secrets when their certificates end', async () => {
    const jsonpath = 'jsonpath={.metadata.annotations.voucher-operator\\.io/expires-at}';
    for (const name of ['nats-tls', 'postgres-tls', 'data-plane-root', 'journal']) {
      const at = await installation.system.kubectl('get', 'secret', `${RELEASE}-${name}`, '-o', jsonpath);
      expect([name, Date.parse(at) > Date.now()]).toEqual([name, true]);
    }
  });
});

describe('an upgrade that adds a campaign and renews a certificate', () => {
  it('makes both, keeps every password and key, and leaves all pods but the set-up’s alone', async () => {
    const { vouchers, system } = installation;
    const pods = (): Promise<string> => vouchers.kubectl('get', 'pods', '-o', 'name');
    const columns = '-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {..restartCount}{"\\n"}{end}';
    const servers = (): Promise<string> =>
      system.kubectl('get', 'pods', '-l', 'app.kubernetes.io/component in (nats,postgres)', columns);
    const { secret } = installation;
    const kept = async () => [await secret('voucher-data-plane-intake'), await secret('voucher-privacy')];
    const before = [await pods(), await servers(), await kept()];
    const spring = await installation.connect('voucher-data-plane-intake');
    try {
      const { client_id: id } = spring.info ?? {};
      const shown = await installation.servedCertificate();
      await system.kubectl('delete', 'secret', `${RELEASE}-nats-tls`);
      await installation.apply(accounts);
      expect(Object.keys(await secret('autumn-intake'))).toContain('postgres-url');
      // kubelet looks at what it has mounted once a minute or so.
      const autumn = await eventually(() => installation.connect('autumn-intake'), {
        timeoutMs: 120_000,
        what: 'the journal to know the new account',
        everyMs: 500,
      });
      await autumn.close();
      const isRenewed = async (): Promise<boolean> => (await installation.servedCertificate()) !== shown;
      await eventually(isRenewed, { timeoutMs: 120_000, what: 'the server to show its new certificate', everyMs: 500 });
      expect(await spring.request('$JS.API.STREAM.INFO.REG_spring-2027_0', '', { timeout: 5_000 })).toBeDefined();
      expect(spring.info?.client_id).toBe(id);
    } finally {
      await spring.close();
    }
    expect([await pods(), await servers(), await kept()]).toEqual(before);
    await vouchers.kubectl('wait', 'vcamp/spring-2027', '--for=condition=Ready', '--timeout=120s');
  }, 480_000);
});

describe('the deletion of an open campaign', () => {
  it('is refused, with the command that confirms it', async () => {
    const { vouchers } = installation;
    const opened = JSON.stringify({ status: { openedAt: '2026-01-01T00:00:00Z' } });
    await vouchers.kubectl('patch', 'vcamp', 'spring-2027', '--subresource=status', '--type=merge', '-p', opened);
    const remove = (): Promise<string> => vouchers.kubectl('delete', 'vcamp', 'spring-2027', '--wait=false');
    // A policy that was just made takes a moment to be looked at.
    await eventually(
      async () => {
        const answer = await vouchers
          .kubectl('delete', 'vcamp', 'spring-2027', '--dry-run=server')
          .catch((error: Error) => error.message);
        return answer.includes('voucher-operator.io/confirm-delete=spring-2027');
      },
      { what: 'a refusal that names the annotation' },
    );
    await vouchers.kubectl('annotate', 'vcamp', 'spring-2027', 'voucher-operator.io/confirm-delete=another');
    await expect(remove()).rejects.toThrow(/citizens have receipts/);
  });

  it('does not hold up the end of its namespace, also when the operator is gone', async () => {
    const { system, vouchers, cluster } = installation;
    await system.kubectl('scale', `deployment/${RELEASE}`, '--replicas=0');
    await system.kubectl('wait', 'pod', '-l', 'app.kubernetes.io/component=operator', '--for=delete', '--timeout=120s');
    await cluster.kubectl(['delete', 'namespace', vouchers.name, '--timeout=150s']);
    expect(await cluster.kubectl(['get', 'namespace', vouchers.name, '--ignore-not-found'])).toBe('');
  }, 240_000);
});

describe('an uninstallation', () => {
  it('keeps the kinds, the passwords and the volumes', async () => {
    const { system, cluster } = installation;
    await installation.helm('uninstall', RELEASE, '--wait');
    expect(await cluster.kubectl(['get', 'crd', '-o', 'name'])).toContain('vouchercampaigns.voucher-operator.io');
    expect(await system.kubectl('get', 'secret', `${RELEASE}-journal`, '-o', 'name')).toBe(
      `secret/${RELEASE}-journal\n`,
    );
    const claims = (await system.kubectl('get', 'pvc', '-o', 'name')).trim().split('\n');
    expect(claims).toHaveLength(4);
  });
});
