/**
 * One normal form for what people type and paste, so that two spellings are equal. Only the normal form is sealed, hashed and
 * compared. docs/normal-form.md explains it for users. Pure, and idempotent.
 *
 * | input                                            | becomes |
 * |--------------------------------------------------|---------|
 * | canonically equal sequences                      | NFC |
 * | full-width, half-width and small forms, radicals as letters | the ordinary character |
 * | invisible characters (U+200B, U+202D, …)         | nothing |
 * | spaces of every kind, tabs, line ends            | one ASCII space in a name, nothing elsewhere |
 * | · • ・ . 。 ‧ ∙ ⋅ ● ㆍ and their like, in a name    | · (U+00B7) |
 * | ’ ‘ ʼ ` and their like, in a name                | ' |
 * | dashes and hyphens of every kind                 | - in a name, nothing elsewhere |
 * | ○ ◯, in a name                                   | 〇 (U+3007) |
 * | digits of any script, in a number                | 0 to 9 |
 * | brackets, quotation marks, dots, , 、 / \ | _ ~, in a phone | nothing |
 *
 * Rare and private-use characters stay unchanged, with their variation selectors.
 */

/** Full-width, half-width and small forms, and radicals, which text copied from a PDF may contain. */
const COMPATIBLE = /[\u2E80-\u2FDF\uFE50-\uFE6F\uFF00-\uFFEF]+/gu;
/** Without variation selectors, which are part of a rare character; those for text and emoji are included. */
const UNSEEN = /(?![\uFE00-\uFE0D\u{E0100}-\u{E01EF}])[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const SPACES = /[\s\p{Z}\u0085]+/gu;
const DASHES = /[\p{Pd}\u2043\u2212]/gu;
/** Unicode counts some of them as letters, so the same name would have two forms. */
const DOTS =
  /[.\u00B7\u02D9\u0387\u119E\u1427\u16EB\u2022\u2024\u2027\u2219\u22C5\u25CF\u2981\u2E31\u2E33\u3002\u30FB\u318D\uA78F]/gu;
const APOSTROPHES = /[`\u00B4\u02B9\u02BB\u02BC\u02BD\u02BE\u02BF\u2018\u2019\u201A\u201B\u2032\u2035\uA78B\uA78C]/gu;
const RINGS = /[\u25CB\u25EF]/gu;

/** Han, with rare characters that this engine does not know yet, and private-use characters of fonts. */
const HAN = String.raw`\p{Script=Han}\p{Co}\u{20000}-\u{3FFFD}\uFE00-\uFE0D\u{E0100}-\u{E01EF}`;
/** People write spaces between Han characters to fill a form; these are not part of the name. */
const BETWEEN_HAN = new RegExp(`(?<=[${HAN}]) (?=[${HAN}])`, 'gu');
const AROUND_MARKS = / *([·-]) */gu;
const DOTS_RUN = /·{2,}/gu;
const DOTS_AT_ENDS = /^·+|·+$/gu;

const plain = (text: string): string =>
  text
    // First, because an invisible character separates a letter from its accent.
    .replace(UNSEEN, '')
    .normalize('NFC')
    .replace(COMPATIBLE, (part) => part.normalize('NFKC'))
    .replace(UNSEEN, '')
    .normalize('NFC');

export const normalName = (text: string): string =>
  plain(text)
    .replace(DASHES, '-')
    .replace(DOTS, '·')
    .replace(APOSTROPHES, "'")
    .replace(RINGS, '〇')
    .normalize('NFC')
    .replace(SPACES, ' ')
    .replace(AROUND_MARKS, '$1')
    .replace(DOTS_RUN, '·')
    .replace(DOTS_AT_ENDS, '')
    .replace(BETWEEN_HAN, '')
    .trim()
    .normalize('NFC');

const LETTER = String.raw`\p{L}\p{Co}\u3007\u{20000}-\u{3FFFD}`;
/** ʻOkina begins with an apostrophe; before letters that are not Latin it is a quotation mark. */
const FIRST = String.raw`(?:'(?=\p{Script=Latin}))?[${LETTER}]`;
const NAME = new RegExp(`^(?=.{2,50}$)${FIRST}[${LETTER}\\p{M}·\\-' ]+$`, 'u');

/** Of a name in normal form. */
export const isName = (name: string): boolean => NAME.test(name);

const DIGITS = /(?![0-9])\p{Nd}/gu;
/** In Unicode the ten digits of a script are contiguous and in order. */
const asciiDigit = (digit: string): string => {
  const code = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1;
  return String(before % 10);
};

/** For numbers, which contain no spaces or dashes. */
const compact = (text: string): string =>
  text
    .replace(UNSEEN, '')
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .replace(/[\p{Cc}\p{M}]/gu, '')
    .replace(SPACES, '')
    .replace(DASHES, '')
    .replace(DIGITS, asciiDigit);

/** Capitals may contain marks that their small letters do not have. */
const capitals = (text: string): string => compact(compact(text).toUpperCase());

/** Characters typed for X at the end of an identity number: ×, and Cyrillic and Greek letters. */
const X_ALIKE = /[xXхХχΧ×]$/u;

/** An identity number: digits, and a capital X at the end. */
export const normalIdNumber = (text: string): string => capitals(text).replace(X_ALIKE, 'X');

/** Punctuation around and between the groups of a phone number. */
const PHONE_MARKS = /[\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Pc}"'`,\u3001/\\|~]/gu;
/** Parameters of a `tel:` link (RFC 3966), without their dash; a mobile phone has no extensions. */
const PHONE_PARAMETERS = /(?:;(?:(?:ext|isub|phonecontext)=[^;]*)?)+$/iu;
/** Country code, trunk 0 or both, before the eleven digits of a mobile phone. */
const PHONE_PREFIX = /^(?:tel:)?(?:\+?0{0,2}86)?0?(?=1\d{10}$)/iu;

/** A mobile phone of mainland China: eleven digits. */
export const normalPhone = (text: string): string =>
  compact(text).replace(DOTS, '').replace(PHONE_MARKS, '').replace(PHONE_PARAMETERS, '').replace(PHONE_PREFIX, '');

/** A code word such as `wechat`: only invisible characters and outer spaces are removed. */
export const normalWord = (text: string): string =>
  text.replace(UNSEEN, '').normalize('NFKC').replace(UNSEEN, '').replace(SPACES, ' ').trim();

/** Crockford's base32 as people type it: small letters, O for 0, I and L for 1, dashes or spaces between groups. */
export const normalReceipt = (text: string): string => capitals(text).replaceAll('O', '0').replace(/[IL]/g, '1');
