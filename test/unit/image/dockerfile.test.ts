/** The Dockerfile can't be built here: what it says is held against the image that tools/image.ts writes. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Copy, type Dockerfile, DockerfileParser, Entrypoint, Env, From, type Instruction } from 'dockerfile-ast';
import { z } from 'zod';
import { NONROOT } from '../../../tools/image/oci.ts';
import { PRODUCT, productConfig } from '../../../tools/image.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (file: string): Promise<string> => readFile(new URL(file, ROOT), 'utf8');

let dockerfile: Dockerfile;
/** Of the last stage: what is in the image. */
let last: readonly Instruction[];

beforeAll(async () => {
  dockerfile = DockerfileParser.parse(await read('Dockerfile'));
  const all = dockerfile.getInstructions();
  last = all.slice(all.findLastIndex((instruction) => instruction instanceof From));
});

const argumentsOf = (keyword: string): readonly string[] =>
  last.filter((instruction) => instruction.getKeyword() === keyword).map((found) => found.getArgumentsContent() ?? '');

describe('the Dockerfile', () => {
  it('starts the same program as the image without an engine, as nobody, in the same folder', () => {
    const [entrypoint] = last.filter((instruction) => instruction instanceof Entrypoint);
    expect(entrypoint?.getJSONStrings().map((text) => text.getJSONValue())).toEqual(productConfig.entrypoint);
    expect(argumentsOf('USER')).toEqual([String(NONROOT)]);
    expect(argumentsOf('WORKDIR')).toEqual([productConfig.workingDir]);
    const env = last.filter((instruction) => instruction instanceof Env).flatMap((found) => found.getProperties());
    expect(env.map((property) => [property.getName(), property.getValue()])).toEqual([
      ['NODE_ENV', productConfig.env.NODE_ENV],
    ]);
  });

  it('has the same files, and nothing that only building needs', () => {
    const targets = last
      .filter((instruction) => instruction instanceof Copy)
      .map((found) => found.getArguments().at(-1)?.getValue());
    const program = PRODUCT.parts.map((part) => `/app/${part}`);
    expect(targets).toEqual(['/usr/local/bin/node', '/app/node_modules', '/app/package.json', ...program]);
  });

  it('names no architecture, and every base by an argument that can be pinned', () => {
    const bases = dockerfile.getFROMs().map((from) => from.getImage());
    expect(bases.filter((base) => !/^\$\{(NODE|RUNTIME)_IMAGE\}$/.test(base ?? ''))).toEqual([]);
    const said = dockerfile.getInstructions().map((instruction) => instruction.getArgumentsContent() ?? '');
    expect(said.filter((text) => /amd64|arm64|x86_64|aarch64|--platform/.test(text))).toEqual([]);
  });

  it('bundles what it has compiled, as the image without an engine', () => {
    const runs = dockerfile.getInstructions().map((instruction) => instruction.getArgumentsContent() ?? '');
    expect(
      runs.filter((text) => text.includes('--outDir /compiled && node tools/image/bundle.ts /compiled')),
    ).toHaveLength(1);
  });

  it('compiles all that tsconfig.build.json includes, and may read it', async () => {
    const { include } = z.object({ include: z.array(z.string()) }).parse(JSON.parse(await read('tsconfig.build.json')));
    const copied = dockerfile
      .getInstructions()
      .filter((instruction) => instruction instanceof Copy)
      .map((found) => found.getArgumentsContent() ?? '');
    const allowed = (await read('.dockerignore')).split('\n');
    for (const part of include) {
      expect(copied).toContain(`${part} ${part}`);
      expect(allowed).toContain(`!${part}`);
    }
  });
});
