import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPage, startBrowser } from '../support/browser.js';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import {
  ADMIN_KEY,
  API_KEY,
  type Client,
  newOwner,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

const HOSTILE = '<img src=x onerror="window.hacked = true"> & <b>bold</b>';

let flywheel: TestFlywheel;
let client: Client;
let browser: Browser;

/** A project with a model, and with answers of which one pair of labels is confused. */
beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
  const { predictions, feedback } = labelledTraffic(0, 300);
  await client.post('/v1/predictions', { items: predictions }).expect(202);
  await client.post('/v1/feedback', { items: feedback }).expect(202);
  expect(await runNow(client)).toMatchObject({ decision: { promoted: true } });
  await client
    .post('/v1/predictions', aPrediction({ id: 'odd', input: { text: HOSTILE }, output: { label: 'chitchat' } }))
    .expect(202);
  await client.post('/v1/feedback', aCorrection({ predictionId: 'odd', label: 'complaint' })).expect(202);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await flywheel.close();
});

async function openPage(path: string, width = 1280): Promise<Page> {
  const page = await newPage(browser, width);
  await page.goto(flywheel.url + path);
  return page;
}

const loggedIn = async (key = API_KEY, width?: number): Promise<Page> => {
  const page = await openPage(`/login.html#${key}`, width);
  await page.waitForURL((url) => url.pathname === '/');
  return page;
};

const pathOf = (page: Page): string => page.url().slice(flywheel.url.length);

