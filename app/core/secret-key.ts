/**
 * Keys as key objects. On Node 24 an HMAC-SHA256 takes 3.6 µs with a key object, and 19 µs with raw bytes; a registration needs
 * three.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';

export type SecretKey = KeyObject;

export const secretKey = (bytes: Uint8Array): SecretKey => createSecretKey(bytes);
