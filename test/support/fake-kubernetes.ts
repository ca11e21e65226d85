import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Job {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly backoffLimit: number;
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly { readonly env: readonly { name: string; value: string }[] }[];
      };
    };
  };
}

interface Held {
  readonly job: Job;
  readonly child: ChildProcess;
  output: string;
  complaint: string;
  exitCode: number | null;
}

/**
 * As much of the Kubernetes API as a run needs: a Job is one process on this machine, its pod's log what that writes.
 * Asks for the token, and answers as the real one does where a Job is unknown or there already.
 */
export class FakeKubernetes {
  readonly made: Job[] = [];
  readonly removed: string[] = [];
  private readonly held = new Map<string, Held>();
  private readonly server: Server;

  /** @param program what a container runs, as a Node module's text; may be replaced between two runs */
  constructor(
    private readonly token: string,
    public program: string,
  ) {
    this.server = createServer((request, response) => {
      void this.answer(request).then(
        ({ status, body }) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)),
        (error: Error) => response.writeHead(500).end(error.message),
      );
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const { child } of this.held.values()) child.kill('SIGKILL');
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get running(): number {
    return [...this.held.values()].filter(({ exitCode }) => exitCode === null).length;
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: { message: 'who?' } };
    const url = new URL(request.url!, 'http://localhost');
    const path = url.pathname.replace('/namespaces/training', '');
    const selector = url.searchParams.get('labelSelector') ?? '';
    if (request.method === 'POST' && path === '/apis/batch/v1/jobs') return this.create(await bodyOf(request));
    if (request.method === 'DELETE' && path === '/apis/batch/v1/jobs') return this.remove(selector);
    if (path.startsWith('/apis/batch/v1/jobs/')) return this.job(path.split('/').at(-1)!);
    if (path === '/api/v1/pods') return this.pods(selector);
    if (path.endsWith('/log')) return this.log(path.split('/').at(-2)!);
    return { status: 404, body: { message: `no ${request.method} ${url.pathname}` } };
  }

  private create(job: Job) {
    const { name } = job.metadata;
    if (this.held.has(name)) return { status: 409, body: { message: 'AlreadyExists' } };
    const env = Object.fromEntries(job.spec.template.spec.containers[0]!.env.map(({ name, value }) => [name, value]));
    const child = spawn(process.execPath, ['--input-type=module', '-e', this.program], { env });
    const held: Held = { job, child, output: '', complaint: '', exitCode: null };
    child.stdout.on('data', (text: Buffer) => (held.output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (held.complaint += text.toString()));
    child.once('close', (code) => (held.exitCode = code ?? 137));
    this.held.set(name, held);
    this.made.push(job);
    return { status: 201, body: job };
  }

  private remove(selector: string) {
    const [label, value] = selector.split('=') as [string, string];
    for (const [name, { job, child }] of this.held) {
      if (job.metadata.labels[label] !== value) continue;
      child.kill('SIGKILL');
      this.held.delete(name);
      this.removed.push(name);
    }
    return { status: 200, body: {} };
  }

  private job(name: string) {
    const held = this.held.get(name);
    if (!held) return { status: 404, body: { message: `jobs.batch "${name}" not found` } };
    if (held.exitCode === null) return { status: 200, body: { ...held.job, status: { active: 1 } } };
    const failed = { failed: 1, conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] };
    return { status: 200, body: { ...held.job, status: held.exitCode === 0 ? { succeeded: 1 } : failed } };
  }

  private pods(selector: string) {
    const name = selector.replace('job-name=', '');
    const held = this.held.get(name);
    if (!held) return { status: 200, body: { items: [] } };
    const terminated = { exitCode: held.exitCode, message: held.complaint, reason: 'Error' };
    const state = held.exitCode === null ? { running: {} } : { terminated };
    const pod = { metadata: { name: `${name}-x7k2p` }, status: { containerStatuses: [{ state }] } };
    return { status: 200, body: { items: [pod] } };
  }

  private log(pod: string) {
    const held = this.held.get(pod.replace(/-x7k2p$/, ''));
    if (!held?.output) return { status: 400, body: { message: 'ContainerCreating' } };
    return { status: 200, body: held.output.trim().split('\n').at(-1)! };
  }
}

async function bodyOf(request: IncomingMessage): Promise<Job> {
  let text = '';
  for await (const part of request) text += String(part);
  return JSON.parse(text) as Job;
}
