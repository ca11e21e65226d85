import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPage, startBrowser } from '../support/browser.js';
import { aCorrection, aMessage, aPrediction, labelledTraffic } from '../support/builders.js';
import { API_KEY, type Client, newOwner, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = ['wheel', 'quality', 'confusion', 'map', 'samples', 'labels', 'review', 'models', 'settings'];

let flywheel: TestFlywheel;
let client: Client;
let browser: Browser;

/** A project with two models, a wrong label, a dispute, audits, and an input that came twice. */
/** One that is learnt from, with a label that is not its own. */
const DOUBTED = 10;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
  const { predictions, feedback } = labelledTraffic(0, 300);
  await client.post('/v1/predictions', { items: predictions }).expect(202);
  const said = feedback.map((item, n) => (n === DOUBTED ? { ...item, label: 'refund' } : item));
  await client.post('/v1/feedback', { items: said }).expect(202);
  await client
    .post('/v1/feedback', aCorrection({ predictionId: 'm7', label: 'refund', rater: { id: 'ben', role: 'user' } }))
    .expect(202);
  await client.post('/v1/predictions', { ...predictions[0], id: 'again' }).expect(202);
  const { body } = await client.get('/v1/review/next?n=40').expect(200);
  const { items } = body as { items: { sampleId: string; reason: string; sample: { preview: string } }[] };
  for (const { sampleId, sample } of items.filter(({ reason }) => reason === 'audit')) {
    await client.post(`/v1/review/${sampleId}`, { label: truthOf(sample.preview) }).expect(200);
  }
  for (let run = 0; run < 2; run += 1) await train(client);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await flywheel.close();
});

async function train(owner: Client): Promise<void> {
  await runNow(owner);
}

const truthOf = (text: string): string => aMessage(Number(/question (\d+)/.exec(text)![1])).label;

