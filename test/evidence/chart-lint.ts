/**
 * What others' tools say of the chart: `helm lint --strict`, kubeconform against the schemas that the API server itself
 * publishes (strict: an unknown field is an error), and kube-score, whose every finding is mended or explained.
 * `--cluster NAME` uses a cluster that is there. A manifest with a misspelt field and a pod that runs as root must be found.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ensureBinary, installed } from '../../tools/cluster/binaries.ts';
import { whyNoCluster } from '../../tools/cluster/host.ts';
import { type Cluster, down, up } from '../../tools/cluster.ts';
import { CHART, EXTERNAL, helm, NAMESPACE, RELEASE, WATCHING, WITH_CAMPAIGNS } from '../chart/render.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { EXCEPTIONS } from './lint/exceptions.ts';
import { kubeconformSchemas } from './lint/schemas.ts';

const LINTERS = [
  installed('kubeconform', 'github.com/yannh/kubeconform/cmd/kubeconform', 'v0.8.0', 10),
  installed('kube-score', 'github.com/zegl/kube-score/cmd/kube-score', 'v1.20.0', 60),
];
const ROOT = new URL('../../', import.meta.url).pathname;

const VALUES: Readonly<Record<string, object>> = {
  defaults: {},
  campaigns: WITH_CAMPAIGNS,
  external: EXTERNAL,
  watching: WATCHING,
  // Of the Prometheus operator, whose kinds this cluster has not: the other tools look at it.
  monitored: { ...WITH_CAMPAIGNS, monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true } } },
};
const SKIPPED_KINDS = 'PodMonitor,PrometheusRule';

interface Said {
  readonly code: number;
  readonly text: string;
}

/** Both tools end with 1 for a finding: that is an answer. */
const say = (command: string, args: readonly string[], signal: AbortSignal): Promise<Said> =>
  new Promise((resolve, reject) => {
    execFile(command, [...args], { signal, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout === '' ? stderr : stdout });
    });
  });

const conformReport = z.object({
  resources: z.array(z.object({ kind: z.string(), name: z.string(), status: z.string(), msg: z.string() })),
  summary: z.object({ valid: z.number(), invalid: z.number(), errors: z.number(), skipped: z.number() }),
});
const scoreReport = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(z.object({ check: z.object({ id: z.string() }), grade: z.number(), skipped: z.boolean() })),
  }),
);

/** kube-score: 10 is "all OK". */
const GOOD = 10;

interface Finding {
  readonly check: string;
  readonly object: string;
}

const findingsOf = (json: string): readonly Finding[] =>
  scoreReport
    .parse(JSON.parse(json))
    .flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
      checks
        .filter(({ grade, skipped }) => !skipped && grade < GOOD)
        .map(({ check }) => ({ check: check.id, object: `${kind} ${name}` })),
    );

const isExplained = ({ check, object }: Finding): boolean =>
  EXCEPTIONS.some((exception) => exception.check === check && exception.objects.includes(object));

/** The kinds of this project among them: the examples are checked as well. */
const writeSchemas = async (cluster: Cluster, dir: string): Promise<number> => {
  await cluster.kubectl(['apply', '--server-side', '-f', join(ROOT, 'crds')]);
  const openapi = await eventually(
    async () => {
      const text = await cluster.kubectl(['get', '--raw', '/openapi/v2']);
      return text.includes('"VoucherCampaign"') && text.includes('"ScalePlan"') ? text : undefined;
    },
    { what: 'the API server to publish the kinds of this project' },
  );
  const schemas = kubeconformSchemas(JSON.parse(openapi));
  for (const [file, schema] of schemas) await writeFile(join(dir, file), JSON.stringify(schema));
  return schemas.size;
};

/** A field that nobody knows, and a container without any rule: each tool must object, or its silence means nothing. */
const SABOTAGED = `apiVersion: v1
kind: Pod
metadata: {name: sabotaged}
spec:
  containers:
    - {name: it, image: it, imagePulPolicy: Always}
`;

