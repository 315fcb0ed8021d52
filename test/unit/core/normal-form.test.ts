import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseIdentityNumber } from '../../../app/core/identity-number.ts';
import {
  isName,
  normalIdNumber,
  normalName,
  normalPhone,
  normalReceipt,
  normalWord,
} from '../../../app/core/normal-form.ts';

const NOW_MS = Date.parse('2026-10-01T12:00:00Z');
const wide = (text: string): string =>
  text.replace(/[!-~]/g, (character) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0));

/** Every character of which it can be said by Unicode's own words, without the code under test. */
const every = (pattern: RegExp): readonly string[] => {
  const found: string[] = [];
  for (let code = 0; code <= 0x10ffff; code += code === 0xd7ff ? 0x801 : 1) {
    const character = String.fromCodePoint(code);
    if (pattern.test(character)) found.push(character);
  }
  return found;
};
const FORMAT = every(/^\p{Cf}$/u);
const SPACES = every(/^[\p{Zs}\t]$/u);
const DASHES = [...every(/^\p{Pd}$/u), '\u2212'];
const DOTS = [
  '·',
  '•',
  '・',
  '.',
  '‧',
  '∙',
  '⋅',
  '●',
  '．',
  '･',
  '\u16EB',
  '\u318D',
  '\uFE52',
  '\u119E',
  '\u1427',
  '。',
  '｡',
];
const BRACKETS = every(/^[\p{Ps}\p{Pe}\p{Pi}\p{Pf}]$/u);
const noise = fc.constantFrom(...FORMAT, ...SPACES, ...DASHES);
/** `text` with noise before, behind and between its characters. */
const noisy = (text: string) =>
  fc
    .array(fc.array(noise, { maxLength: 2 }), { minLength: text.length + 1, maxLength: text.length + 1 })
    .map((parts) => parts.map((part, index) => part.join('') + text.charAt(index)).join(''));

describe('a phone', () => {
  const phone = '13800138000';
  const spellings: Record<string, string> = {
    'as an iPhone pastes it': '\u202D138 0013 8000\u202C',
    'with zero-width spaces': '138\u200B0013\u200B8000',
    'with non-breaking hyphens': '138\u20110013\u20118000',
    'with en dashes': '138–0013–8000',
    'with the country, bare': '8613800138000',
    'with the country in parentheses': '(+86)13800138000',
    'with the country in full-width parentheses': '（＋８６）１３８００１３８０００',
    'with the country after two zeros': '0086 138 0013 8000',
    'with the country and a plus': '+86-138-0013-8000',
    'with a trunk zero': '013800138000',
    'with dots': '138.0013.8000',
    'from a link': 'tel:+8613800138000',
    'in full-width digits': wide(phone),
    'with line ends': ' 138\r\n0013\t8000\n',
    'with a full-width comma': '138，0013，8000',
    'with an ideographic comma': '138、0013、8000',
    'with underscores': '138_0013_8000',
    'with tildes': '138~0013～8000',
    'with a comma at its end': '13800138000,',
    'with a full stop at its end': '13800138000。',
    'with a semicolon at its end': '13800138000；',
    'in quotation marks': '"13800138000"',
    'with the extension of a link': 'tel:+86-138-0013-8000;ext=1',
    'with the context of a link': 'tel:13800138000;phone-context=+86;ext=12',
    'in Arabic digits': '١٣٨٠٠١٣٨٠٠٠',
    'in Persian digits': '۱۳۸۰۰۱۳۸۰۰۰',
    'in Devanagari digits': '१३८००१३८०००',
    'in Tibetan digits': '༡༣༨༠༠༡༣༨༠༠༠',
    'in mathematical digits': '𝟏𝟑𝟖𝟬𝟬𝟭𝟯𝟪𝟢𝟢𝟢',
    'in digits behind two blocks of others':
      '\u{1E141}\u{1E143}\u{1E148}\u{1E140}\u{1E140}\u{1E141}\u{1E143}\u{1E148}\u{1E140}\u{1E140}\u{1E140}',
    'with the country in lenticular brackets': '【+86】13800138000',
    'with no-break and ideographic spaces': '138\u00A00013\u30008000',
  };
  it.each(Object.entries(spellings))('%s is the same', (_name, text) => {
    expect(normalPhone(text)).toBe(phone);
  });

  it('is the same with any dash, space and format character anywhere', () => {
    fc.assert(fc.property(noisy(`+86${phone}`), (text) => normalPhone(text) === phone));
  });

  it('is the same in brackets and quotation marks of every kind', () => {
    expect(BRACKETS.filter((bracket) => normalPhone(`${bracket}+86${bracket}${phone}`) !== phone)).toEqual([]);
  });

  it.each([
    '13800138000,13900139000',
    '13800138000;13900139000',
    '13800138000 x1',
    '13800138000;a=13900139000',
    '1380013800*',
  ])('%s is none', (text) => {
    expect(normalPhone(text)).not.toMatch(/^1[3-9]\d{9}$/);
  });

  it('keeps an 86 that is no country', () => {
    expect(normalPhone('18600008600')).toBe('18600008600');
    expect(normalPhone('86138')).toBe('86138');
    expect(normalPhone('+85291234567')).toBe('+85291234567');
  });
});

