import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/core/ids.js';
import { Database } from '../../src/platform/database/database.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { DecisionRestoreStore } from '../../src/promote/restore.store.js';
import { aBase } from '../support/base.js';
import { aCorrection, aMessage, aPrediction } from '../support/builders.js';
import { command, copyObjects, diagnose, killedAtWork, packAll } from '../support/commands.js';
import {
  ADMIN_KEY,
  API_KEY,
  type Client,
  newProject,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

const SETTINGS = { retrain: { minNewLabels: 1_000_000, nightlyHour: null }, promotion: { minHoldout: 5 } };

/** All but what is counted anew: how often an alias moved, and when. */
const READ = {
  versions: `select to_jsonb(m) as row from model_version m order by project_id, version`,
  runs: `select to_jsonb(r) as row from training_run r order by id`,
  snapshots: `select to_jsonb(d) as row from dataset_snapshot d order by id`,
  evaluations: `select to_jsonb(e) as row from evaluation e order by project_id, version`,
  promotions: `select to_jsonb(p) as row from promotion p order by id`,
  aliases: `select to_jsonb(a) - 'fence' - 'updated_at' as row from model_alias a order by project_id, name`,
  bases: `select to_jsonb(b) as row from base_model b order by id`,
  quarantines: `select to_jsonb(q) as row from quarantine q order by id`,
  labels: `select jsonb_build_array(s.project_id, s.prediction_id, s.label, s.revision) as row
           from sample s left join sample_side x on x.project_id = s.project_id and x.sample_id = s.prediction_id
           where x.side <> 'aside' or exists (
             select 1 from quarantine q where s.revision > q.after_revision and s.revision <= q.to_revision)
           order by s.project_id, s.prediction_id`,
  dates: `select s.prediction_id as row from sample s join model_version m on m.project_id = s.project_id
          where m.version = 1 and s.labelled_at < m.created_at order by s.prediction_id`,
  sides: `select to_jsonb(s) - 'keys' as row from sample_side s order by project_id, sample_id`,
};

async function everything({ app }: TestFlywheel) {
  const tables = Object.entries(READ).map(async ([name, sql]) => [name, await app.get(Database).query(sql)] as const);
  return Object.fromEntries(await Promise.all(tables)) as Record<keyof typeof READ, { row: object }[]>;
}

/** As if the gate had found that these labels do harm. */
const QUARANTINE = `
insert into quarantine (id, project_id, version, after_revision, to_revision, reason)
select $1, m.project_id, m.version, b.cut, d.cut, 'a drill'
from model_version m
join dataset_snapshot d on d.id = m.snapshot_id
join dataset_snapshot b on b.id = d.parent_id`;

/** Messages without groups of their own: those that are nearly the same share a side. */
async function postMessages(client: Client, from: number, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({ id: `m${from + i}`, ...aMessage(from + i) }));
  const items = messages.map(({ id, text }) => aPrediction({ id, input: { text } }));
  await client.post('/v1/predictions', { items }).expect(202);
  const said = messages.map(({ id, label }) => aCorrection({ predictionId: id, label }));
  await client.post('/v1/feedback', { items: said }).expect(202);
}

/** Of two versions the one that does not serve. */
async function promoteTheOther(client: Client): Promise<void> {
  const { body } = await client.get('/v1/models').expect(200);
  const { items } = body as { items: { version: number; status: string }[] };
  const other = items.find(({ status }) => status !== 'champion')!;
  await client.post(`/v1/models/${other.version}/promote`, { reason: 'a drill' }).expect(200);
}

/** How many labels each quarantine keeps out. */
async function kept(client: Client): Promise<number[]> {
  const { body } = await client.get('/v1/quarantines').expect(200);
  return (body as { items: { labels: number }[] }).items.map(({ labels }) => labels);
}

interface SideRow {
  readonly row: object;
}
const isAside = ({ row }: SideRow): boolean => (row as { side: string }).side === 'aside';
const numberOf = ({ row }: SideRow): number => Number((row as { sample_id: string }).sample_id.slice(1));
const isQuarantined = (side: SideRow): boolean => numberOf(side) >= 150 && numberOf(side) < 450;

interface SnapshotRow {
  readonly id: string;
  readonly parent_id: string;
  readonly train_count: number;
  readonly holdout_count: number;
  readonly new_labels: number;
}

async function answers(client: Client): Promise<unknown> {
  const inputs = Array.from({ length: 30 }, (_, n) => ({ text: aMessage(5_000 + n).text }));
  const { body } = await client.post('/v1/predict', { inputs }).expect(200);
  return (body as { results: { label: string; scores: object }[] }).results.map(({ label, scores }) => ({
    label,
    scores,
  }));
}

