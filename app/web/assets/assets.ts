/**
 * Style and module of the page, from memory: their paths contain their digests, so browsers keep them for a year. Both are in the
 * generated file bundle.ts, because the product's image contains compiled programs only.
 */
import { createHash } from 'node:crypto';
import { type Compressed, compressed } from '../compressed.ts';
import { SCRIPT, STYLE } from './bundle.ts';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly content: Compressed;
}

const asset = (name: string, ending: string, type: string, text: string): Asset => {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { path: `/assets/${name}-${digest}.${ending}`, type, content: compressed(text, 'small') };
};

export const ASSETS = {
  style: asset('page', 'css', 'text/css; charset=utf-8', STYLE),
  script: asset('page', 'js', 'text/javascript; charset=utf-8', SCRIPT),
} as const;
