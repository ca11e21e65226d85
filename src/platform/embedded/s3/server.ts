import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { admitOrigin } from './cross-origin.js';
import { S3Error } from './errors.js';
import { ObjectFiles } from './object-files.js';
import { parseRequest, type S3Reply } from './request.js';
import { operationFor } from './routes.js';
import { authenticate, type Credentials } from './signature.js';
import { xmlDocument } from './xml.js';

export interface S3ServerOptions {
  /** The folder of all buckets. No other process may use it at the same time. */
  readonly root: string;
  readonly credentials: Credentials;
  /** 0, the default, takes any that is free. */
  readonly port?: number;
  readonly host?: string;
  /** Of pages that may use addresses signed for them; `*` for all pages. */
  readonly origins?: readonly string[];
  /** Told of every failure that is not the client's, with the request id that the client got. */
  readonly report?: (error: unknown, requestId: string) => void;
}

export interface S3Server {
  readonly endpoint: string;
  /** Lets requests in progress end, then resolves: nothing uses the root any more. */
  close(): Promise<void>;
}

/** Longer than clients keep a connection, so that it is not closed under a request that is just being sent. */
const KEEP_ALIVE_MS = 65_000;
/** A client that sends nothing for so long is gone. Putting large parts together takes a while without a byte. */
const SILENCE_MS = 600_000;
const CLOSING_MS = 5_000;

/** S3 over a folder: path style, one pair of credentials, every request signed. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const files = await ObjectFiles.open(options.root);
  const desk = new Desk(files, options);
  const server = createServer((request, response) => desk.take(request, response, false));
  server.on('checkContinue', (request, response) => desk.take(request, response, true));
  Object.assign(server, { requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS, timeout: SILENCE_MS });
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  return { endpoint: endpointOf(server), close: () => close(server, desk) };
}

/** Takes requests in and answers each of them, with a refusal if need be. */
class Desk {
  isClosing = false;
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly files: ObjectFiles,
    private readonly options: S3ServerOptions,
  ) {}

  take(http: IncomingMessage, response: ServerResponse, waits: boolean): void {
    const running = this.answer(http, response, waits).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  /** Never throws: whatever goes wrong is told to the client or, when it is gone, to nobody. */
  private async answer(http: IncomingMessage, response: ServerResponse, waits: boolean): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    response.setHeader('x-amz-request-id', requestId);
    if (admitOrigin(http, response, this.options.origins ?? [])) return void response.end();
    const invitation = new Invitation(response, waits);
    let reply: S3Reply;
    try {
      reply = await this.replyTo(http, invitation);
    } catch (error) {
      if (!http.destroyed) this.reportUnexpected(error, requestId);
      reply = refusal(error, http, requestId);
    }
    if (this.isClosing || invitation.isOpen) response.setHeader('connection', 'close');
    await send(reply, response).catch((error: unknown) => this.abandon(error, response, requestId));
  }

  private async replyTo(http: IncomingMessage, invitation: Invitation): Promise<S3Reply> {
    const request = parseRequest(http, () => invitation.give());
    const signed = authenticate(request, this.options.credentials, Date.now());
    return operationFor(request)({ request, signed, files: this.files });
  }

  /** A client that sees fewer bytes than the length it was told knows that something is missing. */
  private abandon(error: unknown, response: ServerResponse, requestId: string): void {
    if (!response.destroyed) this.reportUnexpected(error, requestId);
    response.destroy();
  }

  private reportUnexpected(error: unknown, requestId: string): void {
    if (error instanceof S3Error) return;
    const { report = (failure, id) => console.error(`S3 request ${id} failed:`, failure) } = this.options;
    report(error, requestId);
  }
}

/** A client that waits to be asked for its body, and was not, may send it or not: the connection is of no more use. */
class Invitation {
  constructor(
    private readonly response: ServerResponse,
    public isOpen: boolean,
  ) {}

  give(): void {
    if (this.isOpen) this.response.writeContinue();
    this.isOpen = false;
  }
}

function refusal(error: unknown, http: IncomingMessage, requestId: string): S3Reply {
  const known = error instanceof S3Error ? error : new S3Error('InternalError', 'We encountered an internal error.');
  const { status, code, message, headers } = known;
  if (http.method === 'HEAD' || status === 304) return { status, headers };
  const [path = ''] = (http.url ?? '').split('?');
  const body = xmlDocument('Error', { Code: code, Message: message, Resource: path, RequestId: requestId });
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, body };
}

async function send({ status, headers = {}, body }: S3Reply, response: ServerResponse): Promise<void> {
  try {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (body instanceof Readable) await pipeline(body, response);
    else response.end(body);
  } finally {
    if (body instanceof Readable) body.destroy();
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Where this process reaches the server: one that listens on every address listens on the local one too. */
function endpointOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

async function close(server: Server, desk: Desk): Promise<void> {
  desk.isClosing = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearTimeout(impatience);
  await desk.settled();
}