describe('a lost Postgres', () => {
  let folder: string;
  let lost: string;
  let before: Awaited<ReturnType<typeof everything>>;
  let answered: unknown;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-models-'));
    lost = await mkdtemp(join(tmpdir(), 'flywheel-lost-models-'));
  });
  afterAll(() => Promise.all([folder, lost].map((path) => rm(path, { recursive: true, force: true }))));

  it('had models, decisions and bases', { timeout: 120_000 }, async () => {
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: folder });
    const client = flywheel.as(API_KEY);
    await flywheel.as(ADMIN_KEY).patch('/v1/projects/default', { settings: SETTINGS }).expect(200);
    await postMessages(client, 0, 150);
    expect(await runNow(client)).toMatchObject({ modelVersion: 1, decision: { promoted: true } });
    await postMessages(client, 150, 300);
    expect(await runNow(client)).toMatchObject({ modelVersion: 2 });
    await promoteTheOther(client);
    await flywheel.app.get(Database).query(QUARANTINE, [newId()]);
    const operator = await newProject(flywheel, 'pictures', SETTINGS);
    const { body: retired } = await operator.post('/v1/models', await aBase(1)).expect(201);
    await operator.post('/v1/models', await aBase(2)).expect(201);
    await operator.delete(`/v1/bases/${(retired as { id: string }).id}`).expect(204);
    await packAll(flywheel, ['default']);
    before = await everything(flywheel);
    answered = await answers(client);
    expect(await kept(client)).toEqual([300]);
    // As after a crash between a row and its copy.
    const objects = flywheel.app.get(ObjectStore);
    const copies = [...(await objects.list('decisions/')), ...(await objects.list('base-rows/'))];
    expect(copies).toHaveLength(before.promotions.length + 2);
    for (const key of [copies[0]!, copies.at(-1)!]) await objects.delete(key);
    expect(await objects.list('quarantines/')).toEqual([]);
    await flywheel.close();
    await (await startTestFlywheel({ FLYWHEEL_DATA_DIR: folder })).close();
  });

  it('comes back with them, interrupted or not: the same model answers the same', { timeout: 120_000 }, async () => {
    await copyObjects(folder, lost);
    await killedAtWork(lost, ['rebuild']);
    expect(await command(lost, ['rebuild'])).toMatchObject({ code: 0 });
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
    // What is in neither part is told again when it is next looked at.
    expect(await everything(flywheel)).toEqual({ ...before, sides: before.sides.filter((side) => !isAside(side)) });
    expect(await answers(flywheel.as(API_KEY))).toEqual(answered);
    expect(await kept(flywheel.as(API_KEY))).toEqual([300]);
    await flywheel.close();
  });

  it('knows who served last and which version the gate holds against all later ones', async () => {
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
    const store = flywheel.app.get(DecisionRestoreStore);
    const decision = (n: number, over: object) => ({
      ...{ id: newId(), project_id: 'decided', kind: 'automatic', promoted: true, to_version: n, reason: 'because' },
      ...{ numbers: {}, actor: 'the loop', created_at: `2026-01-0${n}T00:00:00Z`, ...over },
    });
    const decisions = [
      decision(3, { from_version: 2 }),
      decision(4, { from_version: 3, promoted: false }),
      decision(1, {}),
      decision(2, { from_version: 1, numbers: { movesAnchor: true } }),
    ];
    for (const one of decisions) expect(await store.restore(one)).toBe(true);
    expect(await store.restore(decisions[0]!)).toBe(false);
    await store.restoreAliases();
    const aliases = `select name, version, project_id from model_alias where project_id = 'decided' order by name`;
    expect(await flywheel.app.get(Database).query(aliases)).toMatchObject([
      { name: 'anchor', version: 2 },
      { name: 'champion', version: 3 },
    ]);
    await flywheel.close();
  });

  it('goes on learning: what was held out stays held out', { timeout: 120_000 }, async () => {
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
    const client = flywheel.as(API_KEY);
    await postMessages(client, 450, 100);
    expect(await runNow(client)).toMatchObject({ modelVersion: 3 });
    const after = await everything(flywheel);
    // Nobody looks at what is in quarantine, so those of it that were in neither part have no place again.
    const looked = before.sides.filter((side) => !isAside(side) || !isQuarantined(side));
    expect(after.sides).toEqual(expect.arrayContaining(looked));
    expect(after.sides).toHaveLength(looked.length + 100);
    const [latest, parent] = after.snapshots.map(({ row }) => row as SnapshotRow).reverse();
    expect(latest!.parent_id).toBe(parent!.id);
    // What it learnt before the loss is not new, and what is in quarantine is not in it.
    const learnt = after.sides.filter((side) => !isAside(side) && !isQuarantined(side));
    expect(latest!.train_count + latest!.holdout_count).toBe(learnt.length);
    expect(latest!.new_labels).toBe(learnt.filter((side) => numberOf(side) >= 450).length);
    await flywheel.close();
  });

  it('has a doctor who looks at the models in use', { timeout: 120_000 }, async () => {
    expect(await diagnose(lost, '--deep')).toEqual({ code: 0, healthy: true, bad: '' });
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
    const objects = flywheel.app.get(ObjectStore);
    const { body } = await flywheel.as(API_KEY).get('/v1/models').expect(200);
    const { items } = body as { items: { version: number; runId: string; status: string }[] };
    const { version, runId } = items.find(({ status }) => status === 'champion')!;
    const [first, second] = (await objects.list(`models/default/${runId}/`)).filter((key) => key.endsWith('.bin'));
    await objects.delete(first!);
    await objects.put(second!, 'other bytes');
    const name = (key: string): string => key.split('/').at(-1)!;
    const missing = `models: default v${version}: ${name(first!)} is missing`;
    expect(await diagnose(lost)).toEqual({ code: 1, healthy: false, bad: missing });
    const { bad } = await diagnose(lost, '--deep');
    expect(bad).toContain(`default v${version}: ${name(second!)} has other bytes than were written`);
    await flywheel.close();
  });
});
