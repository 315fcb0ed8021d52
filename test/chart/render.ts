/** The chart as Helm renders it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { ensureBinary, HELM } from '../../tools/cluster/binaries.ts';

export const CHART = fileURLToPath(new URL('../../charts/voucher-operator', import.meta.url));
export const NAMESPACE = 'voucher-system';
export const RELEASE = 'vo';

/** What the tests look at; the API server checks the rest (test/integration). */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly rules?: readonly Rule[];
  readonly data?: Readonly<Record<string, string>>;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export class HelmError extends Error {
  override readonly name = 'HelmError';
}

/** @param values handed over as a values file */
export const helm = async (args: readonly string[], values: object = {}): Promise<string> => {
  const binary = await ensureBinary(HELM, {
    signal: new AbortController().signal,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [...args, '--values', '-'], { stdio: 'pipe' });
    let out = '';
    let problems = '';
    child.stdout.on('data', (part) => {
      out += part;
    });
    child.stderr.on('data', (part) => {
      problems += part;
    });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(out) : reject(new HelmError(`${problems}${out}`))));
    child.stdin.end(JSON.stringify(values));
  });
};

export interface Rendering {
  /** Folder of the chart. */
  readonly chart?: string;
  readonly release?: string;
  /** More flags. */
  readonly flags?: readonly string[];
}

/** @throws HelmError with what Helm said */
export const render = async (
  values: object = {},
  { chart = CHART, release = RELEASE, flags = [] }: Rendering = {},
): Promise<readonly Manifest[]> => {
  const text = await helm(['template', release, chart, '--namespace', NAMESPACE, ...flags], values);
  return parseAllDocuments(text)
    .map((document) => {
      // Such as a key that stands twice: kubectl would take one of them in silence.
      for (const problem of [...document.errors, ...document.warnings]) throw problem;
      return document.toJS();
    })
    .filter((manifest) => manifest !== null);
};

export const EXTERNAL = {
  dataPlane: {
    embedded: { enabled: false },
    external: { operatorSecretName: 'journal', monitorUrls: ['http://nats-0.nats:8222'] },
  },
};

export const CAMPAIGN = { campaignId: 'spring-2027', namespace: 'vouchers' };
export const WITH_CAMPAIGNS = {
  dataPlane: { embedded: { campaigns: [CAMPAIGN, { campaignId: 'autumn-2027', namespace: 'other' }] } },
};

export const WATCHING = { operator: { watchNamespaces: ['vouchers', 'other'] } };
