import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { RESOURCES } from '../../../contract/schema/schema.ts';
import { crdFileName, customResourceDefinition, renderCrd } from '../../../scripts/generate/crd.ts';
import { driftedFiles, generatedFiles } from '../../../scripts/generate/files.ts';

const ROOT = join(import.meta.dirname, '../../..');
const fromDisk = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

describe('generated files', () => {
  it('are what they are generated from', async () => {
    expect([...(await driftedFiles(fromDisk)).keys()]).toEqual([]);
  });

  it.each([...generatedFiles().keys()])('%s is named when it was edited', async (edited) => {
    const read = async (path: string): Promise<string> => (await fromDisk(path)) + (path === edited ? '\n' : '');
    expect([...(await driftedFiles(read)).keys()]).toEqual([edited]);
  });

  it('are named when they are missing', async () => {
    expect([...(await driftedFiles(async () => undefined)).keys()]).toEqual([...generatedFiles().keys()]);
  });

  it('come out the same every time', () => {
    expect([...generatedFiles()]).toEqual([...generatedFiles()]);
  });
});

describe.each(RESOURCES.map((resource) => [crdFileName(resource), resource] as const))('%s', (_, resource) => {
  const written = renderCrd(resource);

  it('means the same in YAML 1.1, which kubectl reads, as in YAML 1.2', () => {
    expect(parse(written, { version: '1.1' })).toEqual(parse(written, { version: '1.2' }));
    expect(parse(written, { version: '1.1' })).toEqual(JSON.parse(JSON.stringify(customResourceDefinition(resource))));
  });

  it('keeps the hints of the type generator to itself', () => {
    expect(written).not.toContain('typeHint');
  });

  it('says nothing about metadata but its type and the form of the name, as the API server demands', () => {
    const { metadata } = parse(written).spec.versions[0].schema.openAPIV3Schema.properties;
    expect(Object.keys(metadata).sort()).toEqual(['properties', 'type']);
    expect(Object.keys(metadata.properties)).toEqual(['name']);
  });
});
