import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyTemplate, codeLists, jsonPointer } from '../../../../app/outside/providers/http-template.ts';
import type { HttpProvider } from '../../../../contract/types/verification.ts';

const question = { name: '张三', idType: 'CN_ID', idNumber: '11010519491231002X', requestId: 'R1' };

const http = (fields: Partial<HttpProvider>): HttpProvider => ({
  body: '{}',
  signature: 'none',
  codeAt: '/code',
  match: ['GREEN'],
  mismatch: ['RED'],
  ...fields,
});

describe('the body of a request', () => {
  it('has its placeholders replaced, in every string and as often as they occur', () => {
    const body = bodyTemplate(
      '{"who":{"n":"{{name}}","id":["{{idType}}:{{idNumber}}",1,null,true]},"ref":"x-{{requestId}}-{{requestId}}"}',
    );
    expect(JSON.parse(body(question))).toEqual({
      who: { n: '张三', id: ['CN_ID:11010519491231002X', 1, null, true] },
      ref: 'x-R1-R1',
    });
  });

  it('leaves keys as they are', () => {
    expect(bodyTemplate('{"{{name}}":"a"}')(question)).toBe('{"{{name}}":"a"}');
  });

  it('has the same form for every name', () => {
    const body = bodyTemplate('{"name":"{{name}}","id":"{{idNumber}}"}');
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('","id":"1', '{{idNumber}}', '$&', '\\')),
        (name) => {
          expect(JSON.parse(body({ ...question, name }))).toEqual({ name, id: question.idNumber });
        },
      ),
    );
  });
});

describe('the place of the code', () => {
  it.each([
    ['/result/code', { result: { code: 'a' } }, 'a'],
    ['/list/1', { list: ['a', 'b'] }, 'b'],
    ['/a~1b/~0', { 'a/b': { '~': 1 } }, 1],
    ['/missing/code', { result: {} }, undefined],
    ['/code', 'text', undefined],
    ['/constructor', {}, undefined],
    ['/code', undefined, undefined],
  ])('%s', (pointer, json, value) => {
    expect(jsonPointer(pointer)(json)).toBe(value);
  });
});

describe('a code', () => {
  const meaning = codeLists(http({ match: ['GREEN', '1'], noRecord: ['NONE'], quotaExceeded: ['FULL'] }));

  it.each([
    ['GREEN', { kind: 'match', code: 'GREEN' }],
    [1, { kind: 'match', code: '1' }],
    ['RED', { kind: 'mismatch', code: 'RED' }],
    ['NONE', { kind: 'no_record', code: 'NONE' }],
    ['FULL', { kind: 'quota' }],
  ])('%s is looked up in the lists', (value, answer) => {
    expect(meaning(value)).toEqual(answer);
  });

  it.each([['11010519491231002X'], ['green'], [2], [undefined], [null], [{ code: 'GREEN' }], [['RED']]])(
    'in no list is retried, and not repeated: %j',
    (value) => {
      expect(meaning(value)).toEqual({ kind: 'retry', reason: 'not understood: no known code' });
    },
  );
});
