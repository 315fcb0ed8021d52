/**
 * The device cookie: a random number and proof that a pod of this campaign gave it. It says nothing of the citizen, is not stored, and
 * only lets the pods count what one browser does. A client without it is not limited by device.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { SecretKey } from '../core/secret-key.ts';
import { cookieIn } from '../http/cookies.ts';

export const DEVICE_COOKIE = 'vc_device';
const SECONDS = 30 * 24 * 60 * 60;
const FORM = /^([\w-]{22})\.([\w-]{16})$/;

export interface Devices {
  /** The number of a valid cookie. */
  of(request: IncomingMessage): string | undefined;
  /** A new cookie, as a value of Set-Cookie. Always Secure: citizens come by HTTPS, which ends before the pod. */
  give(): string;
}

export const createDevices = (citizenKey: SecretKey, campaignId: string): Devices => {
  const macOf = (id: string): string =>
    createHmac('sha256', citizenKey)
      .update(`device\0${campaignId}\0${id}`)
      .digest()
      .subarray(0, 12)
      .toString('base64url');
  return {
    of(request) {
      const [, id = '', mac = ''] = FORM.exec(cookieIn(request, DEVICE_COOKIE)) ?? [];
      return id !== '' && timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(id))) ? id : undefined;
    },
    give() {
      const id = randomBytes(16).toString('base64url');
      return `${DEVICE_COOKIE}=${id}.${macOf(id)}; Path=/; Max-Age=${SECONDS}; HttpOnly; Secure; SameSite=Lax`;
    },
  };
};
