/** What the sites of a campaign agree on through their journal (docs/sites.md). Pure. */

/** Keys of the live bucket, written by intake pods. */
export const SITE_KEYS = {
  /** Overwritten again and again: whether a write is durable now (`/site-health`). */
  probe: 'site.probe',
  /** KeyFingerprints as JSON, of the first intake pod that ever started. Never changes. */
  keys: 'site.keys',
} as const;

/** Path on the port of citizens: 200 only if a durable write went through in the last two seconds. For load balancers. */
export const SITE_HEALTH_PATH = '/site-health';

/** Of the keys of the privacy Secret that never change: 64 bits each, hexadecimal. They reveal nothing of a key. */
export interface KeyFingerprints {
  readonly citizen: string;
  readonly canary: string;
}
