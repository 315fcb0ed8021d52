import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { type AdmissionError, admitCampaign, formatAdmissionErrors } from '../../../admission/admission.ts';
import { admitScalePlan } from '../../helpers/admit-scale-plan.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const textOf = (...path: readonly string[]): string => readFileSync(join(EXAMPLES, ...path), 'utf8');
const yamlIn = (...path: readonly string[]): readonly string[] =>
  readdirSync(join(EXAMPLES, ...path)).filter((name) => name.endsWith('.yaml'));

const minimal = textOf('minimal.yaml');

const admit = (text: string) => (text.includes('\nkind: ScalePlan\n') ? admitScalePlan(text) : admitCampaign(text));
const errorsOf = (text: string): readonly AdmissionError[] => {
  const admission = admit(text);
  return admission.kind === 'refused' ? admission.errors : [];
};
const paths = (text: string): readonly string[] => errorsOf(text).map(({ path }) => path);

/** `# expect: spec.title: appears twice` → the path and a part of the message that the file must be refused with. */
const expectation = (text: string): { readonly path: string; readonly message: string } => {
  const match = /^# expect: (\S*?): (.+)$/m.exec(text);
  if (match === null) throw new Error('a bad example starts with "# expect: <path>: <part of the message>"');
  return { path: match[1] ?? '', message: match[2] ?? '' };
};

