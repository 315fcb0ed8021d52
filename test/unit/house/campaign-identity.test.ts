/** What outlives an object names the campaign by its campaignId: an object that is made again has another uid and the same receipts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const PRODUCT = ['contract', 'runtime', 'journal', 'operator', 'simulation', 'app', 'cli', 'local', 'deploy'];
/** Of the operating system. */
const OTHER_UIDS = ['local/postgres.ts', 'local/postgres/data-dir.ts'];

const makers = PRODUCT.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
  .filter(({ text }) => /\b(?:createHmac|createHash|createCipheriv|sealingAad|aadOf)\(/.test(text));

describe('what makes an HMAC, a digest or a seal', () => {
  it('is found at all', () => {
    expect(makers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['app/core/receipt.ts', 'app/core/sealing.ts', 'contract/hash-chain.ts']),
    );
  });

  it('knows no uid', () => {
    const knowing = makers.filter(({ name, text }) => /uid\b/i.test(text) && !OTHER_UIDS.includes(name));
    expect(knowing.map(({ name }) => name)).toEqual([]);
  });
});

describe('names that outlive an object', () => {
  it('are made of the campaignId, and none of a uid', () => {
    const text = readFileSync(join(root, 'contract/names.ts'), 'utf8');
    const takingUids = [...text.matchAll(/export const (\w+) = \(([^)]*)\)/g)].filter(([, , takes = '']) =>
      /uid/i.test(takes),
    );
    expect(takingUids.map(([, name]) => name)).toEqual([]);
  });
});
