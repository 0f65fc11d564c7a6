/**
 * The page in headless Chromium, against `hotblocks demo`.
 * Run: npm ci && npm test
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, commandLineTable, placeOn, startBoth } from './service.mjs';

/** @type {Awaited<ReturnType<typeof startBoth>>[0]} */
let service;
/** @type {Awaited<ReturnType<typeof startBoth>>[1]} */
let browser;
/** Whatever a page complained about, and whom it asked. */
const complaints = [];
const asked = [];

before(async () => {
  [service, browser] = await startBoth();
});
after(async () => {
  await browser?.stop();
  await service?.stop();
});

/** A page under watch: nothing it says or asks goes unnoticed. */
async function open(options = {}, hash = '') {
  const context = await browser.context(options);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`page error: ${error.stack}`));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${service.url}/${hash}`);
  await ready(page);
  return page;
}

/** A page that is meant to meet failures: its complaints are its own. */
async function openTroubled(prepare, hash = '') {
  const context = await browser.context();
  const page = await context.newPage();
  await prepare(page);
  await page.goto(`${service.url}/${hash}`);
  await ready(page);
  return page;
}

const ready = (page) => page.waitForSelector('body[data-ready="true"]', { timeout: 60_000 });

/** Does something and waits until list and map have followed. */
async function then(page, action) {
  await action();
  await ready(page);
}

const query = ({ period, category }) => ({ category, datetime: period.join('/') });
const ranked = (answer) => answer.features.filter((one) => one.properties.rank !== null)
  .map((one) => ({ id: one.id, rank: one.properties.rank, name: one.properties.name, incidents: one.properties.incidents }));

async function about() {
  return (await fetch(`${service.url}/collections`)).json().then((answer) => answer.dataset);
}

/** What the page asks for when nobody has chosen anything. */
async function usual() {
  const dataset = await about();
  return { period: [dataset.first_date, dataset.last_date], category: dataset.defaults.category.join(',') };
}

/** Every row of the list, 'show more' pressed to its end. */
async function rows(page) {
  while (await page.isVisible('#more')) await page.click('#more');
  return page.$$eval('#rows tr', (all) => all.map((row) => ({
    id: row.dataset.id,
    rank: Number(row.querySelector('.rank').textContent.replaceAll(',', '')),
    name: row.querySelector('.name').textContent,
    incidents: Number(row.querySelector('.count').textContent.replaceAll(',', '')),
  })));
}

/** Ids and counts of the blocks that the map holds. */
async function mapped(page) {
  const pairs = await page.evaluate(() => window.hotblocks.map.querySourceFeatures('blocks')
    .map((one) => [String(one.id), one.properties.incidents]));
  return Object.fromEntries(pairs.filter(([, incidents]) => incidents > 0).sort());
}

const counts = (list) => Object.fromEntries(list.map((one) => [one.id, one.incidents]).sort());

/** Where a place is on the map's canvas, and on the whole page. */
const pixelOf = (page, place) => page.evaluate((lngLat) => {
  const { x, y } = window.hotblocks.map.project(lngLat);
  const frame = window.hotblocks.map.getCanvas().getBoundingClientRect();
  return { x, y, left: frame.left + x, top: frame.top + y, inside: x > 0 && y > 0 && x < frame.width && y < frame.height };
}, place);

const drawnAt = (page, { x, y }) => page.evaluate(([u, v]) => window.hotblocks.map
  .queryRenderedFeatures([u, v]).map((one) => ({ layer: one.layer.id, id: String(one.id) })), [x, y]);

/** The color of one pixel of a screenshot, read in a blank page. */
async function colorAt(page, { left, top }) {
  const shot = await page.screenshot({ clip: { x: Math.floor(left), y: Math.floor(top), width: 1, height: 1 } });
  const context = await browser.context();
  const blank = await context.newPage();
  const color = await blank.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }, shot.toString('base64'));
  await context.close();
  return color;
}

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** A leaf of the category tree with many incidents, under one of the usual categories. */
async function busyLeaf() {
  const dataset = await about();
  const parents = new Set(dataset.categories.map((one) => one.parent));
  return dataset.categories.filter((one) => !parents.has(one.name) && one.parent !== null)
    .reduce((a, b) => (b.incidents > a.incidents ? b : a)).name;
}

/** The first two weeks of the data, or what there is of them. */
async function twoWeeks() {
  const { first_date: first, last_date: last } = await about();
  const day = new Date(`${first}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 13);
  const to = day.toISOString().slice(0, 10);
  assert.ok(to < last, 'the demo has more than two weeks');
  return [first, to];
}

