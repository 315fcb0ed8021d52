import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { html, textOf } from '../../../app/web/template.ts';

/** What a parser of HTML reads back from a text without markup. */
const read = (escaped: string): string =>
  escaped
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const NASTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '</textarea><svg onload=alert(1)>',
  '&lt;b&gt;',
  '\u0000<b>',
  '$' + '{1}{{1}}<%= 1 %>',
  '＜script＞',
  '\u202e<i>',
];

describe('html', () => {
  it('writes any text so that a browser shows exactly it, in text and in attributes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...NASTY)), (value) => {
        const expected = value.replaceAll('\0', '\uFFFD');
        const text = textOf(html`<p>${value}</p>`).slice(3, -4);
        expect(text).not.toMatch(/[<>"']/);
        expect(read(text)).toBe(expected);
        const attribute = textOf(html`<p title="${value}"></p>`);
        expect(attribute.slice(10, -6)).not.toMatch(/[<>"']/);
        expect(read(attribute.slice(10, -6))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'java\nscript:alert(1)',
    '//evil.example',
    '/\\evil.example',
    'data:text/html,<script>1</script>',
    'data:image/svg+xml,<svg onload=alert(1)>',
    'vbscript:x',
    'blob:x',
  ])('writes "#" for the address %j', (value) => {
    expect(textOf(html`<a href="${value}">x</a>`)).toBe('<a href="#">x</a>');
  });

  it.each(['/r', '?lang=en', '#name', 'https://draw.example.org/a?b=c&d', 'data:image/png;base64,AAAA'])(
    'keeps the address %j',
    (value) => {
      expect(textOf(html`<a href="${value}">x</a>`)).toBe(`<a href="${value.replaceAll('&', '&amp;')}">x</a>`);
    },
  );

  it('takes parts of itself as they are, lists of them, and nothing for false and undefined', () => {
    const items = ['a', '<b>'].map((one) => html`<li>${one}</li>`);
    expect(textOf(html`<ul>${items}${false}${undefined}${3}</ul>`)).toBe('<ul><li>a</li><li>&lt;b&gt;</li>3</ul>');
  });

  it('takes no object that only looks like markup', () => {
    const forged = JSON.parse('{"html":"<b>","markup":"<b>"}') as never;
    expect(() => textOf(html`<p>${forged}</p>`)).toThrow();
  });

  it.each([
    ['without quotes', () => html`<p title=${'x'}></p>`],
    ['as a tag', () => html`<${'p'}></p>`],
    ['as an attribute', () => html`<p ${'title'}></p>`],
    ['in single quotes', () => html`<p title='${'x'}'></p>`],
    ['in a script', () => html`<script>${'x'}</script>`],
    ['in a style', () => html`<style>${'x'}</style>`],
    ['in a handler', () => html`<p onclick="${'x'}"></p>`],
    ['in a style attribute', () => html`<p style="${'x'}"></p>`],
    ['markup in an attribute', () => html`<p title="${html`<b>`}"></p>`],
  ])('refuses a value %s', (_where, write) => {
    expect(write).toThrow();
  });
});
