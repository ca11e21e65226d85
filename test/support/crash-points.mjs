/*
 * node --import crash-points.mjs dist/main.js: every await at which Flywheel speaks with Postgres, the object store or
 * the queue, and every job that begins, is a point with a name. At the point that the file CRASH_PLAN names, once:
 * `crash-before` and `crash-after` are SIGKILL before it is sent and after it was answered, `fail` a connection that
 * ends under it, `lost-answer` one that ends when it is done, `slow` a wait that lets others overtake, `twice` a second
 * delivery. CRASH_RECORD gathers the names of all points that are passed.
 */
import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ObjectStore } from '../../dist/platform/object-store/object-store.js';
import { JobProcessor } from '../../dist/platform/queue/job-processor.js';
import { JobQueue } from '../../dist/platform/queue/job-queue.js';

const { CRASH_PLAN: plan, CRASH_RECORD: record } = process.env;
const seen = new Set();

/** The action for this point, which is thereby used up. A training child has no plan. */
function actionAt(point) {
  if (!record) return undefined;
  if (!seen.has(point)) {
    seen.add(point);
    appendFileSync(record, `${point}\n`);
  }
  try {
    const planned = JSON.parse(readFileSync(plan, 'utf8'));
    if (planned.point !== point) return undefined;
    renameSync(plan, `${plan}.fired`);
    return planned.action;
  } catch {
    return undefined;
  }
}

const gone = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const kill = () => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

async function passed(point, go) {
  const action = actionAt(point);
  if (action === 'crash-before') await kill();
  if (action === 'fail') throw gone();
  if (action === 'slow') await sleep(800);
  if (action === 'twice') await Promise.allSettled([go(), go()]);
  const answer = await go();
  if (action === 'crash-after') await kill();
  if (action === 'lost-answer') throw gone();
  return answer;
}

function patch(prototype, method, nameOf) {
  const original = prototype[method];
  prototype[method] = function (...args) {
    return passed(nameOf.call(this, ...args), () => original.apply(this, args));
  };
}

for (const method of ['put', 'get', 'delete', 'list'])
  patch(ObjectStore.prototype, method, (key) => `s3 ${method} ${String(key).split('/')[0]}`);
patch(JobProcessor.prototype, 'process', (raw) => `job ${raw.name}`);
patch(JobQueue.prototype, 'hint', (job) => `hint ${job.name}`);

/** Verb and table of a statement, or the name of a prepared one; what ends a transaction is named by what came before. */
function statementName(client, config) {
  const text = typeof config === 'string' ? config : config.text;
  if (config.name) return (client.last = `sql ${config.name}`);
  if (/^\s*(begin|commit|rollback)/i.test(text)) return `sql ${text.trim().toLowerCase()} (${client.last ?? 'first'})`;
  const [, verb, table] = /\b(insert into|update|delete from|from)\s+(?:"?public"?\.)?"?(\w+)/i.exec(text) ?? [];
  return (client.last = `sql ${(verb ?? 'other').toLowerCase().replace('from', 'select')} ${table ?? ''}`);
}

const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (config, values, callback) {
  if (typeof config?.submit === 'function') return query.call(this, config, values, callback);
  const done = [values, callback].find((argument) => typeof argument === 'function');
  const bound = typeof values === 'function' ? undefined : values;
  const answer = passed(statementName(this, config), () => query.call(this, config, bound));
  // The connection is really gone, or else the transaction that it holds would go on.
  answer.catch((error) => error.message === 'read ECONNRESET' && this.connection.stream.destroy());
  if (!done) return answer;
  answer.then((result) => done(undefined, result), done);
  return undefined;
};
