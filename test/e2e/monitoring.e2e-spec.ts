import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { load } from 'js-yaml';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPrediction } from '../support/builders.js';
import { API_KEY, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

interface Alert {
  readonly alert: string;
  readonly expr: string;
}
const read = (path: string): string => readFileSync(path, 'utf8');
const { groups } = load(read('monitoring/alerts.yml')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(read('monitoring/dashboard.json')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
};
const drawn = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

/** What Prometheus adds to every series itself. */
const ADDED = ['instance', 'job'];

/** Each series that an expression asks for: its name and the names of its labels. Throws where it is no PromQL. */
function seriesIn(expr: string): { name: string; labels: string[] }[] {
  const found: { name: string; labels: string[] }[] = [];
  parser.parse(expr).iterate({
    enter({ type, node, from, to }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${expr}`);
      if (type.name === 'VectorSelector') found.push({ name: expr.slice(from, to).match(/^\w+/)![0], labels: [] });
      if (type.name === 'LabelName' && node.parent?.name !== 'GroupingLabels')
        found.at(-1)!.labels.push(expr.slice(from, to));
    },
  });
  return found;
}

/** The labels by the name of the series, of all that a scrape tells. */
function seriesOf(scrape: string): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const line of scrape.split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_]\w*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name) series.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!)));
  }
  return series;
}

describe('what watches the service', () => {
  let flywheel: TestFlywheel;
  let told: Map<string, Set<string>>;
  beforeAll(async () => {
    flywheel = await startTestFlywheel();
    await flywheel.as(API_KEY).post('/v1/predictions', aPrediction()).expect(202);
    told = seriesOf((await request(flywheel.url).get('/metrics').expect(200)).text);
  });
  afterAll(() => flywheel.close());

  const expectTold = (expr: string): void => {
    const asked = seriesIn(expr);
    expect(asked).not.toEqual([]);
    for (const { name, labels } of asked.filter(({ name }) => name !== 'up')) {
      expect([...told.keys()]).toContain(name);
      for (const label of labels) expect([...told.get(name)!, ...ADDED]).toContain(label);
    }
  };

  it('notices what is no PromQL, and what is not told', () => {
    expect(() => seriesIn('sum(rate(a[5m])')).toThrow('not PromQL');
    expect(() => expectTold('flywheel_unheard_of > 0')).toThrow();
    expect(() => expectTold('flywheel_queue_jobs{color="red"}')).toThrow();
  });

  it.each(alerts.map(({ alert, expr }) => [alert, expr] as const))('alert %s asks for what is told', (_, expr) =>
    expectTold(expr),
  );

  it.each(drawn)('panel %s draws what is told', (_, expr) => expectTold(expr));

  it('tells of what has not happened yet too', async () => {
    const { text } = await request(flywheel.url).get('/metrics');
    expect(text).toContain('flywheel_training_runs{status="failed"} 0');
    expect(text).toContain('flywheel_promotion_decisions_total{kind="rollback"} 0');
    expect(text).toContain('flywheel_oldest_open_run_seconds 0');
  });

  it('says of each alert what to do', () => {
    const headings = [...read('docs/monitoring.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(alerts.map(({ alert }) => alert));
  });
});
