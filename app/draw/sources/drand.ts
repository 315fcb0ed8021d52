/**
 * drand as a source of a draw: a chain of rounds that a group of organisations signs together. A round's signature can't be computed
 * before enough of them sign it, and anyone can verify it with the chain's public key. Pure.
 *
 *   message    = SHA-256(u64be round)
 *   signature  = BLS12-381, 48 bytes on G1, hash to curve of RFC 9380 (scheme bls-unchained-g1-rfc9380)
 *   randomness = SHA-256(signature)
 *
 * A chain's hash covers its public key, period and genesis. So a commitment that names the hash names the key.
 */
import { hash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { hexToBytes } from '@noble/curves/utils.js';
import { z } from 'zod';
import { digestSchema } from '../../../contract/decisions/draw-schema.ts';

const SCHEME = 'bls-unchained-g1-rfc9380';
const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';
const { shortSignatures } = bls12_381;

/** As a relay answers GET /<chain>/info. */
const infoSchema = z.object({
  public_key: z.string().regex(/^[0-9a-f]{192}$/, '192 hexadecimal digits'),
  period: z.int().min(1).max(86_400),
  genesis_time: z.int().min(1),
  hash: digestSchema,
  groupHash: digestSchema,
  schemeID: z.literal(SCHEME),
  metadata: z.object({ beaconID: z.string().min(1).max(64) }),
});
type DrandInfo = z.infer<typeof infoSchema>;

export interface DrandChain {
  /** Name that its operators give it. */
  readonly name: string;
  /** Hex. */
  readonly hash: string;
  /** Hex, 96 bytes. */
  readonly publicKey: string;
  readonly periodMs: number;
  readonly genesisMs: number;
}

export interface DrandRound {
  readonly round: number;
  /** Hex. */
  readonly signature: string;
  /** Hex: what the seed takes. */
  readonly randomness: string;
}

/** A chain's hash, hex, as drand computes it. */
const chainHash = (info: DrandInfo): string => {
  const start = Buffer.alloc(12);
  start.writeUInt32BE(info.period);
  start.writeBigInt64BE(BigInt(info.genesis_time), 4);
  const parts = [start, Buffer.from(info.public_key, 'hex'), Buffer.from(info.groupHash, 'hex')];
  // drand adds no name for the beacon "default", because older chains had none.
  const { beaconID } = info.metadata;
  return hash('sha256', Buffer.concat(beaconID === 'default' ? parts : [...parts, Buffer.from(beaconID)]));
};

/** @param info as a relay answers GET /<chain>/info @throws Error that names the field */
export const chainFrom = (info: unknown): DrandChain => {
  const parsed = infoSchema.safeParse(info);
  if (!parsed.success) throw new Error(`this is no chain of drand: ${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  const computed = chainHash(data);
  if (computed !== data.hash)
    throw new Error(`the chain's hash is ${data.hash}, but its key, period and genesis give ${computed}`);
  return {
    name: data.metadata.beaconID,
    hash: data.hash,
    publicKey: data.public_key,
    periodMs: data.period * 1_000,
    genesisMs: data.genesis_time * 1_000,
  };
};

/**
 * Published by the League of Entropy on 2023-10-16: github.com/drand/website, the blog post of that day "quicknet is live". Clients of
 * other organisations pin the same key.
 */
export const QUICKNET = chainFrom({
  public_key:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  period: 3,
  genesis_time: 1692803367,
  hash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  groupHash: 'f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e',
  schemeID: SCHEME,
  metadata: { beaconID: 'quicknet' },
});

/** Public relays of quicknet. */
export const QUICKNET_RELAYS: readonly string[] = [
  'https://api.drand.sh',
  'https://api2.drand.sh',
  'https://api3.drand.sh',
  'https://drand.cloudflare.com',
];

export type DrandChains = ReadonlyMap<string, DrandChain>;

/** By hash. @param more for rehearsals and tests only: whoever holds a chain's key can choose the draw's result */
export const drandChains = (...more: readonly DrandChain[]): DrandChains =>
  new Map([QUICKNET, ...more].map((chain) => [chain.hash, chain]));

/** When a round is published, ms of Unix time. */
export const timeOfRound = ({ genesisMs, periodMs }: DrandChain, round: number): number =>
  genesisMs + (round - 1) * periodMs;

/**
 * The latest round at an instant: floor((T − genesis) / period) + 1. Round 27,946,612 of quicknet is that of 2026-04-20T00:00:00Z.
 * Before the genesis there is none: 0 or less.
 */
export const roundAt = ({ genesisMs, periodMs }: DrandChain, atMs: number): number =>
  Math.floor((atMs - genesisMs) / periodMs) + 1;

/** The first round that is published at the instant or later: a commitment names it, never the latest one. */
export const firstRoundFrom = (chain: DrandChain, atMs: number): number => {
  const latest = Math.max(1, roundAt(chain, atMs));
  return timeOfRound(chain, latest) < atMs ? latest + 1 : latest;
};

/** Hex. */
export const randomnessOf = (signature: string): string => hash('sha256', Buffer.from(signature, 'hex'));

/** Takes about 20 ms, the first time in a process up to 0.6 s. False also for a signature that is no point of the curve. */
export const isSignatureOf = (chain: DrandChain, round: number, signature: string): boolean => {
  if (!/^[0-9a-f]{96}$/.test(signature)) return false;
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(round));
  try {
    const point = shortSignatures.hash(hexToBytes(hash('sha256', message)), DOMAIN);
    return shortSignatures.verify(hexToBytes(signature), point, hexToBytes(chain.publicKey));
  } catch {
    return false;
  }
};