/** Chooses as a person does: dates, then one box of the tree. */
async function choose(page, { period, category }) {
  await then(page, () => page.fill('#from', period[0]));
  await then(page, () => page.fill('#to', period[1]));
  await page.evaluate(() => { for (const part of document.querySelectorAll('#categories, #categories details')) part.open = true; });
  await then(page, () => page.click('#category-none'));
  await then(page, () => page.check(`#category-tree input[value="${category}"]`));
  await page.evaluate(() => { document.querySelector('#categories').open = false; });
}

test("the list's first block is drawn at its place, in the legend's color", async () => {
  const page = await open();
  const answer = await ask(service.url, 'blocks', query(await usual()));
  const first = answer.features[0];
  assert.equal(first.properties.rank, 1);
  assert.equal(await page.getAttribute('#rows tr:first-child', 'data-id'), first.id);

  await then(page, () => page.click('#rows tr:first-child .name'));
  const pixel = await pixelOf(page, placeOn(first.geometry));
  assert.ok(pixel.inside, 'its block is in view');
  const drawn = await drawnAt(page, pixel);
  assert.ok(drawn.some((one) => one.id === first.id && /^blocks-/.test(one.layer)), JSON.stringify(drawn));

  const value = first.properties[answer.legend.property];
  const its = answer.legend.classes.filter((one) => value >= one.from && value <= one.to);
  assert.equal(its.length, 1, `one class of the legend for ${value}`);
  const expected = rgb(its[0].color);
  const seen = await colorAt(page, pixel);
  assert.ok(seen.every((part, index) => Math.abs(part - expected[index]) <= 3), `${seen} is not ${expected}`);

  const shown = await page.$$eval('#legend .key.blocks li', (all) => all.map((one) => [one.textContent,
    getComputedStyle(one.querySelector('.swatch')).backgroundColor.match(/\d+/g).slice(0, 3).map(Number)]));
  const said = [...(answer.legend.none ? [answer.legend.none] : []), ...answer.legend.classes];
  assert.deepEqual(shown, said.map((one) => [one.label, rgb(one.color)]), 'the legend beside it says the same');
  assert.match(await page.innerText('#legend .key.blocks h2'), new RegExp(answer.legend.unit, 'i'));
  await page.context().close();
});

test('choosing a period and a category changes list and map, and they, the API and the command line agree', async () => {
  const page = await open();
  const everything = await rows(page);
  const mappedBefore = await mapped(page);
  assert.deepEqual(everything, ranked(await ask(service.url, 'blocks', query(await usual()))));
  assert.deepEqual(mappedBefore, counts(everything));

  const question = { period: await twoWeeks(), category: await busyLeaf() };
  await choose(page, question);
  const list = await rows(page);
  assert.ok(list.length > 0 && list.length < everything.length, `${list.length} of ${everything.length} blocks`);
  assert.deepEqual(list, ranked(await ask(service.url, 'blocks', query(question))), 'list and API');
  const made = Object.fromEntries(await page.$$eval('#made > div', (all) => all.map((one) => [...one.children].map((part) => part.textContent))));
  const { counts: counted, crs } = (await ask(service.url, 'blocks', query(question))).provenance;
  assert.deepEqual([made.Incidents, made['In blocks'], made['On no block'], made.Held],
    [counted.incidents, counted.in_blocks, counted.unassigned, counted.held].map((n) => n.toLocaleString('en-US')));
  assert.equal(made['Measured in'], crs);
  const mappedAfter = await mapped(page);
  assert.notDeepEqual(mappedAfter, mappedBefore);
  assert.deepEqual(mappedAfter, counts(list), 'list and map');

  const top = 10;
  const table = await commandLineTable({ ...question, top });
  assert.ok(table.length >= Math.min(top, list.length), `${table.length} rows in the table`);
  assert.deepEqual(table, list.slice(0, table.length), 'list and command line');
  await page.context().close();
});

