/** Who may know whom (docs/architecture.md), so that a wrong import is a red test and not a review remark. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const PRODUCT = [
  'contract',
  'admission',
  'runtime',
  'journal',
  'observability',
  'operator',
  'simulation',
  'app',
  'cli',
  'local',
  'tools',
  'deploy',
];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path from the root for a relative import, the package's name for others. */
  readonly target: string;
  readonly isDynamic: boolean;
  /** Only types: gone at run time. */
  readonly isType: boolean;
}

const sources = PRODUCT.flatMap((folder) => {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
});

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const importsOf = (from: string, text: string): Import[] =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|\nimport\s+'([^']+)'/g,
    ),
  ]
    .map((match) => ({
      specifier: match[1] ?? match[2] ?? match[3] ?? '',
      isDynamic: match[2] !== undefined,
      isType: /^\s*(?:import|export)\s+type\b/.test(match[0]),
    }))
    .map(({ specifier, isDynamic, isType }) => ({
      from,
      specifier,
      isDynamic,
      isType,
      target: specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : packageOf(specifier),
    }));

const sourceText = (path: string): string => readFileSync(join(root, path), 'utf8');
const all = sources.flatMap((from) => importsOf(from, sourceText(from)));
const inFolder = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
const text = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

/** Composition roots: the only places that join what must not know each other. */
const ROOTS = new Set(['operator/main.ts', 'app/main.ts']);

/** Rules of one concern each, with what keeps it beside them. */
const CONCERNS = [
  'tick',
  'apply',
  'conditions',
  'scale-plans',
  'contingency',
  'freeze',
  'erasure',
  'destruction',
  'history',
  'audit',
  'outside',
].map((name) => `operator/${name}`);

interface Rule {
  readonly folder: string;
  readonly forbids: (imported: Import) => boolean;
}

const isNode = ({ target }: Import): boolean => target.startsWith('node:');
const isOperator =
  (...folders: string[]) =>
  ({ target }: Import): boolean =>
    folders.some((folder) => inFolder(target, join('operator', folder)));
const any =
  (...tests: ((imported: Import) => boolean)[]) =>
  (imported: Import): boolean =>
    tests.some((test) => test(imported));

/** May import these folders, and nothing else of ours. Packages and Node's own modules are other rules' matter. */
const onlyOurs =
  (...folders: string[]) =>
  ({ target, specifier }: Import): boolean =>
    specifier.startsWith('.') && !folders.some((folder) => inFolder(target, folder));

