/**
 * Our signatures against independent peers, both ways: wechatpay-axios-plugin, alipay-sdk, node-forge (RSA of its own), and the openssl
 * command where the machine has it. RSA signatures of PKCS #1 v1.5 are deterministic, so two signers must agree to the letter.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createSign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import forge from 'node-forge';
import { Aes, Decorator, Formatter, Rsa } from 'wechatpay-axios-plugin';
import { responseName, signAlipay, verifyAlipay } from '../../../app/outside/channels/alipay-sign.ts';
import { normalSerial, signRsa, verifyRsa } from '../../../app/outside/channels/rsa.ts';
import { signingText } from '../../../app/outside/channels/signing-text.ts';
import { signWithKey } from '../../../app/outside/channels/unionpay-sign.ts';
import { decryptWechat, verifyWechat, wechatAuthorization } from '../../../app/outside/channels/wechat-sign.ts';
import { AlipaySdk } from '../../helpers/alipay-sdk.ts';
import { signedBody } from '../../helpers/channels/alipay-peer.ts';
import {
  API_V3_KEY,
  MERCHANT,
  MERCHANT_SERIAL,
  newChannelKeys,
  PUBLIC_KEY_ID,
} from '../../helpers/channels/channel-keys.ts';
import { signedHeaders } from '../../helpers/channels/wechat-peer.ts';

const keys = newChannelKeys();
const MANY = 1_000;
/** node-forge is JavaScript: tens of milliseconds a signature. */
const FEW = 10;

/** Texts as they occur: Chinese, quotation marks, slashes, line feeds, characters beyond the BMP. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('消费券', 'a/b\\"c', '\u{2a6b2}\n{"sign":"x"}', '}'),
);
const json = fc.dictionary(
  fc.stringMatching(/^[a-z_]{1,12}$/),
  fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 })),
  {
    maxKeys: 6,
  },
);
const samples = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed: 20_200_925 });

let changes = 0;
/** One character of a text becomes another one: at another place in each call, and the same in each run. */
const changed = (of: string): string => {
  changes += 1;
  const at = (changes * 7_919) % of.length;
  const other = of[at] === 'A' ? 'B' : 'A';
  return of.slice(0, at) + other + of.slice(at + 1);
};

const md = (of: string): forge.md.MessageDigest => forge.md.sha256.create().update(of, 'utf8');
const forgeSigns = (pem: string, of: string): string =>
  forge.util.encode64(forge.pki.privateKeyFromPem(pem).sign(md(of)));
const forgeAccepts = (pem: string, of: string, signature: string): boolean => {
  try {
    return forge.pki.publicKeyFromPem(pem).verify(md(of).digest().getBytes(), forge.util.decode64(signature));
  } catch {
    return false;
  }
};