test('clicking a row moves the map to its block, clicking a block finds its row', async () => {
  const page = await open();
  const answer = await ask(service.url, 'blocks', query(await usual()));
  const blocks = answer.features.filter((one) => one.properties.rank !== null);

  const second = blocks[1];
  const before = await page.evaluate(() => window.hotblocks.map.getCenter().toArray());
  await then(page, () => page.click('#rows tr:nth-child(2)'));
  const after = await page.evaluate(() => window.hotblocks.map.getCenter().toArray());
  assert.notDeepEqual(after, before);
  const { x, y, inside } = await pixelOf(page, placeOn(second.geometry));
  assert.ok(inside);
  const size = await page.evaluate(() => [window.hotblocks.map.getCanvas().clientWidth, window.hotblocks.map.getCanvas().clientHeight]);
  assert.ok(Math.hypot(x - size[0] / 2, y - size[1] / 2) < 20, 'in the middle of the map');
  assert.equal(await page.innerText('#detail-name'), second.properties.name);
  assert.equal(await page.getAttribute('#rows tr:nth-child(2) .name', 'aria-pressed'), 'true');
  await then(page, () => page.keyboard.press('Escape'));
  assert.ok(await page.isHidden('#detail'));
  assert.equal(await page.locator('#rows tr.selected').count(), 0);

  // A block so far down that the list does not show it yet.
  let target = null;
  let pixel = null;
  for (const block of blocks.slice(30, 60)) {
    await page.evaluate(async (center) => {
      const { map } = window.hotblocks;
      const idle = map.once('idle');
      map.jumpTo({ center, zoom: 17 });
      await idle;
    }, placeOn(block.geometry));
    pixel = await pixelOf(page, placeOn(block.geometry));
    const drawn = (await drawnAt(page, pixel)).filter((one) => /^blocks-/.test(one.layer));
    if (drawn.length && drawn.every((one) => one.id === block.id)) { target = block; break; }
  }
  assert.ok(target, 'one of thirty blocks lies free on the map');
  assert.equal(await page.locator(`#rows tr[data-id="${target.id}"]`).count(), 0, 'not listed before');
  await then(page, () => page.mouse.click(pixel.left, pixel.top));
  assert.deepEqual(await page.$$eval('#rows tr.selected', (all) => all.map((row) => row.dataset.id)), [target.id]);
  assert.equal(await page.innerText('#detail-name'), target.properties.name);
  const seen = await page.$eval('#rows tr.selected', (row) => {
    const box = row.getBoundingClientRect();
    const list = document.querySelector('#ranking').getBoundingClientRect();
    return box.top >= list.top && box.bottom <= list.bottom;
  });
  assert.ok(seen, 'the row is scrolled into view');
  await page.context().close();
});

test('the list is worked by keyboard alone', async () => {
  const page = await open();
  await page.focus('#rows tr:nth-child(3) .name');
  await then(page, () => page.keyboard.press('Enter'));
  assert.equal(await page.getAttribute('#rows tr:nth-child(3) .name', 'aria-pressed'), 'true');
  await page.focus('#category-summary >> xpath=..');
  await page.keyboard.press('Enter');
  await page.focus('#category-tree input >> nth=0');
  const before = await page.innerText('#status');
  await then(page, () => page.keyboard.press('Space'));
  assert.notEqual(await page.innerText('#status'), before);
  await page.context().close();
});