export const scenario: Scenario = {
  issue: '03',
  run: async ({ args, signal, progress }) => {
    const reason = whyNoCluster();
    if (reason !== undefined) return { kind: 'not_run', reason };
    const { values } = parseArgs({ args: [...args], options: { cluster: { type: 'string' } } });
    const name = values.cluster ?? 'vo-evidence';
    const dir = await mkdtemp(join(tmpdir(), 'voucher-lint-'));
    try {
      const [conform, score] = await Promise.all(LINTERS.map((binary) => ensureBinary(binary, { signal, progress })));
      if (conform === undefined || score === undefined) throw new Error('unreachable: two binaries were asked for');
      const schemas = await writeSchemas(await up({ name, progress }, signal), dir);
      const location = join(dir, '{{.ResourceKind}}{{.KindSuffix}}.json');
      const conforms = async (...files: readonly string[]) => {
        const flags = ['-strict', '-verbose', '-summary', '-output', 'json', '-skip', SKIPPED_KINDS];
        const { text } = await say(conform, [...flags, '-schema-location', location, ...files], signal);
        return conformReport.parse(JSON.parse(text));
      };

      const raw: Record<string, unknown> = { schemas };
      const problems: string[] = [];
      const findings: Finding[] = [];
      const conformed = async (what: string, ...files: readonly string[]): Promise<void> => {
        const report = await conforms(...files);
        raw[`kubeconform ${what}`] = report;
        const bad = report.resources.filter(({ status }) => status !== 'statusValid' && status !== 'statusSkipped');
        problems.push(...bad.map(({ kind, name: object, msg }) => `kubeconform ${what}: ${kind} ${object}: ${msg}`));
        progress(`kubeconform ${what}: ${JSON.stringify(report.summary)}`);
      };
      for (const [what, chartValues] of Object.entries(VALUES)) {
        raw[`helm lint ${what}`] = (
          await helm(['lint', '--strict', CHART, '--namespace', NAMESPACE], chartValues)
        ).replaceAll(ROOT, '');
        const file = join(dir, `${what}.yaml`);
        await writeFile(file, await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE], chartValues));
        await conformed(what, file);
        findings.push(...findingsOf((await say(score, ['score', '--output-format', 'json', file], signal)).text));
      }
      await conformed(
        'examples',
        ...['minimal', 'chengdu-2020-phase-3', 'scale-plan-approved'].map((one) =>
          join(ROOT, 'examples', `${one}.yaml`),
        ),
      );

      const sabotaged = join(dir, 'sabotaged.yaml');
      await writeFile(sabotaged, SABOTAGED);
      const missedField = (await conforms(sabotaged)).summary.invalid !== 1;
      const ofSabotaged = findingsOf((await say(score, ['score', '--output-format', 'json', sabotaged], signal)).text);
      if (missedField) problems.push('kubeconform took a misspelt field');
      if (ofSabotaged.length === 0) problems.push('kube-score took a pod without any rule');

      const unexplained = findings.filter((finding) => !isExplained(finding));
      problems.push(...unexplained.map(({ check, object }) => `kube-score: ${check} on ${object}`));
      const unused = EXCEPTIONS.flatMap(({ check, objects }) => objects.map((object) => ({ check, object }))).filter(
        (one) => !findings.some(({ check, object }) => check === one.check && object === one.object),
      );
      problems.push(
        ...unused.map(({ check, object }) => `the exception from ${check} for ${object} is no longer needed`),
      );
      for (const problem of problems) progress(problem);
      return {
        kind: 'ran',
        holds: problems.length === 0,
        summary: {
          problems,
          explained: EXCEPTIONS.map(({ check, objects, why }) => `${check} (${objects.length} objects): ${why}`),
        },
        raw: { ...raw, findings, sabotaged: ofSabotaged },
      };
    } finally {
      await rm(dir, { recursive: true, force: true });
      if (values.cluster === undefined) await down(name, new AbortController().signal, progress);
    }
  },
};
