/** A connection as bytes: what a client library would hide. */
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

export interface Line {
  readonly socket: Socket;
  received: string;
  ended: boolean;
}

export const dial = (port: number): Line => {
  const socket = connect(port, '127.0.0.1');
  const line: Line = { socket, received: '', ended: false };
  socket.on('data', (chunk: Buffer) => {
    line.received += chunk.toString('utf8');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    line.ended = true;
  });
  return line;
};

export const answers = ({ received }: Line): number => received.split('HTTP/1.1 ').length - 1;

export const answered = (line: Line, count = 1, what = `answer ${count}`): Promise<true> =>
  eventually(() => answers(line) >= count, { what });
