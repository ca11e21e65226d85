import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly path: string;
  readonly key: string;
  readonly bodies: readonly string[];
  readonly contentType?: string;
  readonly itemsARequest: number;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second at the most; as many as can be when not given. */
  readonly rate?: number;
}

export interface Measured {
  readonly requestsASecond: number;
  readonly items: number;
  readonly itemsASecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Asks as fast as the service answers, or at a rate.
 *
 * @throws Error when an answer was no 2xx: a refusal is cheap, and must not be taken for speed
 */
export async function load(order: Load): Promise<Measured> {
  // Each connection has bodies of its own: all of them for each would take longer to set up than the load lasts.
  let connection = 0;
  const setupClient = (client: autocannon.Client): void => {
    const own = order.bodies.filter((_, i) => i % order.connections === connection);
    connection += 1;
    client.setRequests(own.map((body) => ({ body })));
  };
  const result = await autocannon({
    url: order.url + order.path,
    method: 'POST',
    connections: order.connections,
    duration: order.seconds,
    overallRate: order.rate,
    headers: { authorization: `Bearer ${order.key}`, 'content-type': order.contentType ?? 'application/json' },
    setupClient,
  });
  const answered = result['2xx'];
  if (result.non2xx > 0 || result.errors > 0 || answered === 0)
    throw new Error(
      `${order.path}: ${answered} answers, ${result.non2xx} refusals, ${result.errors} errors (${result.timeouts} timeouts)`,
    );
  return {
    requestsASecond: answered / result.duration,
    items: answered * order.itemsARequest,
    itemsASecond: (answered * order.itemsARequest) / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}