describe('an identity number', () => {
  const number = '11010519491231002X';
  it.each([
    '11010519491231002x',
    wide(number),
    wide('11010519491231002x'),
    '11010519491231002×',
    '11010519491231002Х',
    '110105 19491231 002X',
    '110105-19491231-002X',
    '\u202D11010519491231002X\u202C',
    '١١٠١٠٥١٩٤٩١٢٣١٠٠٢X',
  ])('%s is the same', (text) => {
    expect(parseIdentityNumber(text, NOW_MS)).toMatchObject({ kind: 'valid', normalised: number });
  });

  it('is the same with any dash, space and format character anywhere', () => {
    fc.assert(fc.property(noisy(number), (text) => normalIdNumber(text) === number));
  });
});

describe('a name', () => {
  it.each(DOTS)('with the dot %s is the one with a middle dot', (dot) => {
    for (const around of ['', ' ', '\u3000']) {
      const name = normalName(`阿卜杜拉${around}${dot}${around}买买提`);
      expect(name).toBe('阿卜杜拉·买买提');
      expect(isName(name)).toBe(true);
    }
  });

  const spellings: Record<string, readonly [string, string]> = {
    'ideographic spaces of a form': ['王\u3000\u3000明', '王明'],
    'a no-break space': ['王\u00A0小明', '王小明'],
    'spaces of another script': ['Anna\u3000 Maria\u00A0Smith', 'Anna Maria Smith'],
    'a curly apostrophe': ['O’Neil', "O'Neil"],
    'a modifier letter for an apostrophe': ['Oʻzbek Aʼzam', "O'zbek A'zam"],
    'a letter for an apostrophe at its beginning': ['ʻOkina', "'Okina"],
    'a saltillo': ['Kꞌiche', "K'iche"],
    'a small hyphen': ['Mary\uFE63Jane', 'Mary-Jane'],
    'an en dash': ['Mary–Jane', 'Mary-Jane'],
    'a hyphen that is no minus': ['Mary‐Jane', 'Mary-Jane'],
    'a non-breaking hyphen': ['Mary‑Jane', 'Mary-Jane'],
    'decomposed letters': ['Ame\u0301lie', 'Amélie'],
    'full-width letters': ['Ａｎｎａ', 'Anna'],
    'radicals out of a PDF': ['⽅⼤⽔', '方大水'],
    'a ring for a zero': ['李○', '李〇'],
    'a zero-width space': ['王\u200B小明', '王小明'],
    'directional marks': ['\u202A王小明\u202C\uFEFF', '王小明'],
    'dots at its ends': ['王小明。'.replace('。', '.'), '王小明'],
  };
  it.each(Object.entries(spellings))('with %s is the plain one', (_name, [text, plain]) => {
    expect(normalName(text)).toBe(plain);
    expect(isName(plain)).toBe(true);
  });

  it('keeps rare characters, private ones and their variations as they came', () => {
    for (const name of [
      '李〇〇',
      '王\u{20BB7}',
      '王\u{2A6DF}\u{31350}',
      '王\uE5E5',
      '王\u{F0001}',
      '葛\u{E0100}明',
      '王\u{33479}',
    ]) {
      expect(normalName(name)).toBe(name);
      expect(isName(name)).toBe(true);
    }
  });

  it.each([
    '··',
    '王',
    '·',
    '',
    ' ',
    '王1',
    '王\u0000明',
    '<b>',
    '\u0301\u0301',
    '王\uD800',
    '--',
    "''",
    "'O",
    "'王小明",
    '😀😀',
  ])('%j is none', (text) => {
    expect(isName(normalName(text))).toBe(false);
  });

  it('is in normal form for good, whatever was typed', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .array(
          fc.oneof(
            noise,
            fc.constantFrom(
              ...DOTS,
              '王',
              'e',
              '\u0301',
              "'",
              '’',
              '\u3000',
              '\uFFA0',
              '⽅',
              '1',
              '+',
              '86',
              ';ext=1',
              ';',
              'tel:',
              '，',
              '_',
              '١',
              '(',
              '】',
              '\u318D',
            ),
          ),
          {
            maxLength: 12,
          },
        )
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(anything, (text) => {
        for (const form of [normalName, normalPhone, normalIdNumber, normalWord, normalReceipt]) {
          const once = form(text);
          expect(form(once)).toBe(once);
        }
        expect(normalName(text)).toBe(normalName(text.normalize('NFD')));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a receipt number that is read out', () => {
  it('is the same in small letters, with O for 0 and I or L for 1, and in groups', () => {
    const receipt = '01AB0000CDEFGHJKMNPQRS1111';
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(5)), (stream) => {
        const spoken = [...receipt]
          .map((character) => {
            const { value = 0 } = stream.next();
            const like = { 0: ['O', 'o'], 1: ['I', 'i', 'L', 'l'] }[character] ?? [character.toLowerCase()];
            const typed = value === 0 ? character : (like[value % like.length] ?? character);
            return value === 5 ? `${typed}-` : typed;
          })
          .join('');
        return normalReceipt(spoken) === receipt;
      }),
    );
  });

  it('does not take U for V', () => {
    expect(normalReceipt('u')).toBe('U');
  });
});
