/** What the page reads of a browser: any bytes give an answer, and nothing of them is believed. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodingOf } from '../../../app/web/compressed.ts';
import { formOf } from '../../../app/web/forms.ts';
import { originOf } from '../../../app/web/origin.ts';
import { viewerOf } from '../../../app/web/viewer.ts';
import { readableColour } from '../../../contract/colour.ts';

const requestWith = (headers: Readonly<Record<string, string>>): IncomingMessage =>
  Object.assign(new IncomingMessage(new Socket()), { headers });
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 5_000 }));

describe('a form', () => {
  it('of any text gives at most 32 texts, under names that are its own', () => {
    fc.assert(
      fc.property(text, (body) => {
        const form = formOf(body);
        expect(Object.keys(form).length).toBeLessThanOrEqual(32);
        expect(Object.values(form).every((value) => typeof value === 'string')).toBe(true);
        expect(Object.getPrototypeOf(form)).toBe(Object.prototype);
      }),
      { numRuns: 1_000 },
    );
  });

  it('changes no prototype, and of two fields with one name the first counts', () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(formOf('__proto__[polluted]=1&__proto__=2&name=a&name=b')['name']).toBe('a');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('headers', () => {
  it('of any text give a language, a size and an encoding', () => {
    fc.assert(
      fc.property(text, text, text, (cookie, language, encoding) => {
        const viewer = viewerOf(requestWith({ cookie, 'accept-language': language }));
        expect(['zh-CN', 'en']).toContain(viewer.language);
        expect(['br', 'gzip', 'identity']).toContain(encodingOf(encoding));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['br;q=0.000', 'identity'],
    ['*', 'identity'],
    [undefined, 'identity'],
  ])('accept-encoding %j is answered with %s', (header, encoding) => {
    expect(encodingOf(header)).toBe(encoding);
  });
});

describe('the address on the receipt', () => {
  it.each([
    ['https://a.example', 'a.example', 'https://a.example'],
    ['http://127.0.0.1:8080', '127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://evil.example', 'a.example', 'https://a.example'],
    ['null', 'a.example', 'https://a.example'],
    ['', 'a.example/r#x', ''],
    ['', 'a.example" onload="x', ''],
  ])('with the origin %j and the host %j is %j', (origin, host, address) => {
    expect(originOf(requestWith({ origin, host }))).toBe(address);
  });
});

describe('a colour', () => {
  const channel = (share: number): number => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  it('of any kind is one on which white can be read, and a dark one stays as it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (value) => {
        const digits = readableColour(`#${value.toString(16).padStart(6, '0')}`) ?? '';
        const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) =>
          channel(Number.parseInt(digits.slice(at, at + 2), 16) / 255),
        );
        expect(1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)).toBeGreaterThanOrEqual(5);
      }),
    );
    expect(readableColour('#0A6B52')).toBe('0a6b52');
    expect(readableColour('red')).toBeUndefined();
  });
});