const rules: Record<string, Rule> = {
  'contract knows nothing of ours, and no machine': {
    folder: 'contract',
    forbids: any(onlyOurs('contract'), (imported) => isNode(imported) && imported.target !== 'node:crypto'),
  },
  'admission knows the contract, and reads no file': {
    folder: 'admission',
    forbids: any(onlyOurs('admission', 'contract'), (imported) => isNode(imported) && imported.target !== 'node:util'),
  },
  'observability knows the contract, and no machine': {
    folder: 'observability',
    forbids: any(onlyOurs('observability', 'contract'), isNode),
  },
  'runtime knows neither campaign nor cluster': { folder: 'runtime', forbids: onlyOurs('runtime') },
  'journal knows the contract, and neither operator nor app': {
    folder: 'journal',
    forbids: onlyOurs('journal', 'contract', 'runtime'),
  },
  'operator and app do not know each other': {
    folder: 'operator',
    forbids: (imported) =>
      onlyOurs('operator', 'contract', 'runtime', 'journal')(imported) &&
      !(ROOTS.has(imported.from) && inFolder(imported.target, 'simulation')),
  },
  'app and operator do not know each other': {
    folder: 'app',
    forbids: onlyOurs('app', 'contract', 'runtime', 'journal'),
  },
  'simulation knows the law, and of a campaign’s life one type: what is asked of it': {
    folder: 'simulation',
    forbids: (imported) =>
      onlyOurs('simulation', 'operator/scaling', 'operator/signals/second-rates.ts', 'contract')(imported) &&
      !(imported.isType && imported.target === 'operator/scale-plans/effect.ts'),
  },
  'the law is pure and knows only the contract': {
    folder: 'operator/scaling',
    forbids: any(onlyOurs('operator/scaling', 'contract'), isNode),
  },
  'builders are pure': {
    folder: 'operator/resources',
    forbids: any(onlyOurs('operator/resources', 'contract'), isNode),
  },
  'leadership knows no campaign': {
    folder: 'operator/leadership',
    forbids: onlyOurs('operator/leadership', 'runtime'),
  },
  'operator/kube carries out and never decides': {
    folder: 'operator/kube',
    forbids: isOperator('conditions', 'contingency', 'audit', 'scaling', 'signals', 'observability'),
  },
  'a tick gets its I/O handed in': {
    folder: 'operator',
    forbids: ({ from, target }) =>
      CONCERNS.some((folder) => inFolder(from, folder)) && inFolder(target, 'operator/kube'),
  },
  'of the journal, only composition roots take more than types': {
    folder: '',
    forbids: ({ from, target, isType }) =>
      inFolder(target, 'journal') &&
      !inFolder(from, 'journal') &&
      !isType &&
      !/(^|[/-])main\.ts$/.test(from) &&
      !inFolder(from, 'local') &&
      !inFolder(from, 'app/roles'),
  },
  'app/core is pure': {
    folder: 'app/core',
    forbids: ({ target }) =>
      !inFolder(target, 'app/core') && !inFolder(target, 'contract') && target !== 'node:crypto' && target !== 'zod',
  },
  'no file imports a composition root': { folder: '', forbids: ({ target }) => ROOTS.has(target) },
  'the product imports neither local/ nor tools/ nor test/': {
    folder: '',
    forbids: ({ from, target }) =>
      ((inFolder(target, 'local') || inFolder(target, 'tools')) &&
        !inFolder(from, 'local') &&
        !inFolder(from, 'tools')) ||
      inFolder(target, 'test'),
  },
  'only journal/ speaks NATS, beside the ledger check, which must share no code': {
    folder: '',
    forbids: ({ from, target }) =>
      target.startsWith('@nats-io/') && !inFolder(from, 'journal') && !inFolder(from, 'local/ledger-check'),
  },
  'only app/store speaks to the database, beside the ledger check': {
    folder: '',
    forbids: ({ from, target }) =>
      target === 'pg' && !inFolder(from, 'app/store') && !inFolder(from, 'local/ledger-check'),
  },
  'the app asks no package for its names at run time: in the bundle one that is CommonJS has none': {
    folder: 'app',
    forbids: ({ isDynamic, specifier }) => isDynamic && !specifier.startsWith('.') && !specifier.startsWith('node:'),
  },
  'the ledger check shares no code with what it checks': {
    folder: 'local/ledger-check',
    forbids: any(
      ({ target }) => inFolder(target, 'app'),
      ({ target }) => inFolder(target, 'journal'),
      ({ target }) => inFolder(target, 'operator'),
      ({ target }) => inFolder(target, 'runtime'),
    ),
  },
  'the load generator shares no code with the app': {
    folder: 'local/load',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'the local providers share no code with their clients': {
    folder: 'local/providers',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'the local channels share no code with their clients': {
    folder: 'local/channels',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'the local OpenID provider shares no code with its clients': {
    folder: 'local/openid',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'the local relay of drand shares no code with what verifies its rounds': {
    folder: 'local/drand',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'only operator/kube imports the Kubernetes client': {
    folder: '',
    forbids: ({ from, target }) => target === '@kubernetes/client-node' && !inFolder(from, 'operator/kube'),
  },
};

describe('imports', () => {
  it('are found at all, in every kind of file', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(importsOf('app/a.ts', "import type { A } from '../b.ts';\nconst c = await import('pg');")).toEqual([
      { from: 'app/a.ts', specifier: '../b.ts', target: 'b.ts', isDynamic: false, isType: true },
      { from: 'app/a.ts', specifier: 'pg', target: 'pg', isDynamic: true, isType: false },
    ]);
  });

  it.each(Object.entries(rules))('%s', (_name, { folder, forbids }) => {
    const wrong = all.filter((imported) => (folder === '' || inFolder(imported.from, folder)) && forbids(imported));
    expect(wrong.map(text)).toEqual([]);
  });

  it('of a file that never waits name no file that does, but for types', () => {
    const waits = (path: string): boolean => /\bawait\b|\basync\b|\bPromise[.<]/.test(sourceText(path));
    const wrong = all.filter(
      ({ from, target, isType }) =>
        CONCERNS.some((folder) => inFolder(from, folder)) &&
        !isType &&
        !waits(from) &&
        (target.startsWith('node:') || (sources.includes(target) && waits(target))),
    );
    expect(wrong.map(text)).toEqual([]);
  });

  it('never go in circles', () => {
    const edges = new Map<string, string[]>();
    for (const { from, target } of all) edges.set(from, [...(edges.get(from) ?? []), target]);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(circles).toEqual([]);
  });
});

describe('files', () => {
  it('end at 300 lines', () => {
    const long = sources
      .map((name) => [relative('.', name), readFileSync(join(root, name), 'utf8').split('\n').length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });
});