describe('every good example', () => {
  it.each(yamlIn())('%s is admitted', (name) => {
    expect(errorsOf(textOf(name))).toEqual([]);
  });

  it('the minimal one is at most twenty lines', () => {
    expect(minimal.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
  });
});

describe('every bad example', () => {
  it('there are enough of them to be worth a table', () => {
    expect(yamlIn('bad').length).toBeGreaterThanOrEqual(20);
  });

  it.each(yamlIn('bad'))('%s is refused for exactly the stated reason', (name) => {
    const text = textOf('bad', name);
    const { path, message } = expectation(text);
    expect(errorsOf(text)).toEqual([{ path, message: expect.stringContaining(message), line: expect.any(Number) }]);
  });
});

describe('what an error says', () => {
  it('stands at its line, for an editor to jump to', () => {
    const text = textOf('bad', 'same-voucher-twice.yaml');
    expect(formatAdmissionErrors(errorsOf(text), 'campaign.yaml')).toBe(
      'campaign.yaml:19: spec.vouchers[1].name: "dining-50" is already used by spec.vouchers[0]: choose another',
    );
    expect(text.split('\n')[18]).toContain('- name: dining-50');
  });

  it('comes for all wrong fields at once', () => {
    const text = minimal
      .replace('quota: 200000', 'quota: 0')
      .replace('faceValueFen: 5000', 'faceValueFen: 50.5')
      .replace('admissionPerSecond: 2000', 'admissionPerSecond: -1');
    expect(paths(text)).toEqual([
      'spec.vouchers[0].faceValueFen',
      'spec.vouchers[0].quota',
      'spec.traffic.admissionPerSecond',
    ]);
  });

  it('names an unknown field however deep it is', () => {
    expect(errorsOf(minimal.replace('validDays', 'validDay'))).toMatchObject([
      { path: 'spec.vouchers[0].validDay', message: 'unknown field, did you mean "validDays"?' },
    ]);
  });

  it('names every required field of an empty campaign', () => {
    expect(
      paths('apiVersion: voucher-operator.io/v1alpha1\nkind: VoucherCampaign\nmetadata: {name: a}\nspec: {}\n'),
    ).toEqual(['spec.campaignId', 'spec.title', 'spec.window', 'spec.vouchers']);
  });
});

describe('text that kubectl reads differently', () => {
  it.each([
    ['yes', 'is a boolean to kubectl'],
    ['On', 'is a boolean to kubectl'],
    ['n', 'is a boolean to kubectl'],
    ['017', 'is an octal number to kubectl'],
  ])('a bare %s is refused', (word, message) => {
    expect(errorsOf(minimal.replace('Spring vouchers', word))).toMatchObject([
      { path: 'spec.title.en', message: expect.stringContaining(message) },
    ]);
  });

  it('the same word in quotes is text', () => {
    expect(errorsOf(minimal.replace('Spring vouchers', '"Off"'))).toEqual([]);
    expect(errorsOf(`${minimal}  scaling:\n    mode: "Off"\n`)).toEqual([]);
  });
});

describe('files that are no campaign', () => {
  it.each([
    ['an empty file', '', 'contains no object'],
    ['only comments', '# nothing\n---\n', 'contains no object'],
    ['two objects', `${minimal}---\n${minimal}`, 'contains 2 objects'],
    ['a list', '- a\n- b\n', 'must contain an object'],
    ['far too much text', `# ${'x'.repeat(300_000)}\n`, 'longer than'],
    [
      'an alias bomb',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefghij'
        .split('')
        .map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`)
        .join('\n')}\n`,
      'too large',
    ],
    ['a list that holds itself', 'a: &a [*a]\n', 'too'],
    ['an unknown tag', 'a: !!python/object x\n', 'not valid YAML'],
  ])('%s is refused', (_, text, message) => {
    const [error, ...others] = errorsOf(text);
    expect(error?.message).toContain(message);
    expect(others).toEqual([]);
  });

  it('an object of another version is refused by its version', () => {
    expect(paths(minimal.replace('v1alpha1', 'v1'))).toEqual(['apiVersion']);
  });

  it('a plan is no campaign', () => {
    expect(admitCampaign(textOf('scale-plan-approved.yaml'))).toMatchObject({
      kind: 'refused',
      errors: [{ path: 'kind', message: 'must be VoucherCampaign, is "ScalePlan"' }],
    });
  });
});

describe('nothing is ignored', () => {
  const chengdu: unknown = parse(textOf('chengdu-2020-phase-3.yaml'));

  /** A copy of `value` with one more field in the n-th object, counted depth first, and that field's path. */
  const withStranger = (value: unknown, n: number): { readonly text: string; readonly path: string } | undefined => {
    let seen = 0;
    let found: string | undefined;
    const copy = (part: unknown, path: string): unknown => {
      if (Array.isArray(part)) return part.map((item, index) => copy(item, `${path}[${index}]`));
      if (typeof part !== 'object' || part === null) return part;
      const isHere = seen === n;
      seen += 1;
      const fields = Object.entries(part).map(([name, field]) => [
        name,
        copy(field, path === '' ? name : `${path}.${name}`),
      ]);
      if (isHere) found = path === '' ? 'stranger' : `${path}.stranger`;
      return Object.fromEntries(isHere ? [...fields, ['stranger', true]] : fields);
    };
    const text = stringify(copy(value, ''), { version: '1.1' });
    return found === undefined ? undefined : { text, path: found };
  };

  it('an unknown field is an error that names it, wherever it stands', () => {
    const objects = Array.from({ length: 60 }, (_, n) => withStranger(chengdu, n)).filter((each) => each !== undefined);
    expect(objects.length).toBeGreaterThanOrEqual(20);
    for (const { text, path } of objects) expect(paths(text)).toEqual([path]);
  });

  it('what was written is what is stored', () => {
    const written = fc.record({
      min: fc.integer({ min: 1, max: 20 }),
      windowSeconds: fc.integer({ min: 10, max: 3600 }),
      peak: fc.integer({ min: 1, max: 10_000_000 }),
      title: fc.string({ minLength: 1, maxLength: 120, unit: 'grapheme-ascii' }),
    });
    fc.assert(
      fc.property(written, ({ min, windowSeconds, peak, title }) => {
        const scaling = { peakArrivalsPerSecond: peak, down: { windowSeconds }, tiers: { intake: { min } } };
        const base = parse(minimal);
        const spec = { ...base.spec, title: { 'zh-CN': title, en: title }, scaling };
        const admission = admitCampaign(stringify({ ...base, spec }, { version: '1.1' }));
        expect(admission).toMatchObject({ kind: 'admitted', campaign: { spec } });
      }),
      { numRuns: 50 },
    );
  });
});

describe('metadata', () => {
  const withMetadata = (lines: string): string => minimal.replace('metadata:\n', `metadata:\n${lines}\n`);

  it.each([
    ['a server-written field', '  uid: abc', 'metadata.uid', 'written by the API server'],
    ['an unknown field', '  label: {a: b}', 'metadata.label', 'did you mean "labels"?'],
    ['a finalizer', '  finalizers: [a/b]', 'metadata.finalizers', 'not supported by the embedded mode'],
    ['a number as an annotation', '  annotations: {a: 1}', 'metadata.annotations.a', 'put it in quotes'],
    ['a label that is no label', '  labels: {a: "b c"}', 'metadata.labels.a', 'is not a label value'],
    ['a namespace in capitals', '  namespace: Vouchers', 'metadata.namespace', 'is not a namespace'],
  ])('%s is refused', (_, lines, path, message) => {
    expect(errorsOf(withMetadata(lines))).toMatchObject([{ path, message: expect.stringContaining(message) }]);
  });

  it('a name too long for its Services is refused', () => {
    expect(paths(minimal.replace('name: spring-2027', `name: ${'a'.repeat(51)}`))).toEqual(['metadata.name']);
  });

  it.each([
    ['an earlier campaign', '[{campaign: autumn-2026}]', []],
    ['itself', '[{campaign: autumn-2026}, {campaign: spring-2027}]', ['spec.eligibility.excludeWinnersOf']],
    ['one campaign twice', '[{campaign: a}, {campaign: a}]', ['spec.eligibility.excludeWinnersOf[1].campaign']],
  ])('the winners of %s are excluded: %s', (_, list, refused) => {
    expect(paths(`${minimal}  eligibility: {excludeWinnersOf: ${list}}\n`)).toEqual(refused);
  });

  it('a missing name is refused', () => {
    expect(paths(minimal.replace('  name: spring-2027\n', '  labels: {a: b}\n'))).toEqual(['metadata.name']);
  });
});

describe('an admitted campaign', () => {
  it('has its defaults, a namespace and the first generation', () => {
    const admission = admitCampaign(minimal);
    if (admission.kind === 'refused') throw new Error(formatAdmissionErrors(admission.errors, 'minimal.yaml'));
    expect(admission.campaign.metadata).toEqual({ name: 'spring-2027', namespace: 'default', generation: 1 });
    expect(admission.campaign.spec.scaling.tiers.intake).toEqual({ min: 2, max: 600, capacityPerReplica: 500 });
    expect(admission.campaign.spec.title['zh-CN']).toBe('春季消费券');
    expect(admission.campaign).not.toHaveProperty('status');
  });
});
