/**
 * The pages of docs/clients.md in headless Chromium (conventions, A-C10, A-C11), as they stand, from a site of their own on this machine.
 * What they fetch from a network of deliveries comes from npm, in the same versions.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBoth } from './service.mjs';

const ADDRESS = 'http://127.0.0.1:8080';
const DELIVERIES = /^https:\/\/cdn\.jsdelivr\.net\/npm\/([\w-]+)@([\d.]+)\/(.*)$/;

let service;
let browser;
let site;

before(async () => {
  [service, browser] = await startBoth();
  site = createServer((_, answer) => { answer.setHeader('content-type', 'text/html'); answer.end(site.page); });
  await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
});
after(async () => {
  await browser?.stop();
  await service?.stop();
  site?.close();
});

const pages = [...(await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8'))
  .matchAll(/^## (.*?)\n(?:(?!^## ).*\n)*?```html\n([\s\S]*?)^```$/gm)]
  .map(([, title, text]) => ({ title, text }));

test('the page has recipes for three map libraries', () => {
  assert.deepEqual(pages.map((page) => page.title), ['MapLibre GL JS', 'OpenLayers', 'Leaflet']);
});

for (const { title, text } of pages) {
  test(`${title} draws the layer from the address alone`, async () => {
    site.page = text.replaceAll(ADDRESS, service.url);
    assert.notEqual(site.page, text, 'the address of the service is in it');
    const context = await browser.context();
    const page = await context.newPage();
    const complaints = [];
    const foreign = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(error.stack));
    await page.route('**', async (route) => {
      const address = route.request().url();
      const [, name, version, file] = DELIVERIES.exec(address) ?? [];
      if (name) {
        const packed = JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'));
        assert.equal(version, packed.version, `${name} of the page and of the lock file`);
        return route.fulfill({ path: fileURLToPath(new URL(`node_modules/${name}/${file}`, import.meta.url)) });
      }
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(address)) foreign.push(address);
      if (address.endsWith('/favicon.ico')) return route.fulfill({ status: 204 });
      return route.continue();
    });
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    const drawn = await page.waitForFunction(() => window.drawn, null, { timeout: 60_000 }).catch((cause) => {
      throw new Error(`${title} drew nothing: ${complaints.join('\n')}`, { cause });
    });
    assert.ok(await drawn.jsonValue() > 50, `${await drawn.jsonValue()} features`);
    assert.deepEqual(complaints, []);
    assert.deepEqual(foreign, []);
    await context.close();
  });
}
