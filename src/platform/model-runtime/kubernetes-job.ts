/** Where Jobs are made, and what they run. */
export interface Cluster {
  /** Address of the Kubernetes API. */
  readonly api: string;
  readonly namespace: string;
  /** A bearer token; read for every request, as it is renewed in place. */
  readonly tokenFile: string;
  /** Certificates that the API is trusted by; those of the system when it is not there. */
  readonly caFile: string;
  readonly image: string;
  readonly cpu: string;
  readonly memory: string;
}

export interface JobOrder {
  readonly runId: string;
  readonly attempt: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Name of the one container. */
export const CONTAINER = 'trainer';
/** A day: as long as its addresses of the object store are good for. */
export const LONGEST_SECONDS = 86_400;
const KEPT_SECONDS = 3_600;
const RUN_LABEL = 'flywheel.dev/run';

export const jobName = ({ runId, attempt }: Pick<JobOrder, 'runId' | 'attempt'>): string =>
  `flywheel-${runId}-${attempt}`;

/** Selects the Jobs of all attempts of a run. */
export const runSelector = (runId: string): string => `${RUN_LABEL}=${runId}`;

/**
 * The Job of one attempt: one pod, never restarted by the cluster (another attempt is ours to make), with no rights in
 * the cluster, ended after a day and removed an hour after its end.
 */
export function kubernetesJob({ image, namespace, cpu, memory }: Cluster, order: JobOrder) {
  const labels = { 'app.kubernetes.io/managed-by': 'flywheel', [RUN_LABEL]: order.runId };
  const resources = { cpu, memory };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(order), namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: LONGEST_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: CONTAINER,
              image,
              env: Object.entries(order.env).map(([name, value]) => ({ name, value })),
              resources: { requests: resources, limits: resources },
              // The last words on its log become the reason of a failure.
              terminationMessagePolicy: 'FallbackToLogsOnError',
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