test("a held place is listed under 'Confirm or release', before the ranks and not among them", async () => {
  const page = await open();
  await page.evaluate(() => { document.querySelector('#categories').open = true; });
  await then(page, () => page.click('#category-all'));
  const dataset = await about();
  const all = dataset.categories.filter((one) => one.parent === null).map((one) => one.name).join(',');
  const answer = await ask(service.url, 'blocks', { category: all, datetime: `${dataset.first_date}/${dataset.last_date}` });
  assert.ok(answer.held_places.length > 0, 'the demo holds a place');
  assert.equal(await page.innerText('#held h2'), 'Confirm or release');
  assert.ok(await page.isVisible('#held'));
  assert.deepEqual(await page.$$eval('#held-list .name', (names) => names.map((one) => one.textContent)), answer.held_places.map((one) => one.name));
  for (const place of answer.held_places) {
    assert.match(await page.innerText(`#held-list li[data-id="${place.id}"]`), new RegExp(`${place.held.toLocaleString('en-US')} of`));
  }
  assert.ok(await page.evaluate(() => Boolean(document.querySelector('#held').compareDocumentPosition(document.querySelector('#list')) & Node.DOCUMENT_POSITION_FOLLOWING)));
  const list = await rows(page);
  assert.deepEqual(list, ranked(answer));
  for (const place of answer.held_places) {
    assert.ok(!list.some((row) => row.id === place.id || row.name === place.name), `${place.name} is not ranked`);
  }
  await page.context().close();
});

test('the notice of the data stands at the top', async () => {
  const { notice } = await about();
  assert.ok(notice, 'the demo has a notice');
  const page = await open();
  assert.ok(await page.isVisible('#notice'));
  assert.ok((await page.innerText('#notice')).includes(notice));
  const { y } = await page.locator('#notice').boundingBox();
  assert.ok(y < 120);
  await page.context().close();
});

test('a phone 390 pixels wide needs no sideways scrolling', async () => {
  const page = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const wide = () => page.evaluate(() => [document.documentElement.scrollWidth, document.body.scrollWidth, window.innerWidth]);
  assert.deepEqual(await wide(), [390, 390, 390]);
  await then(page, () => page.click('#rows tr:nth-child(1) .name'));
  await page.evaluate(() => { for (const part of document.querySelectorAll('#categories, #categories details')) part.open = true; });
  assert.deepEqual(await wide(), [390, 390, 390]);
  assert.ok(await page.isVisible('#legend'));
  await page.context().close();
});

test('the address keeps the state: reloading and going back restore it', async () => {
  const page = await open();
  const question = { period: await twoWeeks(), category: await busyLeaf() };
  const untouched = await page.innerText('#status');
  await choose(page, question);
  await then(page, () => page.check('#layers input[value="incidents"]'));
  await then(page, () => page.click('#rows tr:nth-child(2) .name'));
  const look = () => page.evaluate(() => ({
    hash: location.hash,
    from: document.querySelector('#from').value,
    to: document.querySelector('#to').value,
    boxes: [...document.querySelectorAll('#category-tree input:checked')].map((one) => one.value),
    layers: [...document.querySelectorAll('#layers input:checked')].map((one) => one.value),
    selected: document.querySelector('#rows tr.selected')?.dataset.id,
    detail: document.querySelector('#detail-name').textContent,
    rows: [...document.querySelectorAll('#rows tr')].map((row) => row.textContent),
  }));
  const before = await look();
  assert.deepEqual(before.boxes, [question.category]);
  assert.deepEqual(before.layers, ['blocks', 'incidents']);
  assert.ok(before.selected);
  await page.reload();
  await ready(page);
  assert.deepEqual(await look(), before);

  // Back over: the box checked, none, the last date.
  for (let steps = 0; steps < 3; steps += 1) {
    await then(page, () => page.evaluate(() => new Promise((done) => {
      window.addEventListener('popstate', done, { once: true });
      history.back();
    })));
  }
  assert.equal(await page.innerText('#status'), untouched);
  await page.context().close();
});

