import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { JOBS } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { MetricsStore } from './metrics.store.js';

/** Metric of each name that the store reads: its Prometheus name, its label and its meaning. */
const FROM_THE_ROWS: Readonly<Record<string, readonly [name: string, label: string | null, help: string]>> = {
  predictions: ['flywheel_predictions_total', 'outcome', 'Predictions received, by what became of them.'],
  feedback: ['flywheel_feedback_total', 'outcome', 'Feedback received, by what became of it.'],
  difference: ['flywheel_ledger_difference', null, 'Items received minus items accounted for; not 0 is an alarm.'],
  open_payloads: ['flywheel_open_payloads', null, 'Payloads not yet packed into the object store.'],
  oldest_open_seconds: ['flywheel_oldest_open_seconds', null, 'Age of the oldest payload not yet packed.'],
  oldest_open_run_seconds: ['flywheel_oldest_open_run_seconds', null, 'Age of the oldest run that has not ended.'],
  runs: ['flywheel_training_runs', 'status', 'Training runs, by status.'],
  promotions: ['flywheel_promotion_decisions_total', 'kind', 'Decisions about who serves, by kind.'],
  projects: ['flywheel_projects', null, 'Projects.'],
};

/** Numbers for Prometheus. Those of the loop are read from the rows when asked for, so a restart resets none of them. */
@Injectable()
export class MetricsService {
  private readonly gauges: ReadonlyMap<string, Gauge>;
  private readonly queueJobs: Gauge;

  constructor(
    private readonly store: MetricsStore,
    private readonly jobs: JobQueue,
    private readonly registry: Registry,
  ) {
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    const gauge = (name: string, label: string | null, help: string) =>
      new Gauge({ name, help, labelNames: label === null ? [] : [label], registers });
    this.gauges = new Map(Object.entries(FROM_THE_ROWS).map(([key, about]) => [key, gauge(...about)]));
    this.queueJobs = new Gauge({
      name: 'flywheel_queue_jobs',
      help: 'Jobs, by queue and state.',
      labelNames: ['queue', 'state'],
      registers,
    });
  }

  async render(): Promise<{ contentType: string; text: string }> {
    await Promise.all([this.readRows(), this.readQueues()]);
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private async readRows(): Promise<void> {
    const rows = await this.store.read();
    for (const gauge of this.gauges.values()) gauge.reset();
    for (const { name, label, value } of rows) {
      const labelName = FROM_THE_ROWS[name]![1];
      this.gauges.get(name)!.set(labelName === null ? {} : { [labelName]: label }, value);
    }
  }

  private async readQueues(): Promise<void> {
    for (const job of JOBS) {
      const counts = await this.jobs.counts(job);
      for (const [state, count] of Object.entries(counts)) this.queueJobs.set({ queue: job.name, state }, count);
    }
  }
}
