/**
 * HTML whose values are escaped by construction. Only `html` makes an `Html`, and every value in it is escaped unless it is one itself.
 * A template in which a value could not be made safe (outside quotes, within a script) is an error at its first use.
 *
 * | where the value is                      | what happens to it |
 * |-----------------------------------------|--------------------|
 * | text, or an attribute in double quotes  | `& < > " '` are escaped |
 * | `href`, `src`, `action`, `formaction`   | escaped; an address that could run a script becomes `#` |
 * | a tag's or an attribute's name, no quotes, a script, a style | the template is refused |
 */

const MARKUP: unique symbol = Symbol('markup');

export interface Html {
  readonly [MARKUP]: string;
}

/** `false` and `undefined` write nothing. */
export type Value = Html | string | number | false | undefined | readonly Value[];

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** NUL ends no text in HTML, but parsers treat it in several ways. */
const escaped = (text: string): string =>
  text.replaceAll('\0', '\uFFFD').replace(/[&<>"']/g, (sign) => ESCAPED[sign] ?? sign);

const ADDRESSES = new Set(['href', 'src', 'action', 'formaction']);
/** Our own paths, the web, and pictures that were made here. */
const SAFE_ADDRESS = /^(?:\/(?![/\\])|[?#]|https?:\/\/|data:image\/(?:png|svg\+xml);base64,)/;
const CONTROLS = /\p{Cc}/u;
const address = (text: string): string => (SAFE_ADDRESS.test(text) && !CONTROLS.test(text) ? text : '#');

type Place = 'text' | 'attribute' | 'address';

const OPENS_VALUE = /\s([a-zA-Z:-]+)="$/;
const WITHOUT_VALUES = /<(script|style)\b[^>]*>[^<]*$/i;

/** Where the value after each part is. @throws Error for a place in which no value is safe */
const placesOf = (parts: readonly string[]): readonly Place[] => {
  let before = '';
  let attribute: string | undefined;
  let isInTag = false;
  return parts.slice(0, -1).map((part): Place => {
    for (const sign of part) {
      before += sign;
      if (attribute !== undefined) {
        if (sign === '"') attribute = undefined;
      } else if (!isInTag) {
        isInTag = sign === '<';
      } else if (sign === '>') {
        isInTag = false;
      } else if (sign === '"') {
        attribute = OPENS_VALUE.exec(before)?.[1]?.toLowerCase() ?? '';
      }
    }
    const isSafe =
      attribute === undefined ? !isInTag && !WITHOUT_VALUES.test(before) : !/^(?:on|style$)/.test(attribute);
    if (!isSafe || attribute === '') throw new Error(`a value after ${before.slice(-40)} can't be made safe`);
    if (attribute === undefined) return 'text';
    return ADDRESSES.has(attribute) ? 'address' : 'attribute';
  });
};

const known = new WeakMap<TemplateStringsArray, readonly Place[]>();

const written = (value: Value, place: Place): string => {
  if (value === undefined || value === false) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(place === 'address' ? address(value) : value);
  if (MARKUP in value) {
    if (place !== 'text') throw new Error('markup is no attribute');
    return value[MARKUP];
  }
  return value.map((one) => written(one, place)).join('');
};

export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html => {
  let places = known.get(parts);
  if (places === undefined) {
    places = placesOf(parts);
    known.set(parts, places);
  }
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) {
    text += written(value, places[index] ?? 'text') + (parts[index + 1] ?? '');
  }
  return { [MARKUP]: text };
};

export const NOTHING: Html = html``;

export const textOf = (page: Html): string => page[MARKUP];