test('each layer that can be switched on draws something, with its legend', async () => {
  const page = await open();
  await page.evaluate(() => { document.querySelector('#categories').open = true; });
  await then(page, () => page.click('#category-all'));
  const picture = async () => (await page.screenshot({ clip: await page.locator('#map').boundingBox() })).toString('base64');
  for (const layer of ['density', 'hotspots', 'clusters', 'incidents']) {
    const before = await picture();
    assert.equal(await page.locator(`#legend .key.${layer}`).count(), 0);
    await then(page, () => page.check(`#layers input[value="${layer}"]`));
    assert.ok(await page.isVisible(`#legend .key.${layer}`));
    const drawn = await page.evaluate((one) => window.hotblocks.map.queryRenderedFeatures({ layers: [one] }).length, layer);
    assert.ok(drawn > 0, `${layer} is drawn`);
    await page.uncheck('#layers input[value="blocks"]');
    await ready(page);
    assert.equal(await page.evaluate(() => window.hotblocks.map.queryRenderedFeatures({ layers: ['blocks-line', 'blocks-node'] }).length), 0);
    await then(page, () => page.check('#layers input[value="blocks"]'));
    assert.notEqual(await picture(), before, `${layer} changes the picture`);
    await then(page, () => page.uncheck(`#layers input[value="${layer}"]`));
  }
  await page.context().close();
});

test('hot spots are drawn under the blocks in the colors of their legend, and those as chance would have it are not', async () => {
  const page = await open({}, '#layers=hotspots');
  // Of a month's crimes against persons and property no block stands out more than chance would have it; of everything some do.
  const few = await ask(service.url, 'hotspots', query(await usual()));
  assert.ok(few.features.every((one) => one.properties.bin <= 0));
  const hint = '#legend .key.hotspots .hint';
  assert.equal(await page.textContent(hint), few.provenance.warnings.at(-1));
  assert.match(await page.textContent(hint), /choose more categories, a longer period/);
  await page.evaluate(() => { document.querySelector('#categories').open = true; });
  await then(page, () => page.click('#category-all'));
  assert.equal(await page.locator(hint).count(), 0, 'what stands out needs no hint');
  const answer = await ask(service.url, 'hotspots', query({ ...await usual(), category: 'all' }));
  const out = answer.features.filter((one) => one.properties.bin !== 0);
  assert.ok(out.length > 0 && out.length < answer.features.length, `${out.length} of ${answer.features.length} stand out`);
  const shown = await page.evaluate(() => window.hotblocks.map.queryRenderedFeatures({ layers: ['hotspots', 'hotspots-node', 'hotspots-area'] })
    .map((one) => [String(one.id), one.properties.bin]));
  const bins = new Map(out.map((one) => [one.id, one.properties.bin]));
  assert.ok(shown.length > 0);
  for (const [id, bin] of shown) assert.equal(bins.get(id), bin, id);

  // The hottest stretch of street: its place has the color of its bin.
  const first = out.find((one) => one.properties.bin > 0 && one.geometry.type !== 'Point');
  await page.evaluate(async (center) => {
    const { map } = window.hotblocks;
    const idle = map.once('idle');
    map.jumpTo({ center, zoom: 17 });
    await idle;
  }, placeOn(first.geometry));
  const its = answer.legend.classes.find((one) => one.from === first.properties.bin);
  // Seen through its own thin line of the city, beside which it is a little paler than in the legend.
  const { left, top } = await pixelOf(page, placeOn(first.geometry));
  const paper = [246, 247, 248];
  const expected = rgb(its.color).map((part, index) => part * 0.85 + paper[index] * 0.15);
  const near = [[8, 0], [-8, 0], [0, 8], [0, -8]];
  const seen = await Promise.all(near.map(([dx, dy]) => colorAt(page, { left: left + dx, top: top + dy })));
  const fits = seen.some((color) => color.every((part, index) => Math.abs(part - expected[index]) <= 6));
  assert.ok(fits, `none of ${seen.join(' ')} is ${expected}`);
  const words = await page.$$eval('#legend .key.hotspots li', (all) => all.map((one) => one.textContent));
  assert.deepEqual(words, [answer.legend.none.label, ...answer.legend.classes.map((one) => one.label)]);
  await page.context().close();
});

