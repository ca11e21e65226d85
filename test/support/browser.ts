import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const require = createRequire(import.meta.url);
/** TensorFlow.js as a page loads it, in the order its parts need. */
const TENSORFLOW = [
  '@tensorflow/tfjs-core/dist/tf-core.min.js',
  '@tensorflow/tfjs-backend-cpu/dist/tf-backend-cpu.min.js',
  '@tensorflow/tfjs-layers/dist/tf-layers.min.js',
];
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real browser, without a window and without a word to the outside. */
export function startBrowser(): Promise<Browser> {
  const executablePath = [process.env.CHROMIUM_PATH ?? '', ...PATHS].find((path) => existsSync(path));
  if (!executablePath) throw new Error('Chromium is missing: install it (Debian: apt-get install chromium).');
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  return chromium.launch({ executablePath, args });
}

/** A page of a browser that nobody has logged in with; it fails the test on errors of its scripts. */
export async function newPage(browser: Browser, width: number): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  return page;
}

/** The page has TensorFlow.js from now on, as `tf`. */
export async function loadTensorFlow(page: Page): Promise<void> {
  for (const script of TENSORFLOW)
    await page.addScriptTag({ content: await readFile(require.resolve(script), 'utf8') });
}
