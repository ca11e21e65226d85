import { S3Error } from './errors.js';
import { headerOf, type S3Request } from './request.js';

/** What must be true of the object that a write replaces. */
export interface WriteCondition {
  readonly ifAbsent: boolean;
  readonly ifMatch: string | undefined;
}

interface Version {
  readonly etag: string;
  readonly modifiedAt: number;
}

export const ALWAYS: WriteCondition = { ifAbsent: false, ifMatch: undefined };

export function writeConditionOf(request: S3Request): WriteCondition {
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new S3Error('NotImplemented', 'A write can only have If-None-Match: *.');
  return { ifAbsent: ifNoneMatch === '*', ifMatch: headerOf(request, 'if-match') };
}

/** Looks at the current object only when the condition speaks of it. One that is not there cannot match. */
export async function refuseWrite({ ifMatch }: WriteCondition, current: () => Promise<Version>): Promise<void> {
  if (ifMatch === undefined) return;
  if (!namesEtag(ifMatch, (await current()).etag)) throw preconditionFailed('If-Match');
}

/** Throws 412 or 304, in the order of RFC 9110: an entity tag says more than a time of whole seconds. */
export function refuseRead(request: S3Request, version: Version): void {
  const failed = failedCondition(request, version);
  if (failed === undefined) return;
  if (/^if-(match|unmodified)/.test(failed)) throw preconditionFailed(failed);
  throw new S3Error('NotModified', 'Not Modified', {
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.modifiedAt).toUTCString(),
  });
}

/** As {@link refuseRead} for the source of a copy, where there is no 304. */
export function refuseCopy(request: S3Request, source: Version): void {
  const failed = failedCondition(request, source, 'x-amz-copy-source-');
  if (failed !== undefined) throw preconditionFailed(failed);
}

function failedCondition(request: S3Request, { etag, modifiedAt }: Version, prefix = ''): string | undefined {
  const header = (name: string) => headerOf(request, prefix + name);
  const [ifMatch, ifNoneMatch] = [header('if-match'), header('if-none-match')];
  if (ifMatch !== undefined) {
    if (!namesEtag(ifMatch, etag)) return 'if-match';
  } else if (isAfter(modifiedAt, header('if-unmodified-since')) === true) return 'if-unmodified-since';
  if (ifNoneMatch !== undefined) return namesEtag(ifNoneMatch, etag) ? 'if-none-match' : undefined;
  return isAfter(modifiedAt, header('if-modified-since')) === false ? 'if-modified-since' : undefined;
}

/** Undefined when there is no such header or it is no date, which then counts as not sent. */
function isAfter(modifiedAt: number, date: string | undefined): boolean | undefined {
  const at = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : Math.floor(modifiedAt / 1000) * 1000 > at;
}

/** Whether a header such as `"a", W/"b"` or `*` names this entity tag. Clients also leave the quotes out. */
export function namesEtag(header: string, etag: string): boolean {
  const names = header.split(',').map((name) => bareEtag(name.trim()));
  return names.includes('*') || names.includes(etag);
}

export const bareEtag = (text: string) => text.replace(/^(?:W\/)?"(.*)"$/, '$1');

function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', `At least one of the preconditions did not hold: ${condition}.`);
}
