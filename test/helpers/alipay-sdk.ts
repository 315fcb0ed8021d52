/**
 * Alipay's SDK for tests. Its HTTP client replaces `Socket.prototype.destroy` of the whole process, and then one error can't end two
 * sockets: undici's agents throw "Cannot redefine property: Symbol(socket of error)", also in other test files of the same worker. So Node's own
 * method is put back.
 */
import { Socket } from 'node:net';

const { destroy } = Socket.prototype;
const { AlipaySdk } = await import('alipay-sdk');
Socket.prototype.destroy = destroy;

export { AlipaySdk };