describe('WeChat Pay', () => {
  const header =
    /^WECHATPAY2-SHA256-RSA2048 mchid="([^"]*)",nonce_str="([^"]*)",signature="([^"]*)",timestamp="([^"]*)",serial_no="([^"]*)"$/;

  it(`${MANY} random requests are accepted by the peer, and none that was changed`, () => {
    for (const [index, body] of samples(json, MANY).entries()) {
      const request = {
        method: index % 2 === 0 ? 'POST' : 'GET',
        target: `/v3/marketing/favor/users/o${index}/coupons?appid=${encodeURIComponent(`消费券${index}`)}`,
        body: index % 2 === 0 ? JSON.stringify(body) : '',
        merchant: MERCHANT,
        timestampSeconds: 1_600_000_000 + index,
        nonce: `n${index}`,
      } as const;
      const found = header.exec(
        wechatAuthorization(request, { privateKey: keys.merchant.privateKey, serial: MERCHANT_SERIAL }),
      );
      const [, merchant, nonce = '', signature = '', timestamp = '', serial] = found ?? [];
      expect([merchant, serial]).toEqual([MERCHANT, MERCHANT_SERIAL]);
      const peerText = Formatter.request(request.method, request.target, timestamp, nonce, request.body);
      expect(Rsa.verify(peerText, signature, keys.merchant.publicPem)).toBe(true);
      expect(Rsa.sign(peerText, keys.merchant.privatePem)).toBe(signature);
      expect(Rsa.verify(changed(peerText), signature, keys.merchant.publicPem)).toBe(false);
    }
  });

  it(`${MANY} random answers of the peer are accepted, and refused after any change, as the peer refuses them`, () => {
    const verifiers = new Map([[PUBLIC_KEY_ID, keys.platform.publicKey]]);
    const signer = { serial: PUBLIC_KEY_ID, privatePem: keys.platform.privatePem };
    const peer = Decorator.responseVerifier({ [PUBLIC_KEY_ID]: keys.platform.publicPem });
    const peerAccepts = (body: string, headers: Record<string, string>): boolean =>
      peer.call({ url: '/v3/x', validateStatus: () => true }, body, headers, 200) === body;
    const nowMs = Date.now();
    const ours = (body: string, headers: Record<string, string>): boolean =>
      verifyWechat(headers, Buffer.from(body), verifiers, nowMs).kind === 'signed';
    for (const one of samples(json, MANY)) {
      const body = JSON.stringify(one);
      const headers = signedHeaders(body, signer, { nowMs });
      expect([ours(body, headers), peerAccepts(body, headers)]).toEqual([true, true]);
      const tampered: (readonly [string, Record<string, string>])[] = [
        [changed(body), headers],
        [`${body} `, headers],
        [body, { ...headers, 'wechatpay-nonce': changed(headers['wechatpay-nonce'] ?? '') }],
        [body, { ...headers, 'wechatpay-timestamp': String(Number(headers['wechatpay-timestamp']) + 1) }],
        [body, { ...headers, 'wechatpay-serial': 'PUB_KEY_ID_0' }],
        [body, { ...headers, 'wechatpay-signature': '' }],
      ];
      for (const [changedBody, changedHeaders] of tampered) expect(ours(changedBody, changedHeaders)).toBe(false);
      const [first] = tampered;
      if (first !== undefined) expect(peerAccepts(...first)).toBe(false);
    }
  });

  it(`${MANY} random texts that the peer encrypted are opened, and none that was changed`, () => {
    const key = Buffer.from(API_V3_KEY);
    for (const [index, one] of samples(json, MANY).entries()) {
      const plain = JSON.stringify(one);
      const nonce = `nonce${String(index).padStart(7, '0')}`;
      const ciphertext = Aes.AesGcm.encrypt(plain, API_V3_KEY, nonce, 'coupon');
      const sealed = { ciphertext, nonce, associatedData: 'coupon' };
      expect(decryptWechat(sealed, key)?.toString()).toBe(plain);
      const bytes = Buffer.from(ciphertext, 'base64');
      const at = (index * 7_919) % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(decryptWechat({ ...sealed, ciphertext: bytes.toString('base64') }, key)).toBeUndefined();
      expect(decryptWechat({ ...sealed, nonce: changed(nonce) }, key)).toBeUndefined();
      expect(decryptWechat({ ...sealed, associatedData: 'refund' }, key)).toBeUndefined();
      expect(decryptWechat({ ...sealed, ciphertext: ciphertext.slice(0, 8) }, key)).toBeUndefined();
    }
  });
});

describe('Alipay', () => {
  /** Holds both halves: it signs as the app, and verifies as Alipay would (`checkNotifySignV2`) or as the app does. */
  const app = new AlipaySdk({
    appId: '2016',
    privateKey: keys.app.privatePem,
    keyType: 'PKCS8',
    alipayPublicKey: keys.alipay.publicPem,
  });
  const alipay = new AlipaySdk({
    appId: '2016',
    privateKey: keys.alipay.privatePem,
    keyType: 'PKCS8',
    alipayPublicKey: keys.app.publicPem,
  });
  const METHOD = 'alipay.marketing.voucher.send';

  it(`${MANY} random requests are accepted by the peer, and none that was changed`, () => {
    for (const one of samples(json, MANY)) {
      const parameters = { app_id: '2016', method: METHOD, sign_type: 'RSA2', biz_content: JSON.stringify(one) };
      const sign = signAlipay(parameters, { privateKey: keys.app.privateKey });
      expect(alipay.checkNotifySignV2({ ...parameters, sign })).toBe(true);
      expect(alipay.checkNotifySignV2({ ...parameters, biz_content: changed(parameters.biz_content), sign })).toBe(
        false,
      );
    }
  });

  it(`${MANY} random requests of the peer have our signature`, () => {
    for (const one of samples(json, MANY)) {
      const parameters = Object.fromEntries(
        new URLSearchParams(app.sdkExecute(METHOD, { biz_content: one }, { bizContentAutoSnakeCase: false })),
      );
      const { sign, ...unsigned } = parameters;
      expect(signAlipay(unsigned, { privateKey: keys.app.privateKey })).toBe(sign);
    }
  });

  it(`${MANY} random answers are accepted as the peer accepts them, and refused after any change`, () => {
    const ours = (body: string) => verifyAlipay(Buffer.from(body), METHOD, { publicKey: keys.alipay.publicKey });
    const peerAccepts = (body: string): boolean => {
      try {
        app.checkResponseSign(body, responseName(METHOD), JSON.parse(body).sign, 'trace');
        return true;
      } catch {
        return false;
      }
    };
    for (const [index, one] of samples(json, MANY).entries()) {
      const plain = JSON.stringify({ code: '10000', ...one });
      const value = index % 2 === 0 ? plain.replaceAll('/', '\\/') : plain;
      const body = signedBody(METHOD, value, keys.alipay.privatePem);
      const found = ours(body);
      if (found === undefined || found === 'wrong') throw new Error(`refused: ${body}`);
      expect([found.isSigned, Buffer.from(found.value).toString()]).toEqual([true, value]);
      expect(peerAccepts(body)).toBe(true);
      const at = body.indexOf(value);
      const other = body.slice(0, at) + value.replace('"10000"', '"10001"') + body.slice(at + value.length);
      expect([ours(other), peerAccepts(other)]).toEqual(['wrong', false]);
      // Any one character: either nothing is found, or it is called wrong, or it has no signature any more.
      const damaged = ours(changed(body));
      expect(damaged === undefined || damaged === 'wrong' || !damaged.isSigned).toBe(true);
    }
  });
});

