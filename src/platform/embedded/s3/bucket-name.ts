import { S3Error } from './errors.js';

/** The rules of S3, which also keep a name from climbing out of the root or meeting a folder of our own. */
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

export const isBucketName = (name: string) => BUCKET.test(name);

/** The name itself. Nothing may be made into a path before it has been through here. */
export function checkedBucket(name: string): string {
  if (!isBucketName(name)) throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.');
  return name;
}
