import type { JetStreamClient } from '@nats-io/jetstream';

const ANSWER_WITHIN_MS = 5_000;
const RETRIES = 10;

/**
 * Publishes into a stream that may just have been made, whose leader may change: what was in its hands is refused or never
 * answered, so it is sent again, and is there once. The app does the same with its copies.
 *
 * @param messageId unique within the stream's duplicate window
 */
export const publishOnce = async (
  client: JetStreamClient,
  message: { readonly subject: string; readonly messageId: string; readonly payload: Uint8Array | string },
): Promise<void> => {
  const { subject, messageId: msgID, payload } = message;
  await client.publish(subject, payload, { msgID, timeout: ANSWER_WITHIN_MS, retries: RETRIES });
};