describe('UnionPay', () => {
  it(`${MANY} random requests have the signature that Node’s other interface makes`, () => {
    for (const one of samples(fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,10}$/), text), MANY)) {
      const signature = signWithKey(one, keys.unionpay.privateKey);
      const signer = createSign('RSA-SHA256').update(signingText(one));
      expect(signer.sign(keys.unionpay.privatePem, 'base64')).toBe(signature);
    }
  });
});

describe('RSA by another implementation', () => {
  const cases = samples(text, FEW);

  it('node-forge makes the same signatures, accepts ours and refuses changed ones', () => {
    for (const of of cases) {
      const signature = signRsa(keys.merchant.privateKey, of);
      expect(forgeSigns(keys.merchant.privatePem, of)).toBe(signature);
      expect(forgeAccepts(keys.merchant.publicPem, of, signature)).toBe(true);
      expect(forgeAccepts(keys.merchant.publicPem, `${of}x`, signature)).toBe(false);
      expect(verifyRsa(keys.merchant.publicKey, Buffer.from(of), forgeSigns(keys.merchant.privatePem, of))).toBe(true);
    }
  });

  const openssl = spawnSync('openssl', ['version']).status === 0;
  // Where openssl is missing, node-forge above is the independent implementation; this test then says that it had nothing to check.
  it(
    openssl
      ? 'the openssl command accepts ours'
      : 'the openssl command is not on this machine: node-forge alone was asked',
    async () => {
      if (!openssl) return;
      const dir = await mkdtemp(join(tmpdir(), 'openssl-'));
      try {
        await writeFile(join(dir, 'public.pem'), keys.merchant.publicPem);
        for (const of of cases.slice(0, 10)) {
          await writeFile(join(dir, 'text'), of);
          await writeFile(join(dir, 'signature'), Buffer.from(signRsa(keys.merchant.privateKey, of), 'base64'));
          const check = ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'text'];
          expect(execFileSync('openssl', check, { cwd: dir }).toString()).toBe('Verified OK\n');
          await writeFile(join(dir, 'text'), `${of}x`);
          expect(spawnSync('openssl', check, { cwd: dir }).status).not.toBe(0);
        }
      } finally {
        await rm(dir, { recursive: true });
      }
    },
  );

  it('a signature has one spelling', () => {
    const signature = signRsa(keys.merchant.privateKey, 'x');
    // The last character before == has four bits that mean nothing.
    const last = signature.at(-3) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const sameBytes = `${signature.slice(0, -3)}${alphabet[alphabet.indexOf(last) ^ 1]}==`;
    expect(Buffer.from(sameBytes, 'base64').equals(Buffer.from(signature, 'base64'))).toBe(true);
    for (const other of [
      sameBytes,
      `${signature} `,
      `\n${signature}`,
      signature.replace(/=*$/, '===='),
      `${signature}!`,
      '',
    ])
      expect(verifyRsa(keys.merchant.publicKey, Buffer.from('x'), other)).toBe(false);
  });
});

it('serial numbers compare without their case and leading zeros, ids of public keys as they are', () => {
  expect(['00ab1', 'AB1', 'PUB_KEY_ID_0ab', '0'].map(normalSerial)).toEqual(['AB1', 'AB1', 'PUB_KEY_ID_0ab', '0']);
});

it('a text to sign leaves out empty parameters and sorts the others by their bytes', () => {
  expect(signingText({ b: '2', a: '1', B: '3', empty: '' })).toBe('B=3&a=1&b=2');
});
