/**
 * The real service and the real browser, started for the tests and ended by
 * their own process ids. What is missing is an error, never a skipped test.
 */
import assert from 'node:assert/strict';
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
const INCIDENTS = 'data/new-haven/new_haven_merged.shp';
const SOME_ROWS_REFUSED = 3;

export const startService = () => started(['demo', '--listen', '127.0.0.1:0']);

/**
 * @param {string[]} args of a command that serves
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
async function started(args) {
  if (!existsSync(BIN)) throw new Error(`No binary at ${BIN}: build it, or set HOTBLOCKS_BIN.`);
  const child = spawn(BIN, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Runs a command to its end; rows that it refuses are none of the tests' concern. @param {string[]} args */
function command(args) {
  return promisify(execFile)(BIN, args, { cwd: ROOT, maxBuffer: 64 << 20 }).catch((ended) => {
    if (ended.code === SOME_ROWS_REFUSED) return ended;
    throw ended;
  });
}

/**
 * A service and the browser, or neither: what has started is ended again where the other has not, or nobody would end it.
 * @param {typeof startService} start
 * @returns {Promise<[Awaited<ReturnType<typeof startService>>, Awaited<ReturnType<typeof startBrowser>>]>}
 */
export async function startBoth(start = startService) {
  const [service, browser] = await Promise.allSettled([start(), startBrowser()]);
  if (service.status === 'fulfilled' && browser.status === 'fulfilled') return [service.value, browser.value];
  for (const one of [service, browser]) if (one.status === 'fulfilled') await one.value.stop();
  throw [service, browser].find((one) => one.status === 'rejected').reason;
}

/**
 * The command line's table for the same question. All that the tests know of
 * its flags and columns is here.
 * @param {{period: [string, string], category: string, top: number}} question
 * @returns {Promise<{id: string, rank: number, name: string, incidents: number}[]>}
 */
export async function commandLineTable({ period, category, top }) {
  const { stdout } = await command(['rank', '--config', DEMO_CONFIG,
    '--period', period.join('/'), '--category', category, '--top', String(top), '--format', 'csv']);
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

/**
 * A service that takes data in: the sample's streets and incidents in a store of its own.
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startLiveService() {
  const folder = await mkdtemp(join(tmpdir(), 'hotblocks-live-'));
  const store = join(folder, 'city.hotblocks');
  const gone = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    await command(['init', '--store', store, '--config', DEMO_CONFIG]);
    await command(['import', 'incidents', INCIDENTS, '--store', store]);
    const service = await started(['serve', '--store', store, '--listen', '127.0.0.1:0']);
    return { ...service, stop: async () => { await service.stop(); await gone(); } };
  } catch (cause) {
    await gone();
    throw cause;
  }
}

/** A place on a block, in degrees: halfway along its longest line, or its point. */
export function placeOn(geometry) {
  const far = ([x, y], [u, v]) => Math.hypot((u - x) * Math.cos((y * Math.PI) / 180), v - y);
  const long = (line) => line.slice(1).reduce((sum, point, index) => sum + far(line[index], point), 0);
  if (geometry.type === 'Point') return geometry.coordinates;
  const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
  assert.ok(['LineString', 'MultiLineString'].includes(geometry.type), `the demo ranks streets, not ${geometry.type}`);
  const line = lines.reduce((a, b) => (long(b) > long(a) ? b : a));
  let left = long(line) / 2;
  for (let index = 1; ; index += 1) {
    const step = far(line[index - 1], line[index]);
    if (step >= left) return [0, 1].map((axis) => line[index - 1][axis] + ((line[index][axis] - line[index - 1][axis]) * left) / step);
    left -= step;
  }
}
