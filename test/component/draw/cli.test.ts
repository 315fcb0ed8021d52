/** The commands as a notary and a citizen call them: files in, text and an exit code out. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalJson, digestOf } from '../../../app/draw/canonical.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { runCli } from '../../../cli/run.ts';
import { CHAIN_INFO, makeBundle } from '../../helpers/bundles.ts';
import { entriesOf, listOf, sha256 } from '../../helpers/draws.ts';

const ROOT = join(import.meta.dirname, '../../..');
const UID = '3f1c7a52-0000-4000-8000-000000000003';
const ZEROS = '0'.repeat(64);
const RECEIPTS = Array.from({ length: 8 }, (_, index) => ({
  no: `CD03-0000000${index + 1}`,
  secret: sha256(`secret${index + 1}`)
    .toString('hex')
    .slice(0, 32),
}));
const [first = { no: '', secret: '' }, , third = { no: '', secret: '' }, fourth = { no: '', secret: '' }] = RECEIPTS;

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voucher-draw-cli-'));
  const entries = RECEIPTS.map(({ no, secret }) => entryOf(UID, no, secret)).sort(Buffer.compare);
  await writeFile(at('entries.bin'), Buffer.concat(entries));
});
afterAll(() => rm(folder, { recursive: true }));

const call = async (...args: readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(['draw', ...args], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => 0,
    wallMs: () => 0,
    env: { KUBECONFIG: '/no/such/kubeconfig' },
  });
  return { code, out: out.join(''), err: err.join('') };
};
const TERMS = ['--winners', '5', '--waitlist', '2', '--source', ZEROS, '--campaign-uid', UID];
const draw = (out: string, ...more: readonly string[]) =>
  call('run', '--entries', at('entries.bin'), '--out', at(out), ...TERMS, ...more);

describe('kubectl voucher draw run', () => {
  it('gives the published vector, in exactly these fields', async () => {
    const { code, out } = await draw('vector', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      listDigest: '2aec7662109638dd0ff66cea05ccbdd18b05c0854d7d3c38da8d2f1bb43b1b0c',
      seed: '82cc807a01020f6231a38498676d4b345764665d26215d9524a5f1cf9e3063d4',
      cutoff: '901a93959572f49c7a8e4d0f2a7712eb326038e8e46fa8624071ce0b0e5a3058',
      merkleRoot: '93f447e291210b38891be1b28d14644913ae0913568e65d8c203aa29dd295050',
      resultDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      winners: 5,
      waitlisted: 2,
      entries: 8,
      files: {
        'commitment.json': sha256(await readFile(at('vector/commitment.json'))).toString('hex'),
        'sources.json': sha256(await readFile(at('vector/sources.json'))).toString('hex'),
        'result.json': sha256(await readFile(at('vector/result.json'))).toString('hex'),
      },
    });
    expect([...(await readFile(at('vector/voucher/winners.bin')))]).toEqual([0b01011101]);
  });

  it('may be repeated, and does not overwrite another draw', async () => {
    expect(await draw('again')).toEqual(await draw('again'));
    const other = await draw('again', '--source', 'ff');
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining("something else than this draw's bundle") });
  });

  it('says so where all win', async () => {
    const { code, out } = await draw('all', '--winners', '9', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ winners: 8, waitlisted: 0 });
  });

  it.each([
    ['a source that is not hexadecimal', ['--source', '0g'], 'two hexadecimal digits'],
    ['a number that is none', ['--winners', '-1'], 'Write a whole number'],
    ['a name that is no folder', ['--voucher', '../x'], 'lower-case letters'],
    [
      'a file that is missing',
      ['--entries', '/no/such/file'],
      "--entries /no/such/file can't be read: it does not exist",
    ],
  ])('refuses %s', async (_name, more, message) => {
    const { code, err } = await draw('refused', ...more);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });

  it('refuses a list that is not sorted, and half an entry', async () => {
    const list = listOf(3, 'cli');
    await writeFile(at('unsorted.bin'), Buffer.concat([list.subarray(32), list.subarray(0, 32)]));
    await writeFile(at('half.bin'), list.subarray(1));
    const read = (file: string) => draw('refused', '--entries', at(file));
    expect(await read('unsorted.bin')).toMatchObject({ code: 2, err: expect.stringContaining('byte 64') });
    expect(await read('half.bin')).toMatchObject({ code: 2, err: expect.stringContaining('95 bytes') });
  });
});

describe('kubectl voucher draw verify', () => {
  it('ends with 0 for a right bundle, and prints the digests to compare', async () => {
    await draw('right');
    const { code, out } = await call('verify', '--dir', at('right'));
    expect(code).toBe(0);
    expect(out).toContain('The bundle is right');
    expect(out).toContain(sha256(await readFile(at('right/result.json'))).toString('hex'));
  });

  it('ends with 1, and names file and byte', async () => {
    await draw('wrong');
    const list = at('wrong/voucher/winners.bin');
    await writeFile(list, Buffer.of(0b01011110));
    expect(await call('verify', '--dir', at('wrong'))).toEqual({
      code: 1,
      err: '',
      out: 'The bundle is wrong. The first fault:\n  voucher/winners.bin, byte 0: it is not what the list and the sources give\n',
    });
    const { code, out } = await call('verify', '--dir', at('wrong'), '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ verified: false, file: 'voucher/winners.bin', offset: 0 });
  });

  it('compares with what was published', async () => {
    const { out } = await draw('published', '-o', 'json');
    const digest = JSON.parse(out).files['result.json'];
    const verify = (published: string) => call('verify', '--dir', at('published'), '--published-result', published);
    expect((await verify(digest)).code).toBe(0);
    expect(await verify('a'.repeat(64))).toMatchObject({ code: 1, out: expect.stringContaining('was published') });
    expect((await verify('abc')).code).toBe(2);
  });

  it('takes another chain of drand than quicknet only where it is passed, and says so', async () => {
    const lists = [{ voucher: 'dinner', entries: listOf(20, 'chain'), quota: 5, waitlist: 3 }];
    await makeBundle(at('chain'), { campaignUid: 'spring-2027', value: '01 07', lists });
    await writeFile(at('info.json'), JSON.stringify(CHAIN_INFO));
    await writeFile(at('bad.json'), JSON.stringify({ ...CHAIN_INFO, period: 4 }));
    expect(await call('verify', '--dir', at('chain'))).toMatchObject({ code: 1 });
    const verify = (file: string) => call('verify', '--dir', at('chain'), '--drand-chain', at(file));
    expect(await verify('info.json')).toMatchObject({ code: 0, out: expect.stringContaining('REHEARSAL ONLY') });
    expect(await verify('bad.json')).toMatchObject({ code: 2, err: expect.stringContaining('bad.json: the chain') });
  });

  it('asks for the folder of a bundle', async () => {
    expect(await call('verify', '--dir', at('nothing'))).toMatchObject({ code: 2 });
    expect(await call('verify')).toMatchObject({ code: 2 });
  });
});

describe('kubectl voucher draw check', () => {
  const check = (bundle: string, { no, secret }: { no: string; secret: string }, ...more: readonly string[]) =>
    call('check', '--bundle', at(bundle), '--receipt', no, '--secret', secret, ...more);

  it.each([
    ['a winner', first, { outcome: 'won', rank: 3 }],
    ['a waitlisted one', third, { outcome: 'waitlisted', rank: 6, waitlistPlace: 1 }],
    ['another one', fourth, { outcome: 'lost', rank: 8 }],
  ])('shows the rank of %s', async (_name, receipt, expected) => {
    await draw('check');
    const { code, out } = await check('check', receipt, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ...expected, voucher: 'voucher', entries: 8, winners: 5 });
    expect(JSON.parse(out).proof).toHaveLength(3);
  });

  it('takes receipt and secret as people copy them by hand, as the status page does', async () => {
    const issued = { no: '3F7K9M2Q5R8T1V4W6X0Y2Z3A4B', secret: '0A1B2C3D4E5F6G7H8J9K0M1N2P' };
    const entries = [entryOf(UID, issued.no, issued.secret), ...entriesOf(listOf(3, 'others'))].sort(Buffer.compare);
    await writeFile(at('issued.bin'), Buffer.concat(entries));
    await call('run', '--entries', at('issued.bin'), '--out', at('issued'), ...TERMS);
    const copied = { no: '3f7k9-m2q5r-8tLv4-w6xoy-2z3a4-b', secret: 'oa1b2c3d4e5f6g7h8j9k om1n2p' };
    expect(await check('issued', copied)).toMatchObject({ code: 0, out: expect.stringContaining('is in the list') });
  });

  it('never prints the secret, and takes it from a file', async () => {
    await draw('secret');
    await writeFile(at('secret.txt'), `${first.secret}\n`);
    const args = ['--bundle', at('secret'), '--receipt', first.no, '--secret-file', at('secret.txt')];
    const { code, out } = await call('check', ...args);
    expect(code).toBe(0);
    expect(out).toContain('It wins.');
    expect(out).not.toContain(first.secret);
  });

  it('ends with 1 for a receipt that did not enter', async () => {
    await draw('absent');
    const answer = await check('absent', { no: first.no, secret: third.secret });
    expect(answer).toMatchObject({ code: 1, out: expect.stringContaining('is in no list of this draw') });
  });

  it('names a bundle that contradicts itself about the receipt', async () => {
    await draw('liar');
    await writeFile(at('liar/voucher/winners.bin'), Buffer.of(0));
    const answer = await check('liar', first);
    expect(answer).toMatchObject({ code: 1, out: expect.stringContaining('voucher/winners.bin') });
  });

  it('asks for one secret', async () => {
    await draw('usage');
    const args = ['--bundle', at('usage'), '--receipt', first.no];
    expect(await call('check', ...args)).toMatchObject({ code: 2, err: expect.stringContaining('--secret-file') });
    expect(await call('check', ...args, '--secret', ' ')).toMatchObject({ code: 2 });
  });
});

describe('a later attempt', () => {
  it('is shown, because a postponement may be a pretext', async () => {
    await draw('attempt');
    const read = async (name: string) => JSON.parse(await readFile(at(`attempt/${name}.json`), 'utf8'));
    const write = (name: string, value: object) => writeFile(at(`attempt/${name}.json`), canonicalJson(value));
    const [commitment, sources, result] = await Promise.all(['commitment', 'sources', 'result'].map(read));
    const second = { ...commitment, attempt: 2 };
    const given = { ...sources, attempt: 2, commitment: digestOf(second) };
    await write('commitment', second);
    await write('sources', given);
    await write('result', { ...result, attempt: 2, commitment: digestOf(second), sources: digestOf(given) });
    const { code, out } = await call('verify', '--dir', at('attempt'));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('This is attempt 2.') });
  });
});

// A terminal would run the sequences: erase the verdict, or show the published digests beside it.
const FORGED = '\u001b[2K\r\nThe bundle is right.\u202e';
/** A bundle that agrees with itself, with such a campaign and such a description. */
const describeForged = async (name: string): Promise<void> => {
  const lists = [{ voucher: 'dining', entries: listOf(4, 'described'), quota: 2, waitlist: 1 }];
  const made = await makeBundle(at(name), { campaignUid: FORGED, value: '1 2 3', lists });
  const commitment = {
    ...made.commitment,
    sources: made.commitment.sources.map((one) => ('description' in one ? { ...one, description: FORGED } : one)),
  };
  const sources = { ...made.sources, commitment: digestOf(commitment) };
  const result = { ...made.result, commitment: digestOf(commitment), sources: digestOf(sources) };
  for (const [file, value] of Object.entries({ commitment, sources, result }))
    await writeFile(at(`${name}/${file}.json`), canonicalJson(value));
};

