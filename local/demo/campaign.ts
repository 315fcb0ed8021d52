/** The user's campaign with the demo's overrides, and a list of these changes for people. Pure. */
import { parseDocument } from 'yaml';
import type { Override } from './profile.ts';

export interface DemoCampaign {
  readonly yaml: string;
  /** `spec.window.opensAt: 2020-… → 2026-… (why)` */
  readonly changes: readonly string[];
}

const shown = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** @throws Error when the text is not YAML or has no spec; everything else is checked at admission */
export const demoCampaign = (
  source: string,
  window: { readonly opensAtMs: number; readonly closesAtMs: number },
  overrides: readonly Override[],
  annotations: Readonly<Record<string, string>> = {},
): DemoCampaign => {
  const document = parseDocument(source);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`the campaign is not YAML: ${error.message}`);
  if (!document.has('spec')) throw new Error('the campaign has no spec');
  const reason = 'the demo opens soon';
  const all: readonly Override[] = [
    { path: ['window', 'opensAt'], value: new Date(window.opensAtMs).toISOString(), reason },
    { path: ['window', 'closesAt'], value: new Date(window.closesAtMs).toISOString(), reason },
    ...overrides,
  ];
  const changes = all.map(({ path, value, reason: why }) => {
    const full = ['spec', ...path];
    const before: unknown = document.getIn(full);
    if (value === undefined) document.deleteIn(full);
    else document.setIn(full, document.createNode(value));
    return `${full.join('.')}: ${shown(before)} → ${shown(value)} (${why})`;
  });
  for (const [key, text] of Object.entries(annotations)) document.setIn(['metadata', 'annotations', key], text);
  return { yaml: document.toString(), changes };
};
