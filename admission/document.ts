/**
 * YAML text → one plain object, as strictly as `kubectl apply` with `--validate=strict`. Pure.
 *
 * kubectl reads YAML 1.1, in which a bare `Off` is `false` and `017` is fifteen; the parser here reads YAML 1.2. Where the two
 * differ, the text is refused with a remedy, so that a file has one meaning.
 */
import type { Document, LineCounter, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter as Lines, parseAllDocuments } from 'yaml';
import { isJsonObject, type JsonObject } from '../contract/untrusted.ts';
import { type AdmissionError, child, element, parentOf } from './field-path.ts';

/** Far above any campaign: bounds the cost of alias bombs and wrong files. */
const MAX_TEXT_LENGTH = 256 * 1024;
const MAX_NODES = 20_000;
const MAX_DEPTH = 64;

/** Bare words that are booleans in YAML 1.1 (go-yaml) and strings in YAML 1.2. */
const YAML_1_1_BOOLEAN = /^(y|yes|on|n|no|off)$/i;
const YAML_1_1_OCTAL = /^[-+]?0[0-7_]+$/;

export type ParsedDocument =
  | {
      readonly kind: 'parsed';
      readonly value: JsonObject;
      /** Line of a path, or of its nearest parent that is in the text. */
      readonly lineOf: (path: string) => number | undefined;
    }
  | { readonly kind: 'refused'; readonly errors: readonly AdmissionError[] };

/** What one walk over the syntax tree collects. */
interface Walk {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly lineByPath: Map<string, number>;
  readonly errors: AdmissionError[];
  nodes: number;
}

const note = (walk: Walk, node: Node, path: string): number | undefined => {
  const offset = node.range?.[0];
  if (offset === undefined) return undefined;
  const { line } = walk.lines.linePos(offset);
  if (!walk.lineByPath.has(path)) walk.lineByPath.set(path, line);
  return line;
};

const refuse = (walk: Walk, path: string, message: string, line: number | undefined): undefined => {
  walk.errors.push({ path, message, ...(line === undefined ? {} : { line }) });
  return undefined;
};

const scalarValue = (walk: Walk, value: unknown, source: string | undefined, path: string, line?: number): unknown => {
  if (source !== undefined && YAML_1_1_BOOLEAN.test(source)) {
    return refuse(walk, path, `a bare ${source} is a boolean to kubectl: write "${source}" in quotes`, line);
  }
  if (source !== undefined && YAML_1_1_OCTAL.test(source)) {
    return refuse(walk, path, `${source} is an octal number to kubectl: remove the leading zero or use quotes`, line);
  }
  return value;
};

const mapValue = (walk: Walk, node: Node, path: string, depth: number): JsonObject => {
  const entries = new Map<string, unknown>();
  if (!isMap(node)) return {};
  for (const { key, value } of node.items) {
    const keyNode = key as Node;
    const name = isScalar(keyNode) ? String(keyNode.value) : undefined;
    if (name === undefined) {
      refuse(walk, path, 'a field name must be plain text', note(walk, keyNode, path));
      continue;
    }
    const fieldPath = child(path, name);
    const line = note(walk, keyNode, fieldPath);
    if (entries.has(name)) {
      const first = walk.lineByPath.get(fieldPath);
      refuse(walk, fieldPath, `appears twice, first in line ${first}: remove one of them`, line);
      continue;
    }
    entries.set(name, nodeValue(walk, value as Node | null, fieldPath, depth + 1));
  }
  return Object.fromEntries(entries);
};

function nodeValue(walk: Walk, node: Node | null, path: string, depth: number): unknown {
  walk.nodes += 1;
  if (walk.nodes > MAX_NODES || depth > MAX_DEPTH) {
    // Aliases can expand without end; one message is enough.
    if (walk.nodes !== Number.POSITIVE_INFINITY) refuse(walk, path, 'the document is too large or too deep', undefined);
    walk.nodes = Number.POSITIVE_INFINITY;
    return undefined;
  }
  if (node === null) return null;
  const line = note(walk, node, path);
  if (isAlias(node)) return nodeValue(walk, node.resolve(walk.document) ?? null, path, depth + 1);
  if (isMap(node)) return mapValue(walk, node, path, depth);
  if (isSeq(node)) {
    return node.items.map((item, index) => nodeValue(walk, item as Node | null, element(path, index), depth + 1));
  }
  if (isScalar(node)) {
    return scalarValue(walk, node.value, node.type === 'PLAIN' ? node.source : undefined, path, line);
  }
  return undefined;
}

const refused = (message: string): ParsedDocument => ({ kind: 'refused', errors: [{ path: '', message }] });

export const parseDocument = (text: string): ParsedDocument => {
  if (text.length > MAX_TEXT_LENGTH) return refused(`the file is longer than ${MAX_TEXT_LENGTH} characters`);
  const lines = new Lines();
  // uniqueKeys is off because the library's own error does not say the field's path; mapValue does.
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  // kubectl skips documents that contain only comments.
  const isBlank = ({ contents, errors }: (typeof parsed)[number]): boolean =>
    errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
  const documents = (Array.isArray(parsed) ? parsed : []).filter((document) => !isBlank(document));
  const [document] = documents;
  if (document === undefined) return refused('the file contains no object');
  if (documents.length > 1) return refused(`the file contains ${documents.length} objects: write one object per file`);

  const syntax = [...document.errors, ...document.warnings].map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { path: '', message: `not valid YAML at line ${line}, column ${col}: ${message}`, line };
  });
  if (syntax.length > 0) return { kind: 'refused', errors: syntax };

  const walk: Walk = { document, lines, lineByPath: new Map(), errors: [], nodes: 0 };
  const value = nodeValue(walk, document.contents, '', 0);
  if (walk.errors.length > 0) return { kind: 'refused', errors: walk.errors };
  if (!isJsonObject(value)) return refused('the file must contain an object with apiVersion, kind, metadata and spec');
  return { kind: 'parsed', value, lineOf: (path) => nearestLine(walk.lineByPath, path) };
};

const nearestLine = (lineByPath: ReadonlyMap<string, number>, path: string): number | undefined => {
  for (let at: string | undefined = path; at !== undefined; at = parentOf(at)) {
    const line = lineByPath.get(at);
    if (line !== undefined) return line;
  }
  return undefined;
};