async function open(view: string, { key = API_KEY, width = 1280 } = {}): Promise<Page> {
  const page = await newPage(browser, width);
  await page.goto(`${flywheel.url}/login.html?next=${encodeURIComponent(`/?view=${view}`)}#${key}`);
  await page.waitForURL((url) => url.pathname === '/');
  await page.getByRole('heading').first().waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe('every view', () => {
  it.each(VIEWS)('%s has no serious accessibility finding and fits 360 pixels', async (view) => {
    const page = await open(view, { width: 360 });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await page.context().close();
  });
});

describe('models', () => {
  it('trains with progress, overrules the gate for a reason, and goes back', async () => {
    const page = await open('models');
    await page.getByRole('button', { name: 'Train now' }).click();
    await page.getByRole('button', { name: 'v3', exact: true }).waitFor();
    const { body } = await client.get('/v1/loop').expect(200);
    const { champion } = body as { champion: { version: number } };
    const other = [1, 2, 3].find((version) => version !== champion.version)!;
    await page.getByRole('button', { name: `v${other}`, exact: true }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('Learnt from').waitFor();
    await drawer.getByLabel('Reason').fill('to see it at work');
    await drawer.getByRole('button', { name: 'Promote' }).click();
    await drawer.getByText('to see it at work').waitFor();
    await drawer.getByText('Back to the version before').waitFor();
    await drawer.getByLabel('Reason').fill('seen enough');
    await drawer.getByRole('button', { name: 'Roll back' }).click();
    await drawer.getByText('Put it in service').waitFor();
    const { body: after } = await client.get('/v1/loop').expect(200);
    expect((after as { champion: { version: number } }).champion.version).toBe(champion.version);
    await page.context().close();
  });
});

describe('labels', () => {
  it('shows doubted labels, disputes and repetitions, and opens the sample behind each', async () => {
    const page = await open('labels');
    await page.getByRole('heading', { name: 'They cannot agree' }).waitFor();
    const main = await page.locator('main').innerText();
    expect(main).toContain('anna: ');
    expect(main).toContain('ben: refund');
    await page
      .getByRole('button', { name: aMessage(DOUBTED).text })
      .first()
      .click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('anna (user): it is refund').waitFor();
    await drawer.getByText('Version 1 had it to learn from').waitFor();
    await drawer.getByText('Version 1 serves since').waitFor();
    await page.context().close();
  });
});

describe('samples', () => {
  it('that are pictures are seen in the list, and words where a picture cannot be shown', async () => {
    const { owner, key } = await newOwner(flywheel, 'gallery');
    const pixels = { create: { width: 28, height: 28, channels: 3, background: '#27ae60' } } as const;
    const bytes = await sharp(pixels).png().toBuffer();
    const input = (base64: string) => ({ image: { contentType: 'image/png', base64 } });
    const whole = aPrediction({ id: 'whole', input: input(bytes.toString('base64')) });
    await owner.post('/v1/predictions', { items: [whole, aPrediction({ id: 'half', input: input('iVBORw0KGgo=') })] });
    const page = await open('samples', { key });
    const picture = page.getByRole('img', { name: 'image/png whole' });
    await expect
      .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(28);
    await page.getByRole('button', { name: 'image/png', exact: true }).waitFor();
    await picture.click();
    await page.getByRole('dialog').getByRole('img', { name: "The sample's image" }).waitFor();
    await page.context().close();
  });
});

describe('map', () => {
  it('selects what lies within a lasso, and opens a sample of it', async () => {
    const page = await open('map');
    const canvas = page.getByRole('application', { name: /Map of/ });
    const { x, y, width, height } = (await canvas.boundingBox())!;
    await page.mouse.move(x + 2, y + 2);
    await page.mouse.down();
    for (const [across, down] of [
      [1, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ] as const) {
      await page.mouse.move(x + 2 + across * (width - 4), y + 2 + down * (height - 4), { steps: 4 });
    }
    await page.mouse.up();
    const shown = await page.getByRole('status').first().innerText();
    expect(Number(/^(\d+) selected/.exec(shown)![1])).toBeGreaterThan(150);
    await expect
      .poll(() =>
        page
          .locator('table')
          .getByRole('button', { name: /^question \d+/ })
          .count(),
      )
      .toBe(50);
    await page.locator('table').getByRole('button').first().click();
    await page.getByRole('dialog').getByText('question').first().waitFor();
    await page.context().close();
  });

  it('holds a hundred thousand samples', async () => {
    const page = await open('wheel');
    const count = 100_000;
    const each = (of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));
    const labels = Array.from({ length: 77 }, (_, c) => `label ${c}`);
    const place = { x: each((i) => (i % 400) / 400), y: each((i) => Math.floor(i / 400) / 250) };
    const map = { labels, ...place, label: each((i) => i % 77), predicted: each((i) => i % 77) };
    const ids = Array.from({ length: count }, (_, i) => `s${i}`);
    await page.route('**/v1/insights/map*', (route) => route.fulfill({ json: { version: 1, ids, ...map } }));
    await page.goto(`${flywheel.url}/?view=map`);
    const canvas = page.getByRole('application', { name: /Map of/ });
    const { x, y, width, height } = (await canvas.boundingBox())!;
    await page.mouse.move(x + width / 2, y + 2);
    await page.mouse.down();
    for (const [across, down] of [
      [width - 2, 2],
      [width - 2, height - 2],
      [width / 2, height - 2],
    ] as const)
      await page.mouse.move(x + across, y + down, { steps: 4 });
    await page.mouse.up();
    const shown = await page.getByRole('status').first().innerText();
    // The right half of the map.
    const selected = Number(/^([\d,]+) selected/.exec(shown)![1]!.replaceAll(',', ''));
    expect(Math.abs(selected - count / 2)).toBeLessThan(count / 20);
    await page.context().close();
  });
});

describe('confusion', () => {
  it('shows two models side by side', async () => {
    const page = await open('confusion&modelVersion=1&beside=1');
    await page.getByRole('heading', { name: 'Version 1' }).nth(1).waitFor();
    expect(await page.getByRole('region', { name: 'Confusion matrix' }).count()).toBe(2);
    await page.context().close();
  });
});

describe('settings', () => {
  it('are changed one by one, and say what is wrong', async () => {
    const page = await open('settings');
    const field = page.getByLabel('retrain.minNewLabels');
    const save = page.locator('form', { has: field }).getByRole('button', { name: 'Save' });
    await field.fill('many');
    await save.click();
    await page
      .getByText(/minNewLabels/)
      .nth(1)
      .waitFor();
    await field.fill('321');
    await save.click();
    await expect
      .poll(async () => (await client.get('/v1/settings').expect(200)).body as object)
      .toMatchObject({ settings: { retrain: { minNewLabels: 321 } } });
    await page.getByText('So many new labels start a run.').waitFor();
    await page.context().close();
  });
});

describe('keys', () => {
  it('are made, shown once, and revoked when asked twice', async () => {
    const page = await open('settings');
    await page.getByLabel('Name of the key').fill('a phone');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key = await page.getByRole('status').locator('pre').innerText();
    const phone = flywheel.as(key);
    await phone.post('/v1/predictions', aPrediction()).expect(202);
    await phone.get('/v1/settings').expect(403);
    await page.getByRole('button', { name: 'Revoke a phone', exact: true }).click();
    await page.getByRole('button', { name: 'Revoke a phone for good' }).click();
    await page
      .getByRole('row', { name: /a phone/ })
      .getByText('revoked')
      .waitFor();
    await expect
      .poll(async () => (await phone.post('/v1/predictions', aPrediction())).status, { timeout: 20_000 })
      .toBe(401);
    await page.context().close();
  });
});

describe('quality', () => {
  it('tells honest accuracy with its interval beside the naive number', async () => {
    const page = await open('quality');
    await page.getByRole('img', { name: /^All traffic: .+ between .+ from \d+ audits/ }).waitFor();
    expect(await page.locator('main').innerText()).toContain('That is no fair sample');
    await page.context().close();
  });
});

describe('review', () => {
  const SETTINGS = { holdoutPercent: 40, auditShare: 0.5, retrain: { minNewLabels: 1_000_000, nightlyHour: null } };

  /** Presses the digit of the true label. */
  async function answer(page: Page): Promise<void> {
    const text = await page.getByText(/^question \d+/).innerText();
    const button = page.getByRole('group', { name: 'Labels' }).getByRole('button', { name: truthOf(text) });
    await page.keyboard.press((await button.innerText()).trim()[0]!);
    await page.getByText(text).waitFor({ state: 'detached' });
  }

  it('of fifty items by keyboard makes the model better', async () => {
    const { owner, key } = await newOwner(flywheel, 'fifty', SETTINGS);
    const { predictions, feedback } = labelledTraffic(0, 200);
    await owner.post('/v1/predictions', { items: predictions }).expect(202);
    // Of one label hardly anything is known: whatever is drawn for review, there is something to learn.
    const known = feedback.slice(0, 60).filter(({ label }, n) => label !== 'account' || n === 0);
    await owner.post('/v1/feedback', { items: known }).expect(202);
    await train(owner);
    await owner.post('/v1/models/1/promote', { reason: 'to have something to beat' }).expect(200);
    const page = await open('review', { key });
    for (let item = 0; item < 50; item += 1) await answer(page);
    await page.getByText('Saved.').waitFor();
    await train(owner);
    const { body } = await owner.get('/v1/models/2').expect(200);
    const { evaluation } = body as { evaluation: { wins: number; losses: number } };
    expect(evaluation.wins).toBeGreaterThan(evaluation.losses);
    await page.context().close();
  });

  it('goes back further than the batch, and loses nothing that was said in a minute without a network', async () => {
    const { owner, key } = await newOwner(flywheel, 'offline', SETTINGS);
    const { predictions } = labelledTraffic(0, 60);
    await owner.post('/v1/predictions', { items: predictions }).expect(202);
    await owner.post('/v1/feedback', { items: labelledTraffic(0, 6).feedback }).expect(202);
    const page = await open('review', { key });
    for (let item = 0; item < 12; item += 1) await answer(page);
    const last = await page.getByText(/^question \d+/).innerText();
    for (let item = 0; item < 12; item += 1) await page.keyboard.press('u');
    const first = await page.getByText(/^question \d+/).innerText();
    expect(first).not.toBe(last);
    await page.getByText('Saved.').waitFor();
    await page.context().setOffline(true);
    const said: string[] = [];
    for (let item = 0; item < 5; item += 1) {
      const text = await page.getByText(/^question \d+/).innerText();
      said.push(`m${/\d+/.exec(text)![0]}`);
      await page.getByPlaceholder('Another label').fill(`said away ${item}`);
      await page.getByRole('button', { name: 'Say so' }).click();
      await page.getByText(text).waitFor({ state: 'detached' });
    }
    await page.getByText('what you said is kept and sent when it is back').waitFor();
    await page.waitForTimeout(60_000);
    await page.context().setOffline(false);
    for (const [item, id] of said.entries())
      await expect
        .poll(async () => (await owner.get(`/v1/samples/${id}`).expect(200)).body as object, { timeout: 10_000 })
        .toMatchObject({ label: `said away ${item}` });
    await page.context().close();
  }, 120_000);

  it('of values asks for a number', async () => {
    const { owner, key } = await newOwner(flywheel, 'values', SETTINGS);
    const items = Array.from({ length: 40 }, (_, n) =>
      aPrediction({ id: `v${n}`, input: { vector: [n, 1] }, output: { value: n * 1.5 } }),
    );
    await owner.post('/v1/predictions', { items }).expect(202);
    const page = await open('review', { key });
    await page.getByLabel('The right value').fill('-12.5');
    await page.getByRole('button', { name: 'Say so' }).click();
    await page.getByText('Saved.').waitFor();
    const { body } = await owner.get('/v1/samples?labelled=true').expect(200);
    expect(body).toMatchObject({ items: [{ label: '-12.5' }] });
    expect(await page.getByRole('group', { name: 'Labels' }).count()).toBe(0);
    await page.context().close();
  });
});