describe('login', () => {
  it('sends a stranger to the login, says when a key is wrong, and comes back to the page asked for', async () => {
    const page = await openPage('/?view=samples&label=refund');
    await page.getByLabel('Key', { exact: true }).fill('fw_wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('This key is not known here.');
    await page.getByLabel('Key', { exact: true }).fill(API_KEY);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Samples' }).waitFor();
    expect(pathOf(page)).toBe('/?view=samples&label=refund');
    await page.context().close();
  });

  it('takes the key of a printed link and leaves none in the address or in a script', async () => {
    const page = await loggedIn();
    expect(pathOf(page)).toBe('/');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.context().close();
  });

  it('does not follow a link to another site', async () => {
    const page = await openPage(`/login.html?next=${encodeURIComponent('//example.org/')}#${API_KEY}`);
    await page.getByRole('heading', { name: 'Stages' }).waitFor();
    expect(pathOf(page)).toBe('/');
    await page.context().close();
  });

  it('opens the queues to the admin key alone, and logs out of both', async () => {
    const page = await loggedIn();
    await page.goto(`${flywheel.url}/queues`);
    await page.waitForURL(/login\.html/);
    await page.goto('about:blank');
    await page.goto(`${flywheel.url}/login.html?next=%2Fqueues#${ADMIN_KEY}`);
    await page.waitForURL(/\/queues/);
    expect(await page.title()).toBe('Flywheel queues');
    await page.getByText('train', { exact: false }).first().waitFor();
    await page.goto(flywheel.url);
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.waitForURL(/login\.html$/);
    expect(await page.context().cookies()).toEqual([]);
    await page.context().close();
  });
});

describe('review', () => {
  it('takes a person through audits by keyboard alone, blind, and back again', async () => {
    const { owner, key } = await newOwner(flywheel, 'reviewed', { auditShare: 1, holdoutPercent: 50 });
    const { predictions, feedback } = labelledTraffic(0, 60);
    await owner.post('/v1/predictions', { items: predictions }).expect(202);
    await owner.post('/v1/feedback', { items: feedback.slice(0, 30) }).expect(202);
    const page = await loggedIn(key);
    await page.getByRole('link', { name: 'Review' }).click();
    for (let item = 0; item < 12; item += 1) {
      await page.getByText('a random audit').waitFor();
      expect(await page.getByText('is right').count()).toBe(0);
      await page.keyboard.press('2'); // account, delivery, refund: the second
      await page.getByText('Saved.').waitFor();
    }
    await page.keyboard.press('u');
    await page.keyboard.press('3');
    await expect
      .poll(async () => {
        const { body } = await owner.get('/v1/loop').expect(200);
        return (body as { gate: { goldenSamples: number } }).gate.goldenSamples;
      })
      .toBe(12);
    await page.context().close();
  });
});

describe('a person who stands in for the model', () => {
  it('answers from the review page what is asked at this moment', async () => {
    const { owner, key } = await newOwner(flywheel, 'stand-in', { standInSeconds: 50 });
    const ask = (text: string) => owner.post('/v1/predict', { inputs: [{ text }] }).expect(200);
    const page = await loggedIn(key);
    await page.getByRole('link', { name: 'Review' }).click();
    await page.getByText('Nothing is waiting to be looked at').waitFor();
    const [first] = await Promise.all([
      ask('where is my parcel?'),
      (async () => {
        await page.getByText('where is my parcel?').waitFor();
        await page.getByText(/somebody waits for the answer, for \d\d s more/).waitFor();
        expect(await page.getByText('is right').count()).toBe(0);
        await page.getByRole('combobox', { name: 'A label' }).fill('delivery');
        await page.getByRole('button', { name: 'Say so' }).click();
      })(),
    ]);
    expect(first.body).toMatchObject({ results: [{ label: 'delivery', answeredBy: 'person' }] });
    const [second] = await Promise.all([
      ask('has it been sent?'),
      (async () => {
        await page.getByText('has it been sent?').waitFor();
        await page.getByRole('button', { name: '1 delivery' }).waitFor();
        await page.keyboard.press('1');
      })(),
    ]);
    expect(second.body).toMatchObject({ results: [{ label: 'delivery' }] });
    await page.getByRole('link', { name: 'Samples' }).click();
    expect(await page.getByText('by no model yet').count()).toBe(2);
    await page.context().close();
  });
});

describe('wheel', () => {
  it('shows the champion, its decision, the ledger and why nothing trains', async () => {
    const page = await loggedIn();
    await page.getByRole('img', { name: /The wheel: capture/ }).waitFor();
    const text = (await page.locator('main').innerText()).replace(/\s+/g, ' ');
    expect(text).toContain('Champion v1');
    expect(text).toMatch(/promoted first model: \d+ of \d+ right/i);
    expect(text).toContain('301 predictions received = 301 stored + 0 duplicate');
    expect(text).toMatch(/1 of 200 new labels\./);
    await page.context().close();
  });

  it('trains when asked, and shows the decision without a reload', async () => {
    const page = await loggedIn();
    await page.getByRole('button', { name: 'Train now' }).click();
    await page.getByRole('cell', { name: /^v2/ }).waitFor();
    await page.context().close();
  });

  it('says why a run was refused', async () => {
    const { owner, key } = await newOwner(flywheel, 'tiny');
    await owner.post('/v1/predictions', aPrediction({ id: 'only' })).expect(202);
    await owner.post('/v1/feedback', aCorrection({ predictionId: 'only' })).expect(202);
    const page = await loggedIn(key);
    await page.getByRole('button', { name: 'Train now' }).click();
    await page.getByText(/The last run was refused .+: too few samples: 1, at least 4 are needed\./).waitFor();
    await page.context().close();
  });

  it('shows a batch in quarantine and lets a person release it', async () => {
    const { owner, key } = await newOwner(flywheel, 'held', {
      retrain: { minNewLabels: 1_000_000, nightlyHour: null },
      promotion: { minHoldout: 5, maxNegativeFlipRate: 1 },
    });
    const post = async (from: number, count: number, label?: string): Promise<void> => {
      const { predictions, feedback } = labelledTraffic(from, count);
      await owner.post('/v1/predictions', { items: predictions }).expect(202);
      const items = label === undefined ? feedback : feedback.map((item) => ({ ...item, label }));
      await owner.post('/v1/feedback', { items }).expect(202);
    };
    const train = async (): Promise<void> => {
      await runNow(owner);
    };
    await post(0, 600);
    await train();
    // A model that has learnt to say refund is far worse for the other labels.
    await post(600, 900, 'refund');
    await post(1_500, 900, 'refund');
    await train();
    const page = await loggedIn(key);
    await page.getByRole('heading', { name: 'In quarantine' }).waitFor();
    expect(await page.locator('main').innerText()).toContain('1,800 labels that were new in v2');
    await page.getByLabel('Reason to release the labels of version 2').fill('they are right after all');
    await page.getByRole('button', { name: 'Release' }).click();
    await page.getByRole('heading', { name: 'In quarantine' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('tells the owner of an empty project how to begin', async () => {
    const operator = flywheel.as(ADMIN_KEY);
    await operator.post('/v1/projects', { id: 'empty' }).expect(201);
    const { body } = await operator.post('/v1/projects/empty/keys', { name: 'look', scopes: ['read'] }).expect(201);
    const page = await loggedIn((body as { key: string }).key);
    await page.getByText('Nothing has arrived yet').waitFor();
    await page.getByRole('button', { name: 'Train now' }).click();
    await page.getByText('This key lacks the scope admin.').waitFor();
    await page.getByRole('link', { name: 'Confusion' }).click();
    await page.getByText('No labelled answers here yet').waitFor();
    await page.getByRole('link', { name: 'Samples' }).click();
    await page.getByText('No samples yet').waitFor();
    await page.context().close();
  });
});

describe('from a confused cell to a correction', () => {
  it('opens the samples behind the cell; what is said there is in the next snapshot', async () => {
    const page = await loggedIn();
    await page.getByRole('link', { name: 'Confusion' }).click();
    await page.getByRole('button', { name: 'complaint, answered chitchat: 1, open samples' }).click();
    expect(pathOf(page)).toBe('/?view=samples&label=complaint&predicted=chitchat');
    await page.getByRole('row').getByRole('button').click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('anna (user): it is complaint').waitFor();
    await drawer.getByPlaceholder('The right label').fill('refund');
    await drawer.getByRole('button', { name: 'Correct' }).click();
    await drawer.getByText('Saved.').waitFor();
    await drawer.getByText('(annotator): it is refund').waitFor();
    expect((await client.get('/v1/samples/odd').expect(200)).body).toMatchObject({
      status: 'resolved',
      label: 'refund',
    });
    await page.context().close();
  });

  it('shows hostile input as the text it is', async () => {
    const page = await loggedIn();
    await page.goto(`${flywheel.url}/?view=samples&id=odd`);
    await page.getByRole('dialog').getByText(HOSTILE).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await page.context().close();
  });
});

describe('samples', () => {
  it('keeps its filters in the address, finds by text, and shows more on demand', async () => {
    const page = await loggedIn();
    await page.getByRole('link', { name: 'Samples' }).click();
    await page.getByRole('row').nth(50).waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByRole('row').nth(100).waitFor();
    await page.getByLabel('Text', { exact: true }).fill('question 299:');
    await page.waitForURL(/q=question\+299/);
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.reload();
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByLabel('Text', { exact: true }).fill('nobody wrote this');
    await page.getByText('No sample is like that').waitFor();
    await page.context().close();
  });

  it('says so when the service does not answer', async () => {
    const page = await loggedIn();
    await page.route('**/v1/samples?**', (route) => route.abort());
    await page.getByRole('link', { name: 'Samples' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('The service does not answer.');
    await page.unroute('**/v1/samples?**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('row').nth(10).waitFor();
    await page.context().close();
  });
});

it('fits a phone of 360 pixels', async () => {
  const page = await loggedIn(API_KEY, 360);
  for (const view of ['Wheel', 'Confusion', 'Samples']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading').first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(360);
    const { x, width } = (await page.getByRole('button', { name: 'Menu' }).boundingBox())!;
    expect(x + width).toBeLessThanOrEqual(360);
  }
  await page.context().close();
});

it('shows the whole of long labels on a phone', async () => {
  const { owner, key } = await newOwner(flywheel, 'wordy');
  const labels = ['by_bank_transfer', 'by_cheque_or_cash'].map((how) => `balance_not_updated_after_paying_in_${how}`);
  const asked = labels.map((label, i) => aPrediction({ id: `w${i}`, output: { label } }));
  await owner.post('/v1/predictions', { items: [...asked, aPrediction({ id: 'open' })] }).expect(202);
  const said = labels.map((label, i) => aCorrection({ predictionId: `w${i}`, label }));
  await owner.post('/v1/feedback', { items: said }).expect(202);
  const page = await loggedIn(key, 360);
  await page.getByRole('link', { name: 'Review', exact: true }).click();
  for (const label of labels) {
    const button = page.getByRole('group', { name: 'Labels' }).getByRole('button', { name: label });
    // A line is 15 pixels or more, a rounded one less than 2.
    const cut = await button
      .locator('.mantine-Button-label')
      .evaluate(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
        Math.max(scrollWidth - clientWidth, scrollHeight - clientHeight),
      );
    expect(cut).toBeLessThan(2);
    const { x, width } = (await button.boundingBox())!;
    expect(x + width).toBeLessThanOrEqual(360);
  }
  await page.context().close();
});
