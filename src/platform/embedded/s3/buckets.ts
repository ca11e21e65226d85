import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { receiveText } from './body.js';
import { isBucketName } from './bucket-name.js';
import { xmlReply, type S3Call } from './call.js';
import { ifThere, isFileError, S3Error } from './errors.js';
import type { ObjectFiles } from './object-files.js';
import type { S3Reply } from './request.js';
import { regionOf } from './signature.js';

const MAX_CONFIGURATION_BYTES = 64 * 1024;

/** The location in the body is read for its signature only: there is one place where a bucket can be. */
export async function createBucket({ request, signed, files }: S3Call): Promise<S3Reply> {
  await receiveText(request, signed, MAX_CONFIGURATION_BYTES);
  try {
    await mkdir(files.bucketPath(request.bucket));
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw error;
    throw new S3Error('BucketAlreadyOwnedByYou', 'The bucket exists and is yours.');
  }
  await files.folders.flush(files.root);
  return { status: 200, headers: { location: `/${request.bucket}` } };
}

export async function headBucket({ request, signed, files }: S3Call): Promise<S3Reply> {
  await files.needBucket(request.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': regionOf(signed) } };
}

/** The file system refuses to remove a folder with an object in it, so no write can be lost between look and deed. */
export async function deleteBucket({ request: { bucket }, files }: S3Call): Promise<S3Reply> {
  await files.changing(bucket, async () => {
    await files.needBucket(bucket);
    if (!(await files.folders.removeEmptyTree(files.bucketPath(bucket))))
      throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty.');
    await ifThere(files.discard(join(files.uploadsPath(), bucket)));
  });
  await files.folders.flush(files.root);
  return { status: 204 };
}

export async function listBuckets({ files }: S3Call): Promise<S3Reply> {
  const names = (await files.names()).filter(isBucketName).sort();
  const buckets = await Promise.all(names.map((name) => bucketNode(files, name)));
  return xmlReply('ListAllMyBucketsResult', { Owner: { ID: 'flywheel' }, Buckets: { Bucket: buckets } });
}

async function bucketNode(files: ObjectFiles, name: string) {
  const { birthtime } = await stat(files.bucketPath(name));
  return { Name: name, CreationDate: birthtime.toISOString() };
}

/** The region the client signed for, as every one of them is here. S3 spells us-east-1 as nothing. */
export async function getBucketLocation({ request, signed, files }: S3Call): Promise<S3Reply> {
  await files.needBucket(request.bucket);
  const region = regionOf(signed);
  return xmlReply('LocationConstraint', region === 'us-east-1' ? '' : region);
}
