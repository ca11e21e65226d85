import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What a store does wrong: `slow-down` asks to come again, `half` ends an answer in the middle, `corrupt` changes a
 * byte of it, `wrong-etag` says another ETag, `late` needs seconds for its first byte.
 */
export type StoreFault = 'none' | 'slow-down' | 'half' | 'corrupt' | 'wrong-etag' | 'late';

const LATE_MS = 3_000;
const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** An HTTP proxy before an S3 server; every request but one in four meets the fault, so that trying again helps. */
export class FaultyStore {
  fault: StoreFault = 'none';
  met = 0;
  private count = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async before(endpoint: string): Promise<FaultyStore> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const store = new FaultyStore(server, new URL(endpoint));
    server.on('request', (incoming, response) => store.forward(incoming, response));
    server.on('checkContinue', (incoming, response) => {
      response.writeContinue();
      store.forward(incoming, response);
    });
    return store;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private forward(incoming: IncomingMessage, response: ServerResponse): void {
    this.count += 1;
    const fault = this.count % 4 === 0 ? 'none' : this.fault;
    if (fault !== 'none') this.met += 1;
    if (fault === 'slow-down') {
      incoming.resume();
      return void response.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN);
    }
    const { method, url, headers } = incoming;
    const onward = request({ ...addressOf(this.target), method, path: url, headers }, (answer) => {
      setTimeout(() => void giveBack(answer, response, fault), fault === 'late' ? LATE_MS : 0);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  }
}

const addressOf = ({ hostname, port }: URL) => ({ hostname, port });

async function giveBack(answer: IncomingMessage, response: ServerResponse, fault: StoreFault): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const headers = { ...answer.headers };
  if (fault === 'wrong-etag') headers.etag = '"00000000000000000000000000000000"';
  if (fault === 'corrupt' && body.length > 0) body[Math.floor(body.length / 2)]! ^= 0xff;
  response.writeHead(answer.statusCode ?? 502, headers);
  if (fault !== 'half' || body.length < 2) return void response.end(body);
  response.write(body.subarray(0, body.length / 2), () => response.destroy());
}
