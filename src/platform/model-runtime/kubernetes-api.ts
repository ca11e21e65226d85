import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import { CONTAINER, type Cluster, type JobOrder, jobName, kubernetesJob, runSelector } from './kubernetes-job.js';

/*
 * The five calls of the Kubernetes API that a run needs. The official client asks for a newer Node than this service
 * does and brings web sockets and kubeconfig with it; none of that is needed inside a cluster.
 */

const ANSWER_MS = 10_000;
const MOST_OF_LOG = 4_096;

export interface JobState {
  readonly outcome: 'running' | 'succeeded' | 'failed';
  /** Of the container, once it has ended. */
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
}

/** An answer of the API that is not what was asked for. */
export class KubernetesRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const JobObject = z.object({
  status: z
    .object({
      succeeded: z.number().default(0),
      failed: z.number().default(0),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .default([]),
    })
    .prefault({}),
});
const Terminated = z.object({ exitCode: z.number(), message: z.string().default(''), reason: z.string().default('') });
const Container = z.object({ state: z.object({ terminated: Terminated.optional() }).prefault({}) });
const PodList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ containerStatuses: z.array(Container).default([]) }).prefault({}),
    }),
  ),
});
type Pod = z.infer<typeof PodList>['items'][number];

export class KubernetesApi {
  private readonly jobs: string;
  private readonly pods: string;

  constructor(private readonly cluster: Cluster) {
    const namespace = encodeURIComponent(cluster.namespace);
    this.jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
    this.pods = `/api/v1/namespaces/${namespace}/pods`;
  }

  async create(order: JobOrder): Promise<void> {
    await this.call('POST', this.jobs, kubernetesJob(this.cluster, order));
  }

  /** Ends what is left of a run's attempts, pods and all. */
  async removeAll(runId: string): Promise<void> {
    const query = new URLSearchParams({ labelSelector: runSelector(runId), propagationPolicy: 'Background' });
    await this.call('DELETE', `${this.jobs}?${query}`);
  }

  async state(order: JobOrder): Promise<JobState> {
    const { status } = JobObject.parse(JSON.parse(await this.call('GET', `${this.jobs}/${jobName(order)}`)));
    if (status.succeeded > 0) return { outcome: 'succeeded' };
    const failure = status.conditions.find((condition) => condition.type === 'Failed' && condition.status === 'True');
    if (!failure && status.failed === 0) return { outcome: 'running' };
    const pod = await this.pod(order);
    const terminated = pod?.status.containerStatuses[0]?.state.terminated;
    const reason = [terminated?.message.trim(), terminated?.reason, failure?.message].find(Boolean);
    return { outcome: 'failed', exitCode: terminated?.exitCode, reason };
  }

  /** The last line that the container wrote; undefined before there is one. */
  async lastLine(order: JobOrder): Promise<string | undefined> {
    const pod = await this.pod(order);
    if (!pod) return undefined;
    const query = new URLSearchParams({ container: CONTAINER, tailLines: '1', limitBytes: String(MOST_OF_LOG) });
    try {
      return await this.call('GET', `${this.pods}/${encodeURIComponent(pod.metadata.name)}/log?${query}`);
    } catch (error) {
      // A container that has not started has no log.
      if (error instanceof KubernetesRefused) return undefined;
      throw error;
    }
  }

  private async pod(order: JobOrder): Promise<Pod | undefined> {
    const query = new URLSearchParams({ labelSelector: `job-name=${jobName(order)}` });
    const { items } = PodList.parse(JSON.parse(await this.call('GET', `${this.pods}?${query}`)));
    return items[0];
  }

  /** The body of an answer; throws {@link KubernetesRefused} for any status but 2xx. */
  private async call(method: string, path: string, body?: object): Promise<string> {
    const { api, tokenFile, caFile } = this.cluster;
    const url = new URL(path, api);
    const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(caFile).catch(() => undefined)]);
    const headers = { authorization: `Bearer ${token.trim()}`, accept: 'application/json, text/plain' };
    const sent = body && JSON.stringify(body);
    const options = {
      method,
      ca,
      timeout: ANSWER_MS,
      headers: sent ? { ...headers, 'content-type': 'application/json' } : headers,
    };
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    return new Promise((resolve, reject) => {
      request.once('error', reject).once('timeout', () => request.destroy(new Error('the Kubernetes API is silent')));
      request.once('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('error', reject).once('end', () => {
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else
            reject(
              new KubernetesRefused(
                status,
                `Kubernetes answers ${status} to ${method} ${url.pathname}: ${text.slice(0, 500)}`,
              ),
            );
        });
      });
      request.end(sent);
    });
  }
}
