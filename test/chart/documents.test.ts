/** What the documents say of Helm, rendered: values, flags, and the roles that their commands bind. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { argumentsOf, commandsOf, fenced } from '../helpers/documents.ts';
import { helm, type Manifest, render } from './render.ts';

const RELEASE = 'voucher';

const commands = [...new Set(fenced('sh').flatMap(({ text }) => commandsOf(text)))];

/** `--set`, `--set-json` and what follows them. */
const settings = commands
  .filter((command) => command.startsWith('helm '))
  .map((command) => {
    const words = argumentsOf(command);
    const flags = words.flatMap((flag, at) =>
      flag === '--set' || flag === '--set-json' ? [flag, words[at + 1] ?? ''] : [],
    );
    return { command, flags };
  })
  .filter(({ flags }) => flags.length > 0);

const values = fenced('yaml')
  .map(({ file, text }) => ({ file, given: parse(text) }))
  .filter(({ given }) => !('kind' in given) && !('contingency' in given));

describe('documents', () => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render({}, { release: RELEASE });
  });

  it('name flags of Helm that Helm has', async () => {
    const known = new Map<string, string>();
    const unknown: string[] = [];
    for (const words of commands.filter((command) => command.startsWith('helm ')).map(argumentsOf)) {
      const [, subcommand = ''] = words;
      const help = known.get(subcommand) ?? (await helm([subcommand, '--help', '--']));
      known.set(subcommand, help);
      const flags = words.filter((word) => /^--?[a-z]/.test(word));
      unknown.push(...flags.filter((flag) => !new RegExp(`(^|\\s)${flag}[\\s,=]`).test(help)));
    }
    expect(unknown).toEqual([]);
  });

  it.each(settings)('$command', async ({ flags }) => {
    expect((await render({}, { release: RELEASE, flags })).length).toBeGreaterThan(0);
  });

  it.each(values)('values of $file, $given', async ({ given }) => {
    expect((await render(given, { release: RELEASE })).length).toBeGreaterThan(0);
  });

  it('bind roles that the chart makes', () => {
    const bound = commands.flatMap((command) => [...command.matchAll(/ --(clusterrole|role) (\S+)/g)]);
    expect(bound.length).toBeGreaterThan(1);
    const made = new Set(manifests.map(({ kind, metadata }) => `${kind.toLowerCase()} ${metadata.name}`));
    expect(bound.map(([, kind, name]) => `${kind} ${name}`).filter((one) => !made.has(one))).toEqual([]);
  });

  it('name parts of the installation that the chart makes', () => {
    const named = commands.flatMap((command) => [
      ...command.matchAll(/\b(statefulset|service)[ /](?:-n \S+ )?(voucher-[a-z]+)/g),
    ]);
    expect(named.length).toBeGreaterThan(2);
    const made = new Set(manifests.map(({ kind, metadata }) => `${kind.toLowerCase()} ${metadata.name}`));
    expect(named.map(([, kind, name]) => `${kind} ${name}`).filter((one) => !made.has(one))).toEqual([]);
  });
});
