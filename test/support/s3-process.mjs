/* The embedded S3 server as a process of its own, so that it can be killed: s3-process.mjs FOLDER PORT */
import { startS3Server } from '../../dist/platform/embedded/s3/server.js';

const [, , root, port] = process.argv;
const server = await startS3Server({
  root,
  port: Number(port),
  credentials: { accessKeyId: 'flywheel', secretAccessKey: process.env.S3_SECRET },
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
