/**
 * The page follows a service that takes data in: nobody reloads it, and nobody who reads is moved.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, placeOn, startBoth, startLiveService } from './service.mjs';

/** @type {Awaited<ReturnType<typeof startBoth>>[0]} */
let service;
/** @type {Awaited<ReturnType<typeof startBoth>>[1]} */
let browser;

before(async () => {
  [service, browser] = await startBoth(startLiveService);
});
after(async () => {
  await browser?.stop();
  await service?.stop();
});

const PATIENCE = { timeout: 30_000 };
const ready = (page) => page.waitForSelector('body[data-ready="true"]', PATIENCE);
const about = async () => (await (await fetch(`${service.url}/collections`)).json()).dataset;

async function open(hash = '') {
  const page = await (await browser.context()).newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(error.stack));
  await page.goto(`${service.url}/${hash}`);
  await ready(page);
  await page.waitForFunction(() => /^Live/.test(document.querySelector('#live').textContent), null, PATIENCE);
  return page;
}

async function send(path, type, body) {
  const answer = await fetch(`${service.url}${path}`, { method: 'POST', headers: { 'Content-Type': type }, body });
  const said = await answer.text();
  assert.ok(answer.ok, `${answer.status} ${said}`);
  return JSON.parse(said);
}

/** Robberies at a block of the list, on a day of the sample. */
function robberies({ geometry }, ids) {
  const [lon, lat] = placeOn(geometry);
  const rows = ids.map((id) => `${id},2014-09-10T12:00:00Z,robbery,${lon},${lat}\n`);
  return send('/ingest/patrol', 'text/csv', `incidentid,date,category,longitude,latitude\n${rows.join('')}`);
}

const countOf = (page, id) => page.evaluate((wanted) =>
  Number(document.querySelector(`#rows tr[data-id="${CSS.escape(wanted)}"] .count`)?.textContent.replaceAll(',', '') ?? 0), id);

const untilCount = (page, id, n) => page.waitForFunction(([wanted, least]) =>
  Number(document.querySelector(`#rows tr[data-id="${CSS.escape(wanted)}"] .count`)?.textContent.replaceAll(',', '') ?? 0) === least,
[id, n], PATIENCE);

test('what is sent is in the list and on the map without a reload, and who reads stays where he was', async () => {
  const page = await open();
  const { first_date: first, last_date: last, defaults } = await about();
  const query = { category: defaults.category.join(','), datetime: `${first}/${last}` };
  const before = await ask(service.url, 'blocks', query);
  const block = before.features.find((one) => one.geometry.type === 'LineString' && one.properties.rank > 30);
  const read = before.features.find((one) => one.properties.rank === 40);
  await page.evaluate(() => { window.neverReloaded = true; });
  await page.click('#more');
  await page.focus(`#rows tr[data-id="${read.id}"] .name`);
  await page.click(`#rows tr[data-id="${read.id}"] .name`);
  await ready(page);
  const had = await countOf(page, block.id);
  const sent = await robberies(block, [1, 2, 3].map((n) => `few-${n}`));
  assert.equal(sent.inserted, 3);
  await untilCount(page, block.id, had + 3);
  await ready(page);
  // The same as everybody else is told.
  const now = await ask(service.url, 'blocks', query);
  const shown = await page.$$eval('#rows tr', (all) => all.map((row) => row.dataset.id));
  assert.deepEqual(shown, now.features.slice(0, shown.length).map((one) => one.id));
  assert.ok(shown.length > 25, 'what was unfolded stays so');
  const focus = await page.evaluate(() => document.activeElement?.closest('tr')?.dataset.id);
  assert.equal(focus, read.id, 'the keyboard stays on the row that is read');
  assert.ok(await page.isVisible('#detail'), 'the card stays open');
  assert.ok(await page.evaluate(() => window.neverReloaded), 'nobody reloads');
  await page.click('#whole');
  await ready(page);
  const onMap = await page.evaluate((id) => window.hotblocks.map.querySourceFeatures('blocks')
    .find((one) => String(one.id) === id)?.properties.incidents, block.id);
  assert.equal(onMap, had + 3, 'the map says the same');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an alert is ringed on the map, and all dates are still all dates', async () => {
  const roots = (await about()).categories.filter((one) => one.parent === null).map((one) => one.name);
  const page = await open(`#category=${roots.join()}`);
  const then = (await about()).last_date;
  assert.equal(await page.inputValue('#to'), then);
  const size = await page.textContent('#subtitle');
  await send('/alerts', 'application/json', JSON.stringify({
    external_id: 'ss-1', revision: 1, status: 'confirmed', occurred_at: new Date().toISOString(),
    type: 'gunfire', rounds: 4, lon: -72.927, lat: 41.309, accuracy_m: 25,
  }));
  await page.waitForSelector('.pulse', { state: 'attached', ...PATIENCE });
  await page.waitForFunction((old) => document.querySelector('#to').value > old, then, PATIENCE);
  await page.waitForFunction((old) => document.querySelector('#subtitle').textContent !== old, size, PATIENCE);
  await ready(page);
  assert.equal(await page.inputValue('#to'), (await about()).last_date);
  assert.equal(await page.getAttribute('#presets button:first-child', 'aria-pressed'), 'true');
  const names = (await about()).categories.map((one) => one.name).sort();
  const boxes = await page.$$eval('#category-tree input', (all) => all.map((one) => one.value).sort());
  assert.deepEqual(boxes, names, 'a category that is new can be chosen');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a period of one’s own is kept when data come', async () => {
  const page = await open();
  await page.fill('#from', '2014-09-03');
  await page.fill('#to', '2014-09-20');
  await ready(page);
  const size = await page.textContent('#subtitle');
  const answer = await ask(service.url, 'blocks', { limit: '1' });
  await robberies(answer.features.find((one) => one.geometry.type === 'LineString'), ['own-1']);
  await page.waitForFunction((old) => document.querySelector('#subtitle').textContent !== old, size, PATIENCE);
  await ready(page);
  assert.deepEqual([await page.inputValue('#from'), await page.inputValue('#to')], ['2014-09-03', '2014-09-20']);
  assert.match(page.url(), /period=2014-09-03\/2014-09-20/);
  await page.context().close();
});

test('a page says when it is not live any more', async () => {
  const page = await open();
  await service.stop();
  await page.waitForSelector('#live.down', PATIENCE);
  assert.match(await page.textContent('#live'), /not live/i);
  assert.ok((await page.$$('#rows tr')).length > 0, 'what was shown is shown still');
  await page.context().close();
});
