/** The directions of design §8, so that a wrong import is a red test and not a review remark. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const PRODUCT = ['operator', 'app', 'local', 'cli', 'deploy'];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path from the root for a relative import, the package's name for others. */
  readonly target: string;
  readonly isDynamic: boolean;
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
    .map((match) => ({ specifier: match[1] ?? match[2] ?? match[3] ?? '', isDynamic: match[2] !== undefined }))
    .map(({ specifier, isDynamic }) => ({
      from,
      specifier,
      isDynamic,
      target: specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : packageOf(specifier),
    }));

const all = sources.flatMap((from) => importsOf(from, readFileSync(join(root, from), 'utf8')));
const inFolder = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
const text = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

/** Composition roots: the only places that join what must not know each other. */
const ROOTS = new Set(['operator/main.ts', 'app/main.ts']);

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

const rules: Record<string, Rule> = {
  'operator/api imports nothing outside itself': {
    folder: 'operator/api',
    forbids: ({ target }) => !inFolder(target, 'operator/api'),
  },
  'operator/scaling is pure and knows only the contract': {
    folder: 'operator/scaling',
    forbids: ({ target }) => !inFolder(target, 'operator/scaling') && !inFolder(target, 'operator/api'),
  },
  'operator/resources is pure': {
    folder: 'operator/resources',
    forbids: any(isNode, isOperator('plan', 'reconcile', 'signals', 'runtime', 'kube', 'observability', 'scaling')),
  },
  'operator/plan is pure and never reaches up, save for the types of its ports': {
    folder: 'operator/plan',
    forbids: any(
      isNode,
      ({ target }) =>
        inFolder(target, 'operator/reconcile') &&
        !['operator/reconcile/ports.ts', 'operator/reconcile/trouble.ts'].includes(target),
      isOperator('signals', 'runtime', 'kube', 'observability'),
    ),
  },
  'operator/runtime knows no campaign': {
    folder: 'operator/runtime',
    forbids: isOperator('api', 'plan', 'scaling', 'resources', 'reconcile', 'signals', 'kube'),
  },
  'operator/kube carries out and never decides': {
    folder: 'operator/kube',
    forbids: isOperator('plan', 'scaling', 'signals', 'observability'),
  },
  'operator/reconcile gets its I/O handed in': { folder: 'operator/reconcile', forbids: isOperator('kube', 'signals') },
  'the operator and the app share only operator/api': {
    folder: 'operator',
    forbids: ({ from, target }) => inFolder(target, 'app') && !ROOTS.has(from),
  },
  'the app knows of the operator only its api': {
    folder: 'app',
    forbids: ({ target, from }) =>
      inFolder(target, 'operator') && !inFolder(target, 'operator/api') && !inFolder(from, 'app/journal'),
  },
  'the journal shares no more than the operator’s ports': {
    folder: 'app/journal',
    forbids: ({ target }) =>
      inFolder(target, 'operator') &&
      !inFolder(target, 'operator/api') &&
      !['operator/reconcile/ports.ts', 'operator/scaling/types.ts'].includes(target),
  },
  'app/core is pure': {
    folder: 'app/core',
    forbids: ({ target }) => !inFolder(target, 'app/core') && target !== 'node:crypto' && target !== 'zod',
  },
  'nobody imports a composition root': { folder: '', forbids: ({ target }) => ROOTS.has(target) },
  'the product never imports local/ or test/': {
    folder: '',
    forbids: ({ from, target }) => (inFolder(target, 'local') && !inFolder(from, 'local')) || inFolder(target, 'test'),
  },
  'only app/journal speaks NATS, beside the auditor who must share no code': {
    folder: '',
    forbids: ({ from, target }) =>
      target.startsWith('@nats-io/') && !inFolder(from, 'app/journal') && !inFolder(from, 'local/audit'),
  },
  'only app/store speaks to the database, beside the auditor': {
    folder: '',
    forbids: ({ from, target }) => target === 'pg' && !inFolder(from, 'app/store') && !inFolder(from, 'local/audit'),
  },
  'the app asks no package for its names at run time: in the bundle one that is CommonJS has none': {
    folder: 'app',
    forbids: ({ isDynamic, specifier }) => isDynamic && !specifier.startsWith('.') && !specifier.startsWith('node:'),
  },
  'the auditor shares no code with the app': {
    folder: 'local/audit',
    forbids: ({ target }) => inFolder(target, 'app'),
  },
  'the load generator shares no code with the app': {
    folder: 'local/load',
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
      { from: 'app/a.ts', specifier: '../b.ts', target: 'b.ts', isDynamic: false },
      { from: 'app/a.ts', specifier: 'pg', target: 'pg', isDynamic: true },
    ]);
  });

  it.each(Object.entries(rules))('%s', (_name, { folder, forbids }) => {
    const wrong = all.filter((imported) => (folder === '' || inFolder(imported.from, folder)) && forbids(imported));
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
