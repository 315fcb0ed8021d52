/** Every command of the documents runs in a test, with flags that exist; every campaign and every value in them is valid. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { admitCampaign } from '../../../admission/admission.ts';
import { runCli } from '../../../cli/run.ts';
import { DOCUMENTED, type DocumentedCommand, STORY } from '../../helpers/documented-commands.ts';
import { argumentsOf, commandsOf, fenced, inlineCode } from '../../helpers/documents.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NO_CLUSTER = '/no/such/kubeconfig';

const asPlugin = (command: string): string => command.replace(/^npm run -s voucher --/, 'kubectl voucher');

const written: readonly string[] = fenced('sh').flatMap(({ text }) => commandsOf(text).map(asPlugin));

const isOf = ({ command }: DocumentedCommand, found: string): boolean =>
  command.endsWith('…') ? `${found} `.startsWith(command.slice(0, -1)) : found === command;

const without = (commands: readonly string[], entries: readonly DocumentedCommand[]): readonly string[] =>
  commands.filter((command) => !entries.some((entry) => isOf(entry, command)));

const goneFrom = (entries: readonly DocumentedCommand[], commands: readonly string[]): readonly string[] =>
  entries.filter((entry) => !commands.some((command) => isOf(entry, command))).map(({ command }) => command);

/** Entries whose test is not there, or does not contain what they say. */
const unproven = (entries: readonly DocumentedCommand[]): readonly string[] =>
  entries
    .filter(({ ranBy, as }) => {
      const path = join(ROOT, ranBy);
      if (!existsSync(path)) return true;
      return as === undefined ? ranBy !== STORY : !readFileSync(path, 'utf8').includes(as);
    })
    .map(({ command, ranBy, as }) => `${command}: ${ranBy} does not contain ${as}`);

describe('commands of the documents', () => {
  it('each run in a test', () => {
    expect(written.length).toBeGreaterThan(100);
    expect(without(written, DOCUMENTED)).toEqual([]);
  });

  it('are the only ones in the table', () => {
    expect(goneFrom(DOCUMENTED, written)).toEqual([]);
  });

  it('are in the tests that the table names', () => {
    expect(unproven(DOCUMENTED)).toEqual([]);
  });

  it('would be missed, were one without a test, or a test without its command', () => {
    const entry = { command: 'kubectl get nodes', ranBy: 'test/suites.ts', as: 'kubectl get nodes' };
    expect(without(['kubectl get nodes'], DOCUMENTED)).toEqual(['kubectl get nodes']);
    expect(goneFrom([entry], written)).toEqual(['kubectl get nodes']);
    expect(unproven([entry])).toEqual(['kubectl get nodes: test/suites.ts does not contain kubectl get nodes']);
  });
});

/** Options whose file is read, or written, first where no cluster is needed. */
const FILES = ['--trace', '--dir', '--bundle', '--entries', '--out', '--replay'];

/** How far our own parser gets without a cluster: to the kubeconfig, or to the first file. */
const parsed = async (command: string): Promise<string> => {
  const args = argumentsOf(command.replace(/ > \S+$/, ''))
    .slice(2)
    .map((word, at, all) => (FILES.includes(all[at - 1] ?? '') ? NO_CLUSTER : word))
    .map((word) => (word === 'RECEIPT' ? 'A'.repeat(26) : word));
  let said = '';
  await runCli(args, {
    out: () => undefined,
    err: (text) => {
      said += text;
    },
    now: () => 0,
    wallMs: () => Date.parse('2027-03-01T00:00:00Z'),
    env: { KUBECONFIG: NO_CLUSTER },
  });
  return said;
};

describe('commands of the plug-in', () => {
  const ours = written.filter((command) => command.startsWith('kubectl voucher'));

  it.each([...new Set(ours)])('%s is understood', async (command) => {
    expect(await parsed(command)).toContain(NO_CLUSTER);
  });

  it('within a sentence exist', async () => {
    const named = new Set(
      inlineCode()
        .map(({ text }) => /^kubectl voucher ([a-z]+(?: (?:show|start|stop))?)/.exec(asPlugin(text))?.[1] ?? '')
        .filter((name) => name !== ''),
    );
    expect(named.size).toBeGreaterThan(5);
    const unknown = await Promise.all(
      [...named].map(async (name) => ((await parsed(`kubectl voucher ${name}`)).includes('unknown') ? name : '')),
    );
    expect(unknown.filter((name) => name !== '')).toEqual([]);
  });

  it('would be refused with a flag that does not exist', async () => {
    expect(await parsed('kubectl voucher status --nosuch')).not.toContain(NO_CLUSTER);
  });
});

