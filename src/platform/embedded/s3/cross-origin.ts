import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Lets pages of these origins read the answer, as the CORS rules of a bucket do.
 *
 * @returns whether the request only asked for that: browsers do, unsigned, before they send what is signed
 */
export function admitOrigin(http: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  const { origin } = http.headers;
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', 'etag, x-amz-request-id');
  response.setHeader('vary', 'origin');
  if (http.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-methods', 'GET, HEAD, PUT');
  response.setHeader('access-control-allow-headers', http.headers['access-control-request-headers'] ?? '');
  return true;
}
