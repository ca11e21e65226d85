import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What a link does to its traffic: `delay` holds every chunk back, `trickle` lets a few kilobytes a second through,
 * `hole` swallows both ways and keeps the connections, `one-way` swallows the answers alone, `reset` and `cut` end
 * connections, with RST and with FIN, and go on ending new ones.
 */
export type LinkMode = 'open' | 'delay' | 'trickle' | 'hole' | 'one-way' | 'reset' | 'cut';

const DELAY_MS = 400;
const TRICKLE = { bytes: 2_048, everyMs: 100 };

/** A TCP link that can fail in the ways of a network. What a hole swallowed while it was one is lost with its connection. */
export class TcpProxy {
  private mode: LinkMode = 'open';
  private readonly pairs = new Set<readonly [Socket, Socket]>();

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
  ) {}

  static async to(target: { host: string; port: number }): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy(server, target);
    server.on('connection', (client) => proxy.join(client));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on; connections that were in a hole end when it closes, as their bytes are missing. */
  set(mode: LinkMode): void {
    const wasHole = this.mode === 'hole' || this.mode === 'one-way';
    this.mode = mode;
    if (wasHole || mode === 'cut') this.endAll((socket) => socket.destroy());
    if (mode === 'reset') this.endAll((socket) => socket.resetAndDestroy());
  }

  async close(): Promise<void> {
    this.endAll((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  private endAll(end: (socket: Socket) => void): void {
    for (const pair of this.pairs) pair.forEach(end);
  }

  private join(client: Socket): void {
    if (this.mode === 'reset') return void client.resetAndDestroy();
    if (this.mode === 'cut') return void client.destroy();
    const server = connect(this.target);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    this.pipe(client, server, true);
    this.pipe(server, client, false);
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.pairs.delete(pair);
        other.destroy();
      });
    }
  }

  private pipe(from: Socket, to: Socket, isRequest: boolean): void {
    from.on('data', (chunk: Buffer) => {
      if (this.mode === 'hole' || (this.mode === 'one-way' && !isRequest)) return;
      if (this.mode === 'delay') return void setTimeout(() => send(to, chunk), DELAY_MS);
      if (this.mode === 'trickle') return void trickle(from, to, chunk);
      if (!send(to, chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('end', () => to.end());
  }
}

const send = (to: Socket, chunk: Buffer): boolean => to.destroyed || to.writableEnded || to.write(chunk);

async function trickle(from: Socket, to: Socket, chunk: Buffer): Promise<void> {
  from.pause();
  for (let start = 0; start < chunk.length; start += TRICKLE.bytes) {
    send(to, chunk.subarray(start, start + TRICKLE.bytes));
    await new Promise((resolve) => setTimeout(resolve, TRICKLE.everyMs));
  }
  from.resume();
}