describe('commands of npm', () => {
  it.each([
    ['npm run demo', 'local/demo.ts', ['--help']],
    ['npm run operator', 'operator/main.ts', ['--help']],
    ['npm run cluster -- up', 'tools/cluster/main.ts', ['up', '--help']],
  ])('%s have flags that the program names', (start, file, args) => {
    const flags = new Set(
      written
        .filter((command) => command.startsWith(start))
        .flatMap((command) => command.match(/--[a-z][a-z-]+/g) ?? []),
    );
    const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, file), ...args], { encoding: 'utf8' });
    expect([...flags].filter((flag) => !`${stdout}${stderr}`.includes(flag))).toEqual([]);
  });
});

/** Flags of Helm and of Kubernetes' own programs that documents name without a command. */
const OF_OTHERS = [
  '--help',
  '--wait',
  '--no-hooks',
  '--reuse-values',
  '--set',
  '--horizontal-pod-autoscaler-sync-period',
  '--kube-api-qps',
];

describe('flags', () => {
  it('within a sentence are of a program of ours, or of a command that runs', () => {
    const sources = globSync(['{cli,local,operator,tools,simulation}/**/*.ts', 'test/{bench,evidence,soak}/**/*.ts'], {
      cwd: ROOT,
    })
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('\n');
    const isOurs = (flag: string): boolean =>
      sources.includes(`'${flag}`) ||
      sources.includes(`, ${flag}`) ||
      sources.includes(`'${flag.slice(2)}'`) ||
      sources.includes(` ${flag.slice(2)}: { type: `);
    const named = new Set(inlineCode().flatMap(({ text }) => text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []));
    const typed = written.join(' ');
    const unknown = [...named].filter((flag) => !isOurs(flag) && !typed.includes(flag) && !OF_OTHERS.includes(flag));
    expect(named.size).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });
});

const documentsIn = (text: string): readonly unknown[] => parseAllDocuments(text).map((document) => document.toJS());
const isCampaign = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'VoucherCampaign';
const PARTS = ['contingency'];
const isPart = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && PARTS.some((part) => part in value);

describe('YAML of the documents', () => {
  const blocks = fenced('yaml').flatMap(({ file, text }) => documentsIn(text).map((value) => ({ file, text, value })));
  const minimal = documentsIn(readFileSync(join(ROOT, 'examples/minimal.yaml'), 'utf8'))[0] as { spec: object };

  it.each(blocks.filter(({ value }) => isCampaign(value) || isPart(value)))(
    'is a campaign that is admitted, in $file',
    ({ text, value }) => {
      const whole = isPart(value) ? JSON.stringify({ ...minimal, spec: { ...minimal.spec, ...value } }) : text;
      expect(admitCampaign(whole)).toMatchObject({ kind: 'admitted' });
    },
  );

  it.each(blocks.filter(({ value }) => !isCampaign(value) && !isPart(value)))(
    'is what the chart takes as values, in $file',
    ({ value }) => {
      const schema = JSON.parse(readFileSync(join(ROOT, 'charts/voucher-operator/values.schema.json'), 'utf8'));
      const check = new Ajv({ strict: false }).compile(partial(schema));
      expect({ isValid: check(value), errors: check.errors }).toEqual({ isValid: true, errors: null });
    },
  );

  it('of README and quickstart is the example', () => {
    const [shown] = blocks.filter(({ file, value }) => file === 'README.md' && isCampaign(value));
    expect(shown?.value).toEqual(minimal);
  });
});

/** Values are laid over the chart's own, so nothing is required of them. */
function partial(schema: unknown): object {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === 'required' ? undefined : value)));
}
