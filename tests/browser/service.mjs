/**
 * The real service and the real browser, started for the tests and ended by
 * their own process ids. What is missing is an error, never a skipped test.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = resolve(ROOT, process.env.HOTBLOCKS_BIN ?? 'target/release/hotblocks');
const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
/** The configuration file of which `hotblocks demo` carries a copy inside itself. */
const DEMO_CONFIG = process.env.HOTBLOCKS_DEMO_CONFIG ?? 'data/new-haven/hotblocks.toml';
const SOME_ROWS_REFUSED = 3;

/** @returns {Promise<{url: string, stop: () => Promise<void>}>} */
export async function startService() {
  if (!existsSync(BIN)) throw new Error(`No binary at ${BIN}: build it, or set HOTBLOCKS_BIN.`);
  const child = spawn(BIN, ['demo', '--listen', '127.0.0.1:0'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((done) => { child.once('exit', done); });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  };
  let said = '';
  const url = await new Promise((found, fail) => {
    const late = setTimeout(() => fail(new Error(`No address within 120 s. It said:\n${said}`)), 120_000);
    const read = (chunk) => {
      said += chunk;
      const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (address) { clearTimeout(late); found(address[0]); }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', fail);
    child.once('exit', (code) => { clearTimeout(late); fail(new Error(`The service ended with ${code}. It said:\n${said}`)); });
  }).catch(async (cause) => { child.kill('SIGKILL'); throw cause; });
  return { url, stop };
}

/** @returns {Promise<{browser: import('playwright-core').BrowserContext, stop: () => Promise<void>, context: (options?: object) => Promise<import('playwright-core').BrowserContext>}>} */
export async function startBrowser() {
  if (!existsSync(CHROMIUM)) throw new Error(`No Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium), or set CHROMIUM_BIN.`);
  const profile = await mkdtemp(join(tmpdir(), 'hotblocks-chromium-'));
  // playwright-core gives the browser a fresh --user-data-dir of its own; HOME keeps the rest out of the user's.
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    env: { ...process.env, HOME: profile },
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader'],
  });
  return {
    context: (options = {}) => browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', ...options }),
    stop: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * The command line's table for the same question. All that the tests know of
 * its flags and columns is here.
 * @param {{period: [string, string], category: string, top: number}} question
 * @returns {Promise<{id: string, rank: number, name: string, incidents: number}[]>}
 */
export async function commandLineTable({ period, category, top }) {
  const { stdout } = await promisify(execFile)(BIN, ['rank', '--config', DEMO_CONFIG,
    '--period', period.join('/'), '--category', category, '--top', String(top), '--format', 'csv'],
  { cwd: ROOT, maxBuffer: 64 << 20 }).catch((ended) => {
    if (ended.code === SOME_ROWS_REFUSED) return ended;
    throw ended;
  });
  const [head, ...rows] = csv(stdout);
  const column = (name) => {
    const at = head.indexOf(name);
    if (at < 0) throw new Error(`The table has no column '${name}': ${head.join(', ')}`);
    return at;
  };
  const [id, rank, name, incidents] = ['id', 'rank', 'name', 'incidents'].map(column);
  return rows.filter((row) => row[rank] !== '')
    .map((row) => ({ id: row[id], rank: Number(row[rank]), name: row[name], incidents: Number(row[incidents]) }));
}

/** @param {string} text @returns {string[][]} */
function csv(text) {
  const rows = [];
  let row = [];
  for (const [whole, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (whole === '' && row.length === 0) break;
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== ',') { rows.push(row); row = []; }
  }
  return rows;
}

/**
 * All pages of a layer, asked by ourselves.
 * @param {string} url @param {string} layer @param {Record<string, string>} query
 */
export async function ask(url, layer, query) {
  const first = new URL(`/collections/${layer}/items`, url);
  for (const [name, value] of Object.entries({ ...query, limit: '10000' })) first.searchParams.set(name, value);
  let all = null;
  for (let next = first; next;) {
    const answer = await fetch(next);
    if (!answer.ok) throw new Error(`${answer.status} for ${next}: ${await answer.text()}`);
    const page = await answer.json();
    if (all) all.features.push(...page.features); else all = page;
    const link = page.links.find((one) => one.rel === 'next');
    next = link ? new URL(link.href) : null;
  }
  return all;
}