test('a late answer never replaces a newer one', async () => {
  const { first_date: first, last_date: last } = await about();
  const [, middle] = await twoWeeks();
  const page = await openTroubled((one) => one.route('**/collections/blocks/items?*', async (route) => {
    if (new URL(route.request().url()).searchParams.get('datetime') === `${first}/${middle}`) {
      await new Promise((done) => { setTimeout(done, 1500); });
    }
    await route.continue().catch(() => {});
  }));
  await page.fill('#to', middle);
  await page.waitForTimeout(100);
  await page.fill('#to', last);
  await page.fill('#from', middle);
  await ready(page);
  const expected = ranked(await ask(service.url, 'blocks', query({ ...(await usual()), period: [middle, last] })));
  assert.deepEqual(await rows(page), expected);
  await page.waitForTimeout(2000);
  assert.deepEqual(await rows(page), expected);
  assert.deepEqual(await mapped(page), counts(expected));
  await page.context().close();
});

test('what the service refuses is said on the page, and a layer it cannot make is switched off', async () => {
  const refuse = (status, title, detail) => (route) => route.fulfill({ status, contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title, status, detail }) });
  const page = await openTroubled((one) => one.route('**/collections/density/items?*', refuse(400, 'A parameter is missing', 'bandwidth is not given.')));
  await page.click('#layers input[value="density"]');
  await ready(page);
  assert.match(await page.innerText('#layer-problem'), /Density cannot be shown.*bandwidth is not given/s);
  assert.ok(await page.isDisabled('#layers input[value="density"]'));
  assert.ok(!(await page.isChecked('#layers input[value="density"]')));

  await page.route('**/collections/blocks/items?*', refuse(503, 'Not ready', 'The data are being read.'));
  const [, middle] = await twoWeeks();
  await then(page, () => page.fill('#to', middle));
  assert.match(await page.innerText('#problem'), /Not ready: The data are being read\./);
  assert.equal(await page.locator('#rows tr').count(), 0, 'no list of another period under it');
  await page.unroute('**/collections/blocks/items?*');
  await then(page, () => page.click('#presets button >> nth=0'));
  assert.ok(await page.isHidden('#problem'));
  assert.ok(await page.locator('#rows tr').count() > 0);
  await page.context().close();
});

test('without WebGL the list works and the page says why there is no map', async () => {
  const page = await openTroubled((one) => one.addInitScript(() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function getContext(kind, ...rest) {
      return /webgl/.test(kind) ? null : real.call(this, kind, ...rest);
    };
  }));
  assert.match(await page.innerText('#no-map'), /WebGL/);
  assert.deepEqual(await rows(page), ranked(await ask(service.url, 'blocks', query(await usual()))));
  await then(page, () => page.click('#rows tr:nth-child(2) .name'));
  assert.ok(await page.isVisible('#detail'));
  await page.context().close();
});

test('no console error or warning, no page error, no violation of the policy, no request to another host', async () => {
  const page = await open({}, '#layers=blocks,density,hotspots,clusters,incidents');
  const policy = (await (await fetch(service.url)).headers.get('content-security-policy')) ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /style-src 'self'(;|$)/);
  const box = await page.locator('#map').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 5 });
  await then(page, () => page.click('#rows tr:nth-child(1) .name'));
  await then(page, () => page.click('#whole'));
  await page.context().close();
  const foreign = asked.filter((url) => !url.startsWith(`${service.url}/`) && !/^(data|blob):/.test(url));
  assert.ok(asked.length > 10);
  assert.deepEqual(foreign, []);
  assert.deepEqual(complaints, []);
});
