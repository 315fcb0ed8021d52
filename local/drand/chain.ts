/**
 * A chain of drand for demo, rehearsals and tests, with a key of our own. Whoever has the seed can compute every round: no real draw may
 * use it. It shares no code with app/.
 */
import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';

const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';
const { shortSignatures } = bls12_381;

export interface LocalChainOptions {
  /** Text from which the key is computed. */
  readonly seed: string;
  /** Unix time, seconds. */
  readonly genesisSeconds: number;
  readonly periodSeconds?: number;
}

export interface LocalRound {
  readonly round: number;
  readonly randomness: string;
  readonly signature: string;
}

export interface LocalChain {
  /** As GET /<chain>/info answers. */
  readonly info: {
    readonly public_key: string;
    readonly period: number;
    readonly genesis_time: number;
    readonly hash: string;
    readonly groupHash: string;
    readonly schemeID: 'bls-unchained-g1-rfc9380';
    readonly metadata: { readonly beaconID: string };
  };
  sign(round: number): LocalRound;
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
/** noble takes no Buffer of another realm, as tests have it. */
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

export const createLocalChain = ({ seed, genesisSeconds, periodSeconds = 3 }: LocalChainOptions): LocalChain => {
  const keySeed = sha256('local drand', seed) + sha256('local drand, too', seed);
  const { secretKey, publicKey } = shortSignatures.keygen(bytesOf(keySeed.slice(0, 96)));
  const publicHex = publicKey.toHex(true);
  const [groupHash, beaconID] = [sha256('group', seed), 'local-test'];
  const head = Buffer.alloc(12);
  head.writeUInt32BE(periodSeconds);
  head.writeBigInt64BE(BigInt(genesisSeconds), 4);
  const hash = sha256(head, bytesOf(publicHex), bytesOf(groupHash), beaconID);
  return {
    info: {
      public_key: publicHex,
      period: periodSeconds,
      genesis_time: genesisSeconds,
      hash,
      groupHash,
      schemeID: 'bls-unchained-g1-rfc9380',
      metadata: { beaconID },
    },
    sign(round) {
      const message = Buffer.alloc(8);
      message.writeBigUInt64BE(BigInt(round));
      const point = shortSignatures.hash(bytesOf(sha256(message)), DOMAIN);
      const signature = shortSignatures.sign(point, secretKey).toHex(true);
      return { round, randomness: sha256(bytesOf(signature)), signature };
    },
  };
};
