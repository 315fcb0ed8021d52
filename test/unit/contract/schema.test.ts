import { describe, expect, it } from '@jest/globals';
import { Environment } from '@marcbachmann/cel-js';
import { brokenRules } from '../../../admission/rules.ts';
import { CONDITION_REASONS, CONDITION_TYPES } from '../../../contract/conditions.ts';
import { withDefaults } from '../../../contract/defaults.ts';
import type { SchemaNode } from '../../../contract/schema/node.ts';
import { RESOURCES, SCALE_PLAN, VOUCHER_CAMPAIGN } from '../../../contract/schema/schema.ts';
import { schemaNodes } from '../../helpers/schema-nodes.ts';

const nodes = schemaNodes(RESOURCES);
const offenders = (isOffender: (node: SchemaNode) => boolean): readonly string[] =>
  nodes.filter(({ node }) => isOffender(node)).map(({ path }) => path);

const rules = nodes.flatMap(({ path, node, uncorrelatable }) =>
  (node['x-kubernetes-validations'] ?? []).map((rule) => ({ path, node, uncorrelatable, ...rule })),
);

const REMEDY = /(: |, )(.*\b)?(restore|raise|lower|move|write|check|state|remove|choose|create|shorten|correct)\b/;

describe('the schema of both resources', () => {
  it('describes every field in a sentence', () => {
    expect(nodes.length).toBeGreaterThan(100);
    expect(offenders(({ description }) => !/^\p{Lu}[\s\S]{8,}\.$/u.test(description))).toEqual([]);
  });

  it('bounds every text', () => {
    expect(
      offenders((node) => node.type === 'string' && node.enum === undefined && node.maxLength === undefined),
    ).toEqual([]);
  });

  it('bounds every list and says how it merges', () => {
    expect(
      offenders(
        (node) => node.type === 'array' && !(node.maxItems > 0 && node['x-kubernetes-list-type'] !== undefined),
      ),
    ).toEqual([]);
  });

  it('requires the keys of every list that is merged by keys', () => {
    const isKeyless = (node: SchemaNode): boolean => {
      if (node.type !== 'array' || node['x-kubernetes-list-type'] !== 'map') return false;
      const { items } = node;
      const keys = node['x-kubernetes-list-map-keys'] ?? [];
      return keys.length === 0 || items.type !== 'object' || keys.some((key) => !(items.required ?? []).includes(key));
    };
    expect(offenders(isKeyless)).toEqual([]);
  });

  it('bounds every number that a person writes from below and above', () => {
    const open = nodes.filter(
      ({ path, node }) =>
        path.startsWith('VoucherCampaign.spec') &&
        (node.type === 'integer' || node.type === 'number') &&
        (node.minimum === undefined || node.maximum === undefined),
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  it('requires no field that has a default, because the API server fills it in', () => {
    const isContradictory = (node: SchemaNode): boolean =>
      node.type === 'object' && (node.required ?? []).some((name) => node.properties[name]?.default !== undefined);
    expect(offenders(isContradictory)).toEqual([]);
  });

  it('requires only fields that exist', () => {
    const isLoose = (node: SchemaNode): boolean =>
      node.type === 'object' && (node.required ?? []).some((name) => !Object.hasOwn(node.properties, name));
    expect(offenders(isLoose)).toEqual([]);
  });

  it('opens every section that has defaults inside, so that leaving it out fills it', () => {
    const isClosed = (node: SchemaNode): boolean =>
      node.type === 'object' &&
      Object.values(node.properties).some(
        (child) =>
          child.type === 'object' &&
          child.default === undefined &&
          (child.required ?? []).length === 0 &&
          Object.values(child.properties).some((grandchild) => grandchild.default !== undefined),
      );
    expect(offenders(isClosed)).toEqual([]);
  });

  it('has defaults that keep their own rules, because the API server checks that before it takes the CRD', () => {
    const broken = nodes.flatMap(({ path, node }) =>
      node.default === undefined ? [] : brokenRules(node, withDefaults(node, node.default), undefined, path),
    );
    expect(broken).toEqual([]);
  });
});

describe('the rules', () => {
  it.each(rules)('$path: $message', ({ rule, message, fieldPath, node, uncorrelatable }) => {
    expect(message).toMatch(REMEDY);
    expect(message).not.toContain('\n');
    const environment = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
    expect(environment.check(rule)).toMatchObject({ valid: true });
    expect(uncorrelatable && rule.includes('oldSelf')).toBe(false);

    // A path into nowhere would make the API server refuse the whole CRD.
    let at: SchemaNode | undefined = node;
    for (const name of (fieldPath ?? '').split('.').slice(1)) {
      at = at?.type === 'object' ? at.properties[name] : undefined;
    }
    expect(at).toBeDefined();
  });
});

describe('what kubectl shows', () => {
  it('has the columns that answer "is it going well?"', () => {
    expect(VOUCHER_CAMPAIGN.columns.map(({ name }) => name)).toEqual([
      'Stage',
      'Opens',
      'Rate/s',
      'Backlog',
      'Wait',
      'Intake',
      'Plan',
      'Issued',
      'OK',
      'Age',
    ]);
  });

  it('points every column at a field of the schema', () => {
    const known = new Set(nodes.map(({ path }) => path));
    for (const { kind, columns } of [VOUCHER_CAMPAIGN, SCALE_PLAN]) {
      for (const { jsonPath } of columns) {
        if (jsonPath === '.metadata.creationTimestamp') continue;
        expect(known).toContain(`${kind}${jsonPath.replace(/\[\?.*?\]/, '[]')}`);
      }
    }
  });
});

describe('conditions', () => {
  it('lists every type once', () => {
    expect([...CONDITION_TYPES].sort()).toEqual(Object.keys(CONDITION_REASONS).sort());
  });

  it.each(CONDITION_TYPES)('%s has reasons of one CamelCase word, and one for the first visit', (type) => {
    const reasons: readonly string[] = CONDITION_REASONS[type];
    expect(reasons).toContain('NotYetObserved');
    expect(new Set(reasons).size).toBe(reasons.length);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
  });
});
