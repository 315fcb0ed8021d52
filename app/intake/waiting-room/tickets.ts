/**
 * Tickets and admissions prove themselves: no pod stores them, and every pod of the campaign verifies them.
 *
 *   payload = kind (1 byte) ‖ number (6) ‖ Unix ms (6): when a ticket was issued, when an admission expires
 *   text    = base64url(payload ‖ first 16 bytes of HMAC-SHA256(key, campaignId ‖ NUL ‖ payload)), 39 characters
 *   key     = HKDF-SHA256(citizen.key, info "voucher waiting room")
 *
 * `citizen.key` never changes within a campaign, so the rotation of other keys touches no ticket. A ticket contains nothing about a
 * person.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type SecretKey, secretKey } from '../../core/secret-key.ts';

export interface Ticket {
  readonly number: number;
  readonly issuedAtMs: number;
}

export interface Admission {
  readonly number: number;
  readonly expiresAtMs: number;
}

export interface Tickets {
  sealTicket(ticket: Ticket): string;
  /** Undefined: it is not a ticket of this campaign. Never throws. */
  openTicket(text: string): Ticket | undefined;
  sealAdmission(admission: Admission): string;
  /** Undefined: it is not an admission of this campaign. Says nothing about its age. Never throws. */
  openAdmission(text: string): Admission | undefined;
}

const KINDS = { ticket: 1, admission: 2 } as const;
const PAYLOAD_BYTES = 13;
const MAC_BYTES = 16;
const TEXT = /^[\w-]{39}$/;

export const createTickets = (citizenKey: SecretKey, campaignId: string): Tickets => {
  const key = secretKey(Buffer.from(hkdfSync('sha256', citizenKey, '', 'voucher waiting room', 32)));
  const macOf = (payload: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${campaignId}\0`, 'utf8').update(payload).digest().subarray(0, MAC_BYTES);

  const seal = (kind: number, number: number, atMs: number): string => {
    const payload = Buffer.allocUnsafe(PAYLOAD_BYTES);
    payload.writeUInt8(kind, 0);
    payload.writeUIntBE(number, 1, 6);
    payload.writeUIntBE(atMs, 7, 6);
    return Buffer.concat([payload, macOf(payload)]).toString('base64url');
  };

  const open = (kind: number, text: string): readonly [number: number, atMs: number] | undefined => {
    if (!TEXT.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    // The last character has two bits that no byte uses: of four texts with the same bytes one is accepted.
    if (bytes.toString('base64url') !== text) return undefined;
    const payload = bytes.subarray(0, PAYLOAD_BYTES);
    if (payload[0] !== kind || !timingSafeEqual(macOf(payload), bytes.subarray(PAYLOAD_BYTES))) return undefined;
    return [payload.readUIntBE(1, 6), payload.readUIntBE(7, 6)];
  };

  return {
    sealTicket: ({ number, issuedAtMs }) => seal(KINDS.ticket, number, issuedAtMs),
    openTicket(text) {
      const opened = open(KINDS.ticket, text);
      return opened === undefined ? undefined : { number: opened[0], issuedAtMs: opened[1] };
    },
    sealAdmission: ({ number, expiresAtMs }) => seal(KINDS.admission, number, expiresAtMs),
    openAdmission(text) {
      const opened = open(KINDS.admission, text);
      return opened === undefined ? undefined : { number: opened[0], expiresAtMs: opened[1] };
    },
  };
};
