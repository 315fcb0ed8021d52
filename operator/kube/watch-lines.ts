/** The lines of a watch's body. */
import { StringDecoder } from 'node:string_decoder';

/** etcd accepts 1.5 MiB for one object; JSON needs more than its storage form. */
const MAX_LINE_CHARACTERS = 16 * 2 ** 20;

/** Whole lines only: a cut-off last line is no event. @throws Error for a line that never ends; what the body throws */
export async function* watchLines(body: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    // A character may be cut in two by a chunk's end; the decoder keeps its first half.
    const text = rest + (Buffer.isBuffer(chunk) ? decoder.write(chunk) : String(chunk));
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = text.slice(from, end).trim();
      from = end + 1;
      if (line !== '') yield line;
    }
    rest = text.slice(from);
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new Error(`a watch event is longer than ${MAX_LINE_CHARACTERS} characters`);
  }
}
