/** HTML that is safe by construction: text is escaped unless it was made by this template. Pure. */

const MADE = Symbol('made by html``');

export interface Html {
  readonly [MADE]: true;
  readonly text: string;
}

/** Undefined and false show nothing. */
export type Part = string | number | undefined | false | Html | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const isHtml = (part: Part): part is Html => typeof part === 'object' && MADE in part;

const textOf = (part: Part): string => {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return String(part);
  return isHtml(part) ? part.text : part.map(textOf).join('');
};

/** Attributes must be in double quotes. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  [MADE]: true,
  text: strings.map((string, index) => string + textOf(parts[index])).join(''),
});
