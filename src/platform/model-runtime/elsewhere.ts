import type { Runner } from '../../core/settings.js';
import type { Config } from '../config.js';
import { TrainingRefused } from './errors.js';
import type { Elsewhere } from './training-messages.js';

interface Run {
  readonly runner: Runner;
  readonly runId: string;
  readonly attempt: number;
}

/** Who trains this run in place of the built-in trainer, if anybody. Throws {@link TrainingRefused} for one not configured. */
export function elsewhereOf(config: Config, { runner, runId, attempt }: Run): { elsewhere?: Elsewhere } {
  if (runner === 'built-in') return {};
  if (runner === 'command') {
    const command = required(config.TRAINER_COMMAND, runner, 'TRAINER_COMMAND');
    return { elsewhere: { kind: 'command', command } };
  }
  const cluster = {
    image: required(config.TRAINER_KUBERNETES_IMAGE, runner, 'TRAINER_KUBERNETES_IMAGE'),
    api: config.TRAINER_KUBERNETES_API,
    namespace: config.TRAINER_KUBERNETES_NAMESPACE,
    tokenFile: config.TRAINER_KUBERNETES_TOKEN_FILE,
    caFile: config.TRAINER_KUBERNETES_CA_FILE,
    cpu: config.TRAINER_KUBERNETES_CPU,
    memory: config.TRAINER_KUBERNETES_MEMORY,
  };
  return { elsewhere: { kind: 'kubernetes', cluster, runId, attempt } };
}

function required(value: string | undefined, runner: Runner, variable: string): string {
  if (value === undefined) throw new TrainingRefused(`training.runner is ${runner}, and ${variable} is not set`);
  return value;
}
