/** Each alert has a page that agrees with its rule, and each page has its alert. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Alert } from '../../../observability/rule.ts';
import { ALERTS, runbookOf } from '../../../observability/rules.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const PARTS = ['Symptom', 'Metric', 'Action', 'Verification'] as const;

/** What is wrong with the page of an alert. */
const faultsOf = (name: string, alert: Alert, page: string): readonly string[] => {
  const [, ...sections] = page.split(/^## /m);
  const parts = sections.map((section) => {
    const [title = '', ...lines] = section.split('\n');
    return { title, text: lines.join('\n').trim() };
  });
  const of = (title: string): string => parts.find((part) => part.title === title)?.text ?? '';
  const lasting = alert.for === undefined ? '.' : `, for ${alert.for}.`;
  return [
    ...(page.startsWith(`# ${name}\n`) ? [] : ['its title is not the alert']),
    ...(page.includes(`Severity: **${alert.severity}**${lasting}`) ? [] : ['another severity, or another duration']),
    ...(parts.map(({ title }) => title).join() === PARTS.join() ? [] : [`its parts are not ${PARTS.join(', ')}`]),
    ...PARTS.filter((part) => of(part) === '').map((part) => `${part} is empty`),
    ...(of('Metric').includes(`\`\`\`promql\n${alert.expr}\n\`\`\``) ? [] : ['another expression']),
    ...(/^```sh$/m.test(of('Action')) ? [] : ['its Action has no command']),
  ].map((fault) => `${name}: ${fault}`);
};

describe('runbooks', () => {
  it('are there for each alert, and for nothing else', () => {
    const pages = readdirSync(join(ROOT, 'docs/runbooks')).filter((file) => file !== 'README.md');
    expect(pages.toSorted()).toEqual(
      Object.keys(ALERTS)
        .map((name) => `${name}.md`)
        .toSorted(),
    );
  });

  it('have their four parts, and agree with the rule', () => {
    expect(Object.entries(ALERTS).flatMap(([name, alert]) => faultsOf(name, alert, read(runbookOf(name))))).toEqual([]);
  });

  it('are in the index, with their severity', () => {
    const index = read('docs/runbooks/README.md');
    const missing = Object.entries(ALERTS).filter(
      ([name, { severity }]) => !index.includes(`| [${name}](${name}.md) | ${severity} |`),
    );
    expect(missing).toEqual([]);
  });

  it('would be refused without a part, with another expression, or with another severity', () => {
    const name = 'VoucherTierBelowMin';
    const alert = ALERTS[name];
    if (alert === undefined) throw new Error(`there is no ${name}`);
    const page = read(runbookOf(name));
    expect(faultsOf(name, alert, page)).toEqual([]);
    expect(faultsOf(name, alert, page.split('## Verification')[0] ?? '')).not.toEqual([]);
    expect(faultsOf(name, { ...alert, expr: 'up == 0' }, page)).toEqual([`${name}: another expression`]);
    expect(faultsOf(name, { ...alert, severity: 'info' }, page)).toHaveLength(1);
  });
});
