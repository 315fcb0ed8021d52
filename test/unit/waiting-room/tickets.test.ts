/** Tickets and admissions: whole ones are accepted by every pod of the campaign, and nothing else is. */
import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createTickets } from '../../../app/intake/waiting-room/tickets.ts';

const KEY = secretKey(Buffer.alloc(32, 1));
const tickets = createTickets(KEY, 'spring');
const TICKET = { number: 912_345, issuedAtMs: 1_790_000_000_123 };
const ADMISSION = { number: 912_345, expiresAtMs: 1_790_000_900_123 };
const MANY = 20_000;

const isOpened = (text: string): boolean =>
  tickets.openTicket(text) !== undefined || tickets.openAdmission(text) !== undefined;

/** How many of these texts are accepted. None may throw. */
const acceptedOf = (texts: Iterable<string>): { readonly tried: number; readonly accepted: number } => {
  let [tried, accepted] = [0, 0];
  for (const text of texts) {
    tried += 1;
    if (isOpened(text)) accepted += 1;
  }
  return { tried, accepted };
};

describe('a ticket', () => {
  it('is opened by another pod with the same key, and shows its number and age', () => {
    const text = tickets.sealTicket(TICKET);
    expect(text).toMatch(/^[\w-]{39}$/);
    expect(createTickets(secretKey(Buffer.alloc(32, 1)), 'spring').openTicket(text)).toEqual(TICKET);
  });

  it.each([1, 2, 65_536, 2 ** 32, 2 ** 47])('keeps number %d', (number) => {
    expect(tickets.openTicket(tickets.sealTicket({ number, issuedAtMs: 0 }))?.number).toBe(number);
  });

  it('counts in its campaign and with its key only', () => {
    const text = tickets.sealTicket(TICKET);
    expect(createTickets(KEY, 'autumn').openTicket(text)).toBeUndefined();
    expect(createTickets(secretKey(Buffer.alloc(32, 2)), 'spring').openTicket(text)).toBeUndefined();
  });

  it('is no admission, and an admission is no ticket', () => {
    expect(tickets.openAdmission(tickets.sealTicket(TICKET))).toBeUndefined();
    expect(tickets.openTicket(tickets.sealAdmission(ADMISSION))).toBeUndefined();
    expect(tickets.openAdmission(tickets.sealAdmission(ADMISSION))).toEqual(ADMISSION);
  });
});

describe('a fuzzer', () => {
  const whole = [tickets.sealTicket(TICKET), tickets.sealAdmission(ADMISSION)];

  it('finds what is whole: the check of the checks', () => {
    expect(acceptedOf(whole)).toEqual({ tried: 2, accepted: 2 });
  });

  it(`with ${MANY} random texts of the right form has none accepted`, () => {
    const texts = Array.from({ length: MANY }, () => randomBytes(30).toString('base64url').slice(0, 39));
    expect(acceptedOf(texts)).toEqual({ tried: MANY, accepted: 0 });
  });

  it(`with ${MANY} random strings of bytes has none accepted`, () => {
    const texts = Array.from({ length: MANY }, () => randomBytes(randomInt(0, 200)).toString('latin1'));
    expect(acceptedOf(texts)).toEqual({ tried: MANY, accepted: 0 });
  });

  it('has no flip of a bit in the bytes accepted', () => {
    const flipped = whole.flatMap((text) => {
      const bytes = Buffer.from(text, 'base64url');
      return Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const copy = Buffer.from(bytes);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return copy.toString('base64url');
      });
    });
    expect(acceptedOf(flipped)).toEqual({ tried: 2 * 29 * 8, accepted: 0 });
  });

  it('has no other character at any place accepted', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \0é';
    const changed = whole.flatMap((text) =>
      [...text].flatMap((own, at) =>
        [...alphabet].filter((other) => other !== own).map((other) => text.slice(0, at) + other + text.slice(at + 1)),
      ),
    );
    expect(changed.length).toBeGreaterThan(5_000);
    expect(acceptedOf(changed).accepted).toBe(0);
  });

  it('has no truncation, repetition or padding accepted', () => {
    const cut = whole.flatMap((text) => [
      ...Array.from({ length: text.length }, (_, length) => text.slice(0, length)),
      `${text}=`,
      `${text}A`,
      text + text,
      ` ${text}`,
      `${text}\n`,
    ]);
    expect(acceptedOf(cut)).toEqual({ tried: cut.length, accepted: 0 });
  });
});
