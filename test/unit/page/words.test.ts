import { describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode } from '../../../app/http/errors.ts';
import { en } from '../../../app/web/words/en.ts';
import { fieldMessage, problemMessage } from '../../../app/web/words/errors.ts';
import { zh } from '../../../app/web/words/zh.ts';

/** Functions get names of their parameters, so that a text that leaves one out is found. */
const texts = (node: unknown, path = ''): readonly (readonly [string, string])[] => {
  if (typeof node === 'string') return [[path, node]];
  if (typeof node === 'function') return [[path, String(node('«1»', '«2»'))]];
  return Object.entries(node as object).flatMap(([key, value]) => texts(value, `${path}.${key}`));
};
const HAN = /\p{Script=Han}/u;

describe('the words', () => {
  it('are the same in both languages, each with the same values in it', () => {
    const [chinese, english] = [new Map(texts(zh)), new Map(texts(en))];
    expect([...english.keys()].toSorted()).toEqual([...chinese.keys()].toSorted());
    for (const [path, text] of chinese) {
      const values = text.match(/«\d»/g)?.toSorted() ?? [];
      expect([path, english.get(path)?.match(/«\d»/g)?.toSorted() ?? []]).toEqual([path, values]);
    }
  });

  it('are Chinese in Chinese and English in English, but for the names of languages', () => {
    const chinese = texts(zh).filter(([path, text]) => !HAN.test(text) && !/^\.(language|toOtherLanguage)$/.test(path));
    const english = texts(en).filter(([path, text]) => HAN.test(text) && path !== '.toOtherLanguage');
    expect(chinese).toEqual([]);
    expect(english).toEqual([]);
  });

  it('use the punctuation of Chinese in Chinese', () => {
    expect(texts(zh).filter(([, text]) => /\p{Script=Han}[,;:?!.(]/u.test(text))).toEqual([]);
  });
});

describe('errors', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];

  it.each(codes)('%s is said in both languages', (code) => {
    expect(problemMessage(code, 'zh-CN')).toMatch(HAN);
    expect(problemMessage(code, 'en')).not.toMatch(HAN);
    expect(fieldMessage({ field: 'name', code }, 'zh-CN')).toMatch(HAN);
  });

  it('name nothing that only a programmer knows', () => {
    const technical = /Idempotency|JSON|UTF-8|idType|locale|application\/|challenge|base64|SHA|CN_ID|wechat,|method/;
    const shown = codes.filter((code) => !/^(CANARY|LOGIN_CHALLENGE|LOCALE|ID_TYPE)/.test(code));
    expect(shown.filter((code) => technical.test(problemMessage(code, 'en') + problemMessage(code, 'zh-CN')))).toEqual(
      [],
    );
  });
});
