/**
 * The cheapest honest client: one keep-alive connection, one request at a time, written and read by hand. On two shared
 * cores an ordinary HTTP client would cost as much as the server that it measures.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** An intake ends a connection after 1,000 requests; one more, sent before its end was seen, would get a bare 503. */
const MOST_ON_A_SOCKET = 999;

/** Length of the first whole answer in the buffer, or undefined while more has to come. */
const answerLength = (buffer: Buffer): { readonly status: number; readonly length: number } | undefined => {
  const headEnd = buffer.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = buffer.toString('latin1', 0, headEnd);
  const declared = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (declared === undefined) throw new Error('the server answered without Content-Length');
  const length = headEnd + HEAD_END.length + Number(declared);
  return buffer.length < length ? undefined : { status: Number(head.slice(9, 12)), length };
};

export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #sent = 0;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** One request, already written out as bytes. Rejects when the connection ends before the answer. */
  send(request: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#open().write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    this.#sent += 1;
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#sent <= MOST_ON_A_SOCKET) return this.#socket;
    this.#socket?.removeAllListeners().destroy();
    this.#sent = 1;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('connection closed before the answer')));
    this.#socket = socket;
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = answerLength(this.#received);
    if (answer === undefined) return;
    this.#received = this.#received.subarray(answer.length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: answer.status });
  }

  #fail(error: Error): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