describe('a forged bundle', () => {
  const shown = String.raw`\u{1b}[2K\u{d}\u{a}The bundle is right.\u{202e}`;

  it('can not draw over the verdict', async () => {
    await draw('forged');
    const result = JSON.parse(await readFile(at('forged/result.json'), 'utf8'));
    await writeFile(at('forged/result.json'), JSON.stringify({ ...result, [FORGED]: 1 }));
    const { code, out } = await call('verify', '--dir', at('forged'));
    expect([code, out.split('\n').length]).toEqual([1, 3]);
    expect(out).toContain(shown);
  });

  it('can not write lines of its own', async () => {
    await describeForged('described');
    await writeFile(at('chain.json'), JSON.stringify(CHAIN_INFO));
    const { code, out } = await call('verify', '--dir', at('described'), '--drand-chain', at('chain.json'));
    expect(code).toBe(0);
    expect(out.split(shown)).toHaveLength(3);
    expect(out).not.toContain('\u001b');
  });
});

describe('verify.py', () => {
  /** Undefined: this machine has no python3. */
  const verify = async (...args: readonly string[]): Promise<string | undefined> => {
    const run = promisify(execFile)('python3', [join(ROOT, 'docs/draw/verify.py'), ...args]);
    const said = await run.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      process.stdout.write('NOT RUN: docs/draw/verify.py, because this machine has no python3\n');
      return undefined;
    });
    return said?.stdout;
  };

  it('agrees, and knows the rank of a receipt', async () => {
    await draw('python');
    const said = await verify(at('python'), third.no, third.secret);
    if (said === undefined) return;
    expect(said).toContain('receipt CD03-00000003 in voucher has rank 6');
    expect(said).toContain('RIGHT');
  });

  it('shows no lines of a forged bundle', async () => {
    await describeForged('python-described');
    const said = await verify(at('python-described'));
    if (said === undefined) return;
    expect(said.split('\n')).toHaveLength(5);
    expect(said).not.toContain('\u001b');
    expect(said).toContain('RIGHT. Compare');
  });
});
